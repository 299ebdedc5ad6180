"""What a cell shows, as it goes to the page: a picture, a chart, or nothing to look at.

It is looked at with every output of every cell, so it imports next to nothing and
decodes nothing before a turn asks.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from nbagent.conversation.pictures import Shown

_SVG: Final = "image/svg+xml"
_HTML: Final = "text/html"
_WIDGET: Final = "application/vnd.jupyter.widget-view+json"

_CHARTS: Final = (
    ("application/vnd.plotly", "a plotly chart"),
    ("application/vnd.vega", "a Vega or Altair chart"),
    ("application/vnd.bokehjs_exec", "a Bokeh plot"),
    ("application/vnd.holoviews_exec", "a HoloViews plot"),
    ("video/", "a video"),
    ("application/pdf", "PDF"),
    (_SVG, "SVG"),
)
_TELLING: Final = (
    "application/vnd.plotly",
    "application/vnd.vega",
)  # all that it shows
# A table in HTML is none, though some front ends give it icons and scripts.
_SEEN_IN_HTML: Final = re.compile(
    r"<(?:img|video|iframe|canvas)\b|plotly-graph-div|vega-embed|data-root-id", re.I
)
_CHART_WIDGET: Final = re.compile(r"(\w*(?:Figure|Chart|Plot|Map|Canvas)\w*)\(")
_OWN_PAGE: Final = "nba-static"
_OWN_TEXT: Final = re.compile(r"Clip \w+ \(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Something to look at that a cell showed.

    Attributes:
        data: A picture's file, perhaps in base 64; empty if it is none.
        text: What stands for it where only text is shown.
        what: What else it is, with its article.
        figure: The figure of matplotlib that it is, if it is one, or the JSON of a chart.
        cell: The number of the cell that showed it.
    """

    data: str | bytes = field(default=b"", repr=False)
    text: str = ""
    what: str = ""
    figure: Any = field(default=None, repr=False, compare=False)
    cell: int = 0

    def shown(self) -> Shown:
        """Return it as a turn takes it."""
        from nbagent.conversation.pictures import Shown

        is_figure = self.text.startswith("<Figure") or self.figure is not None
        if self.what:
            return Shown(
                is_figure=is_figure or not self.data,
                refusal=self._refusal(),
                figure=self.figure,
            )
        data = self.data
        if isinstance(data, str):
            try:
                data = base64.b64decode(data)
            except binascii.Error:
                data = b"damaged"  # which is said when it is read
        return Shown(data=data, is_figure=is_figure, figure=self.figure)

    def _refusal(self) -> str:
        if self.text.startswith("<Figure"):
            return (
                f"this plot was shown as {self.what}, which has no pixels: show it again"
                " after %config InlineBackend.figure_formats = ['png'], or name it, like"
                " 'animate @fig'"
            )
        return (
            f"this plot was shown as {self.what}, which only the page draws: name it, or"
            " a picture of it, like 'animate @fig'"
        )


def seen(data: Mapping[str, Any]) -> Sent | None:
    """Return what there is to look at in an output; None if that is nothing.

    A clip of ours is nothing, and leaves "this plot" to be what it was.

    Args:
        data: By kind, as it is sent to the page.
    """
    text, html = str(data.get("text/plain", "")), str(data.get(_HTML, ""))
    if _OWN_PAGE in html or (html and _OWN_TEXT.match(text)):
        return None
    for kind in ("image/png", "image/jpeg", *data):
        if kind.startswith("image/") and kind != _SVG and data.get(kind):
            return Sent(data=data[kind], text=text)
    for start, what in _CHARTS:
        if kind := next((one for one in data if one.startswith(start)), ""):
            told = data[kind] if start in _TELLING else None
            return Sent(text=text, what=what, figure=told or None)
    if _SEEN_IN_HTML.search(html):
        return Sent(text=text, what="HTML")
    if _WIDGET in data and (found := _CHART_WIDGET.match(text)):
        return Sent(text=text, what=f"a widget ({found[1]})")
    return None
