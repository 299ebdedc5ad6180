"""Charts that a browser draws, of Altair and Plotly, by what they say of themselves.

Neither package is imported: a chart is an object of the user's, or the JSON that a cell
sent to the page.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from nbagent.conversation.kinds import BROWSER_CHARTS, look_up
from nbagent.errors import SpecError


def is_chart(value: object) -> bool:
    """Return whether a value is a chart that is read here."""
    return look_up(value, BROWSER_CHARTS) is not None


def vega_of(called: str, value: object) -> Mapping[str, Any] | None:
    """Return a chart of Altair as its JSON, with its data; None if it is none.

    Args:
        called: What an error calls it.
        value: A chart, or what a cell showed of one.

    Raises:
        SpecError: If Altair cannot say it.
    """
    if isinstance(value, Mapping):
        return value if "vega" in str(value.get("$schema", "")) else None
    if look_up(value, BROWSER_CHARTS) != "altair":
        return None
    chart: Any = getattr(value, "chart", value)  # of a widget
    try:
        # Rows are to be in it, however many, and not in a file beside the notebook.
        with sys.modules["altair"].data_transformers.enable("default", max_rows=None):
            spec: Mapping[str, Any] = chart.to_dict()
    except Exception as error:  # the border: the chart's own package says it
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise SpecError(
            f"{called} is not a complete chart ({line:.120}): show it by itself first"
        ) from error
    return spec


def plotly_of(value: object) -> Mapping[str, Any] | None:
    """Return a figure of Plotly as its JSON; None if it is none."""
    if isinstance(value, Mapping):
        return value if _TRACES in value and "$schema" not in value else None
    if look_up(value, BROWSER_CHARTS) != "plotly":
        return None
    figure: Any = value
    told: Mapping[str, Any] = figure.to_plotly_json()
    return told


_TRACES: Final = "data"
