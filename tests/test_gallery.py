"""The gallery of docs/charts.md: what it says under a move is what makes that move."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import pandas as pd
import pytest
from matplotlib.figure import Figure

from nbagent.charts.columns import settled
from nbagent.charts.gallery import GALLERY, TABLES, Move
from nbagent.charts.intake import table_of
from nbagent.conversation.pictures import Shown
from nbagent.conversation.session import Session
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View
from tests.test_charted_clips import Talk, chart_of, session

__all__ = ("session",)  # a fixture

DOCS: Final = Path(__file__).parent.parent / "docs"


POWER: Final = pd.DataFrame(
    [
        {"year": year, "source": name, "TWh": 10 * i + year - 2000}
        for i, name in enumerate(("Coal", "Nuclear", "Gas", "Wind", "Sun"))
        for year in range(2010, 2025)
    ]
)
SALES: Final = pd.DataFrame(
    {"month": ["Jan", "Feb", "Mar", "Apr", "May", "Jun"], "sold": [3, 5, 4, 8, 9, 12]}
)


def _plot() -> Shown:
    """Return a plot as a cell has shown it."""
    figure, out = Figure(), io.BytesIO()
    figure.subplots().bar(SALES["month"], SALES["sold"])
    figure.savefig(out)
    return Shown(data=out.getvalue(), is_figure=True, figure=figure)


_LINES: Final = (
    "TWh by year by source, lines draw themselves, then highlight Wind, Coal"
)
_GROWN: Final = "this plot, its parts move"
EXAMPLES: Final = (
    (
        {"power": POWER},
        {
            "race the sources of @power by TWh in eight seconds, hold the last frame for"
            ' two seconds, title "Wind overtakes coal"': (
                "TWh by source, bars race through year"
            ),
            "draw the lines of TWh by source in three seconds, then highlight Wind and"
            " Coal": _LINES,
            "zoom to 2018 and later, hold the last frame for five seconds, caption"
            ' "Terawatt hours a year. Source: made up in this notebook"': (
                f"{_LINES}, then zoom to 2018 to 2024"
            ),
        },
    ),
    (
        {"sales": SALES},
        {
            "animate @sales: sold by month": "sold by month, bars grow",
            "from bars to a line": "sold by month, bars grow, then lines",
        },
    ),
    (
        {"_shown": _plot(), "sales": SALES},
        {
            "animate this plot so that the bars grow one after the other": _GROWN,
            "highlight Jun": f"{_GROWN}, then highlight Jun",
        },
    ),
)
"""What the notebooks say of their data, in their order, and what comes of it."""


def _chart(one: Move) -> Chart:
    chart = Chart(data="", view=one.view, **one.fields)
    return settled(chart, table_of(TABLES[one.data]))


@pytest.mark.parametrize("one", GALLERY, ids=lambda one: one.name)
def test_a_request_makes_its_move(one: Move, session: Session) -> None:
    talk = Talk(session)
    talk.values = {one.data: pd.DataFrame(TABLES[one.data])}
    wanted = _chart(one)
    if not wanted.steps:
        made = settled(chart_of(talk.clip(one.request)), table_of(TABLES[one.data]))
        assert made.view == wanted.view
        assert (made.entrance, made.turns) == (wanted.entrance, wanted.turns)
        return
    usual, names = View(), ("mark", "x", "y", "group", "stacking")
    said = {name: getattr(one.view, name) for name in names}
    own = {name: v for name, v in said.items() if v != getattr(usual, name)}
    first = talk.animate(one.data, **own)
    if one.request.startswith("clip."):
        changed = talk.change(first, {"act": "chart", "error": ["off"], "then": True})
    else:
        changed = talk.clip(one.request)
    assert [step.change for step in chart_of(changed).steps] == [wanted.steps[0].change]


@pytest.mark.parametrize(("values", "turns"), EXAMPLES)
def test_a_turn_of_a_notebook_makes_its_chart(
    values: dict[str, object], turns: dict[str, str], session: Session
) -> None:
    talk = Talk(session)
    talk.values = values
    assert {turn: talk.clip(turn).prompt for turn in turns} == turns


def test_the_gallery_is_told_in_the_documents() -> None:
    page = (DOCS / "charts.md").read_text(encoding="utf-8")
    missing = [one.request for one in GALLERY if f"`{one.request}`" not in page]
    assert not missing
