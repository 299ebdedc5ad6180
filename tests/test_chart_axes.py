"""What goes on from view to view: where values begin, and how soon things stand out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbagent.acts.highlight import Highlight
from nbagent.charts.chart_renderer import ChartRenderer
from nbagent.charts.intake import table_of
from nbagent.charts.scene import Axis
from nbagent.charts.story import Story
from nbagent.ledger import Ledger
from nbagent.take import Job, Take
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import Filter, View

ROWS: dict[str, Any] = {
    "year": [2020, 2021, 2022, 2023] * 2,
    "who": ["low"] * 4 + ["high"] * 4,
    "n": [30, 32, 34, 33, 90, 96, 93, 99],
}
HIGH = (Filter(column="who", values=("high",)),)
LINES = View(mark="line", x="year", y="n", group="who")


def chart(view: View, *changes: dict[str, Any], **fields: Any) -> Chart:
    steps = tuple(Step(change=change) for change in changes)
    size = {"width": 320, "height": 180, "seconds": 0.2, "end_hold_s": 0.0}
    return Chart(data="", view=view, steps=steps, **(size | fields))


def axis(own: Chart, time_s: float = 99.0) -> Axis:
    (panel,) = Story(own, table_of(ROWS)).at(time_s).panels.values()
    assert panel.y is not None
    return panel.y


def test_of_their_own_lines_begin_where_suits_them() -> None:
    assert axis(chart(LINES)).low == 0
    assert axis(chart(replace(LINES, keep=HIGH))).low == 90


@pytest.mark.parametrize(
    "change",
    [{"keep": HIGH}, {"x_range": (2021, 2023)}, {"keep": HIGH, "mark": "point"}],
    ids=str,
)
def test_a_step_leaves_0_where_it_is(change: dict[str, Any]) -> None:
    assert axis(chart(LINES, change)).low == 0


def test_what_began_elsewhere_does_not_go_to_0() -> None:
    assert axis(chart(replace(LINES, keep=HIGH), {"keep": ()})).low == 20


def test_bars_begin_at_0_and_so_does_the_line_that_they_become() -> None:
    bars = View(x="year", y="n", keep=HIGH)
    assert axis(chart(bars)).low == 0
    assert axis(chart(bars, {"mark": "line"})).low == 0


def test_ends_that_are_asked_for_are_the_axis() -> None:
    assert axis(chart(LINES, {"keep": HIGH, "y_range": (85, 100)})).low == 85
    assert axis(chart(LINES, {"y": "year", "group": "who"})).low > 2000


def drawn(folder: Path, own: Chart, parent: Take | None = None) -> tuple[Take, str]:
    """Draw a chart as a worker does; also what it says."""
    with Ledger(folder) as ledger:
        data = ledger.put_file(table_of(ROWS).to_bytes(), ".csv")
        own = replace(own, data=data)
        take = Take(
            operation="chart",
            model="",
            model_revision="",
            prompt="",
            shot={},
            seed=0,
            num_inference_steps=1,
            guidance_scale=0.0,
            chart=own,
            parents=(parent.id,) if parent else (),
            **own.measures(is_draft=False)._asdict(),
        )
        ledger.add_take(take)
        job = Job(
            id=ledger.jobs.add(take.id, None, "interactive"),
            take=take,
            store=str(folder),
        )
    hooks: Any = {"report": lambda _: None, "cancelled": lambda: False}
    return take, ChartRenderer().run(job, **hooks)["message"]


def test_an_edit_says_that_values_begin_elsewhere_now(tmp_path: Path) -> None:
    first, said = drawn(tmp_path, chart(LINES))
    assert said == ""
    high, said = drawn(tmp_path, chart(replace(LINES, keep=HIGH)), first)
    assert said == "the axis of n now begins at 90, not at 0"
    _, said = drawn(tmp_path, chart(LINES), high)
    assert said == "the axis of n now begins at 0"
    _, said = drawn(tmp_path, chart(LINES, {"keep": HIGH}), first)
    assert said == ""


def test_what_stands_out_next_does_not_wait_as_long() -> None:
    own = chart(LINES)
    first = Highlight.of_call("low").on(own)
    second = Highlight.of_call("high").on(first)
    third = Highlight.of_call(start=2021, end=2022).on(second)
    steps = [(one.pause_s, one.seconds) for one in third.steps]
    assert steps == [(0.5, 0.5), (0.3, 0.5), (0.3, 0.5)]
    views = third.views
    assert [view.highlight for view in views[1:3]] == [("low",), ("high",)]
    assert third.duration_s - first.duration_s == pytest.approx(1.6)
    slow = Highlight.of_call("high", takes_s=2).on(first)
    assert slow.steps[-1].seconds == 2
    after = Highlight.of_call("low").on(chart(LINES, {"has_trend": True}))
    assert after.steps[-1].pause_s == 0.5
