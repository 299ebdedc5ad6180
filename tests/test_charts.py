"""Charts as values, their tables, what they refuse, and the worker that draws them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from nbagent import media
from nbagent.acts.text import Text
from nbagent.charts.chart_renderer import ChartRenderer
from nbagent.charts.drawing import Drawing
from nbagent.charts.intake import table_of
from nbagent.charts.story import Story
from nbagent.charts.summary import kept
from nbagent.charts.table import Column, Table
from nbagent.errors import Cancelled, JobFailed, SpecError
from nbagent.ledger import Ledger
from nbagent.take import Job, Progress, Take
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import Filter, Remark, View

CITIES = {"city": ["Berlin", "Hamburg", "Köln"], "sales": [12, 9, 6]}
LONG = {
    "country": ["France", "France", "Peru", "Peru"],
    "year": [2020, 2021, 2020, 2021],
    "people": [65.3, 65.4, 32.8, 33.0],
}


def chart(view: View = View(), **fields: Any) -> Chart:  # noqa: B008  immutable
    return Chart(**{"data": "", "view": view, "width": 320, "height": 180, **fields})


def full() -> Chart:
    """Return a chart that says something of everything."""
    return chart(
        View(
            x="city",
            keep=(Filter(column="city", values=("Köln", 3.5)),),
            remarks=(Remark(text="the best", x="Köln", y=2.0),),
            x_range=("Berlin", "Köln"),
            threshold=3.0,
            is_horizontal=False,
        ),
        data="b2:00.csv",
        steps=(
            Step(change={"highlight": ("Köln",)}, ease="out"),
            Step(change={"keep": (Filter(column="n", test="over", values=(1.0,)),)}),
        ),
        palette=("#123456", "#ff8800"),
        theme="dark",
        decimals=0,
    )


def take(own: Chart, *, is_draft: bool = False, **fields: Any) -> Take:
    measures = own.measures(is_draft=is_draft)._asdict()
    return Take(
        operation="chart",
        model="",
        model_revision="",
        prompt="",
        shot={},
        seed=0,
        num_inference_steps=0,
        guidance_scale=0.0,
        chart=own,
        **measures,
        **fields,
    )


def test_a_chart_is_the_same_after_json() -> None:
    own = full()
    text = json.dumps(own.to_json())
    assert Chart.from_json(json.loads(text)) == own
    assert json.dumps(Chart.from_json(json.loads(text)).to_json()) == text
    assert chart(data="b2:00.csv", width=1280, height=720).to_json() == {
        "data": "b2:00.csv"
    }


def test_a_take_has_its_chart_in_its_recipe() -> None:
    own = take(full())
    again = Take.from_recipe(json.loads(json.dumps(own.to_recipe())))
    assert again == own
    assert again.id == own.id
    assert own.is_drawn
    assert take(replace(full(), title="other")).id != own.id
    plain = replace(own, operation="open", chart=None)
    assert "chart" not in plain.to_recipe()
    with pytest.raises(SpecError, match="a chart shows data: name a table"):
        replace(own, chart=None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"seconds": 0}, "seconds 0 is out of range: use 0.1 to 120"),
        (
            {"move": "race", "view": {"mark": "line"}},
            "a line's move cannot be 'race': use",
        ),
        (
            {"width": 641},
            "641x720 has an odd side, which no film can hold: use 642x720",
        ),
        ({"palette": ["red"]}, "'red' is not a palette colour: use one like #102030"),
        ({"view": {"y_range": [3, 1]}}, "y_range (3, 1) is empty"),
        ({"view": {"mark": "pie", "log": True}}, "a pie has no logarithmic axis"),
        ({"steps": [{"change": {"colours": 1}}]}, "a step cannot change 'colours'"),
        ({"steps": [{"change": {"top": "ten"}}]}, "a step is wrong: top is 'ten'"),
        ({"steps": [{"change": {}}]}, "the step changes nothing"),
        ({"title": "x" * 301}, "title has 301 characters: use 300 or fewer"),
        ({"view": {"keep": [{"column": "a", "values": []}]}}, "a filter of a has no"),
    ],
)
def test_what_no_table_could_show_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError) as caught:
        Chart.from_json({"data": "b2:00.csv", **fields})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def same(one: Column, other: Column) -> bool:
    """Whether two columns are the same to the last bit."""
    if (one.name, one.kind, one.zone, one.order) != (
        *(other.name, other.kind, other.zone, other.order),
    ):
        return False
    if one.kind == "text":
        return list(one.values) == list(other.values)
    return (
        one.values.dtype == other.values.dtype
        and one.values.tobytes() == other.values.tobytes()
    )


FRAME = pd.DataFrame(
    {
        "whole": [1, 2, 3],
        "part": [0.1 + 0.2, np.nan, 1e-300],
        "level": pd.Categorical(["lo", "hi", None], ["lo", "mid", "hi"], ordered=True),
        "hour": pd.date_range("2024-10-27", periods=3, freq="h", tz="Europe/Berlin"),
        "words": ['say "a, b"', None, ""],
        "few": pd.array([1, None, 3], dtype="Int64"),
        "flag": [True, False, True],
    }
)


@pytest.mark.parametrize(
    "value",
    [
        FRAME,
        pl.from_pandas(FRAME),
        pa.Table.from_pandas(FRAME),
        FRAME.set_index("hour")["part"],
        FRAME.groupby(["flag", "whole"])[["part"]].agg(["sum", "mean"]),
        {"when": ["2020-01", "2020-02"], "n": [1, 2]},
        [{"a": 1}, {"a": 2, "b": "x\\y\n"}],
        {"a": 1, "b": 2},
        np.arange(6).reshape(3, 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_table_is_the_same_after_the_store(value: Any) -> None:
    table = table_of(value)
    again = Table.from_bytes(table.to_bytes())
    assert again.names == table.names
    assert all(same(*pair) for pair in zip(again.columns, table.columns, strict=True))
    assert again.to_bytes() == table.to_bytes()


def test_columns_are_what_they_hold() -> None:
    kinds = {one.name: one.kind for one in table_of(FRAME).columns}
    assert kinds == {
        "whole": "number",
        "part": "number",
        "level": "text",
        "hour": "time",
        "words": "text",
        "few": "number",
        "flag": "text",
    }
    table = table_of(FRAME)
    assert table["level"].order == ("lo", "mid", "hi")
    assert table["hour"].zone == "Europe/Berlin"
    assert str(table["hour"].values[0]) == "2024-10-26T22:00:00.000000"
    nested = table_of(FRAME.groupby("flag")[["part"]].agg(["sum", "mean"]))
    assert nested.names == ("flag", "part / sum", "part / mean")
    assert table_of({"month": ["2020-01", "2020-02"]})["month"].kind == "time"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (pd.DataFrame(), "df has no columns: name a table that has some"),
        ({"x": []}, "df has no rows: name a table that has some"),
        ("words", "df is a str, not a table: use a DataFrame"),
        ({"x": [1], "y": [1, 2]}, "the columns of df differ in length"),
        ({"x": [1j]}, "column 'x' is complex"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are called 'a'"),
    ],
)
def test_what_is_no_table_is_refused(value: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        table_of(value, "df")


def test_a_table_of_a_strangers_store_is_read_with_care() -> None:
    data = table_of(CITIES).to_bytes()
    for damaged in (
        b"",
        b"\xff\xfe",
        data + b"x,1,2\n",
        data.replace(b"text", b"code"),
    ):
        with pytest.raises(SpecError, match="the chart's table is damaged"):
            Table.from_bytes(damaged)


REFUSED: list[tuple[Chart, Any, str]] = [
    (chart(View(x="town")), CITIES, "there is no column 'town': it has city, sales"),
    (chart(View(x="City")), CITIES, "there is no column 'City': did you mean city"),
    (chart(View(x="sales", y="city")), CITIES, "y is 'city', which holds words like"),
    (chart(), {"a": ["x"]}, "no column has numbers to show"),
    (chart(), {"a": ["x"], "n": [np.nan]}, "no column has numbers to show"),
    (chart(View(y="n")), {"a": ["x"], "n": [np.nan]}, "'n' has no numbers, as all 1 are"),
    (chart(), {"a": [f"{i}" for i in range(500)], "n": range(500)}, "has 500 different"),
    (chart(View(mark="line")), {"year": [2020], "n": [3.5]}, "a line needs at least two values"),
    (chart(move="race"), CITIES, "no column holds times to move through"),
    (chart(View(highlight=("Koln",))), CITIES, (
        "nothing in the chart is called 'Koln': did you mean Köln"
    )),
    (chart(View(keep=(Filter(column="city", values=("Ulm",)),))), CITIES, "'city' has no"
     " 'Ulm': it has Berlin, Hamburg, Köln"),
    (chart(View(keep=(Filter(column="sales", test="over", values=(99,)),))), CITIES,
     "no row has sales over 99"),
    (chart(View(log=True)), {"a": ["x", "y"], "n": [0, 5]}, "values of 0 or less"),
    (chart(View(mark="pie")), {"a": ["x", "y"], "n": [-1, 5]}, "values below 0"),
    (chart(View(x_range=("Berlin", "Ulm"))), CITIES, "'city' has no 'Ulm': it has Berlin"),
]  # fmt: skip


@pytest.mark.parametrize(("own", "data", "says"), REFUSED, ids=lambda v: str(v)[:30])
def test_what_this_table_cannot_show_is_refused(
    own: Chart, data: Any, says: str
) -> None:
    with pytest.raises(SpecError) as caught:
        Story(own, table_of(data)).at(own.moving_s)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_columns_are_found() -> None:
    frame = {**LONG, "when": pd.date_range("2020-01-01", periods=4)}

    def found(mark: str, move: str = "") -> View:
        own = chart(View(mark=mark), move=move)  # type: ignore[arg-type]
        return Story(own, table_of(frame)).chart.view

    bar, line, race = found("bar"), found("line"), found("bar", "race")
    assert (bar.x, bar.y) == ("country", "people")
    assert (line.x, line.y) == ("when", "people")
    assert (race.x, race.y, race.time) == ("country", "people", "when")
    lone = Story(chart(move="race"), table_of(LONG)).chart.view
    assert lone.time == "year"


def test_several_columns_are_several_series() -> None:
    wide = {"month": pd.date_range("2024-01-01", periods=3, freq="MS")}
    wide |= {"a": [1, 2, 3], "b": [3, 2, 1]}
    story = Story(chart(View(mark="line", y="a", also=("b",))), table_of(wide))
    assert story.look.series == ("a", "b")
    lines = story.at(9.0).panels[""].lines
    assert [one.label for one in lines] == ["a", "b"]


def test_what_is_put_together_is_said() -> None:
    twice = {"city": ["a", "a", "b", "b"], "n": [1, 2, 3, np.nan]}
    assert Drawing(chart(), table_of(twice)).notes == (
        "each value is the sum of up to 2 rows",
        "left out 1 of 4 rows, which have no value there",
    )
    greek = {"city": ["北京", "Αθήνα"], "n": [1, 2]}
    assert Drawing(chart(), table_of(greek)).notes == (
        "the font lacks 北 京, shown as squares",
    )


@pytest.mark.slow
def test_a_million_rows_are_summed_up_and_show_the_same() -> None:
    rng = np.random.default_rng(0)
    rows = 1_000_000
    table = table_of(
        {"where": rng.choice(["N", "S", "W"], rows), "n": rng.gamma(2, 50, rows)}
    )
    for view in (View(), View(aggregate="count"), View(mark="box", x="where", y="n")):
        own, small, notes = kept(chart(view), table)
        assert len(small) < 4000
        assert "1,000,000 rows" in notes[0]
        ends = [
            {s.key: s.verts for s in Story(c, t).at(9.0).panels[""].shapes}
            for c, t in ((own, small), (chart(view), table))
        ]
        assert ends[0].keys() == ends[1].keys()
        for key, verts in ends[0].items():
            np.testing.assert_allclose(verts, ends[1][key], atol=1e-9)


class Worker:
    """A store with a table, and the renderer beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with Ledger(folder) as ledger:
            self.data = ledger.put_file(table_of(CITIES).to_bytes(), ".csv")

    def run(self, own: Take, **hooks: Any) -> dict[str, Any]:
        """Draw a take, as a worker does."""
        with Ledger(self.folder) as ledger:
            ledger.add_take(own)
            job = ledger.jobs.add(own.id, None, "interactive")
        told = {"report": lambda _: None, "cancelled": lambda: False, **hooks}
        return ChartRenderer().run(
            Job(id=job, take=own, store=str(self.folder)), **told
        )


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path / "store")


def test_a_worker_draws_a_chart_into_the_store(worker: Worker) -> None:
    own = take(chart(data=worker.data, seconds=0.5, end_hold_s=0.1, title="Sales"))
    said: list[Progress] = []
    facts = worker.run(own, report=said.append)
    assert [p.step for p in said if p.phase == "draw"] == list(range(18))
    with Ledger(worker.folder) as ledger:
        path = ledger.path(facts["video"])
        frames, fps = media.read_video(path)
        recipe = media.read_recipe(path)
    assert (frames.shape, fps) == ((18, 180, 320, 3), 30.0)
    assert recipe is not None
    assert Take.from_recipe(recipe) == own
    exact = Drawing(own.chart or chart(), table_of(CITIES)).frame(0.6)
    off = np.abs(frames[-1].astype(int) - exact)  # of the codec
    assert off.mean() < 1.5


def test_the_same_take_gives_the_same_bytes(worker: Worker, tmp_path: Path) -> None:
    own = take(chart(data=worker.data, seconds=0.3, end_hold_s=0.0))
    elsewhere = Worker(tmp_path / "other")
    assert worker.run(own)["video"] == elsewhere.run(own)["video"]


def test_a_draft_has_half_the_size_and_rate(worker: Worker) -> None:
    own = chart(data=worker.data, seconds=0.4, end_hold_s=0.0, width=640, height=360)
    facts = worker.run(take(own, is_draft=True, quality="draft"))
    shape = facts["num_frames"], facts["height"], facts["width"], facts["fps"]
    assert shape == (6, 180, 320, 15.0)


def test_a_chart_can_be_seen_while_it_is_drawn(worker: Worker) -> None:
    own = take(chart(data=worker.data))
    job = Job(id="j1", take=own, store=str(worker.folder))
    seen = ChartRenderer().preview(job)
    assert seen is not None
    assert seen[8:12] == b"WEBP"


def test_a_chart_that_is_stopped_is_not_kept(worker: Worker) -> None:
    own = take(chart(data=worker.data))
    with pytest.raises(Cancelled, match="stopped after frame 0 of 120"):
        worker.run(own, cancelled=lambda: True)
    with Ledger(worker.folder) as ledger:
        assert ledger.artifact(own.id) is None


def test_a_chart_that_is_stopped_on_its_way_begins_anew(worker: Worker) -> None:
    own = take(chart(data=worker.data, seconds=0.4, end_hold_s=0.1))
    drawn: list[Progress] = []

    def is_stopped() -> bool:
        return any(p.phase == "draw" and p.step >= 5 for p in drawn)

    with pytest.raises(
        Cancelled, match="stopped after frame 6 of 15: it starts afresh"
    ):
        worker.run(own, report=drawn.append, cancelled=is_stopped)
    assert worker.run(own)["num_frames"] == 15


def test_a_recipe_is_enough_where_its_table_is(worker: Worker, tmp_path: Path) -> None:
    own = take(chart(data=worker.data, seconds=0.3, end_hold_s=0.0))
    recipe = json.loads(json.dumps(own.to_recipe()))
    first = worker.run(own)
    elsewhere = Worker(tmp_path / "other")  # which has never seen the clip
    assert elsewhere.run(Take.from_recipe(recipe))["video"] == first["video"]


def test_texts_lie_over_a_chart_and_not_in_it(worker: Worker) -> None:
    own = take(chart(data=worker.data, seconds=0.2, end_hold_s=0.2))
    title = Text(kind="title", text="Sales tripled")
    lettered = replace(own, shot={"texts": [title.to_json()]})
    facts = worker.run(lettered)
    with Ledger(worker.folder) as ledger:
        below = ledger.bare(lettered.id)
        assert below is not None
        shown, _ = media.read_video(ledger.path(facts["video"]))
        plain, _ = media.read_video(ledger.path(below.video or ""))
    exact = Drawing(own.chart or chart(), table_of(CITIES)).frame(0.3)
    assert np.abs(plain[-1].astype(int) - exact).mean() < 1.5
    top = slice(0, 60)
    assert np.abs(shown[-1][top].astype(int) - plain[-1][top]).mean() > 5


def test_less_motion_is_the_last_frame_all_along(worker: Worker) -> None:
    own = chart(data=worker.data, seconds=0.3, end_hold_s=0.1, is_still=True)
    drawing = Drawing(own, table_of(CITIES))
    assert (drawing.frame(0.0) == drawing.frame(own.duration_s)).all()


def test_what_cannot_be_drawn_fails_in_one_line(worker: Worker) -> None:
    own = chart(data=worker.data)
    for wrong, says in (
        (
            take(replace(own, data="b2:" + "0" * 32 + ".csv")),
            "does not have the chart's table",
        ),
        (take(replace(own, view=View(x="town"))), "there is no column 'town'"),
        (
            replace(take(own), width=180),
            "a chart of 320x180 cannot be drawn at 180x180",
        ),
    ):
        with pytest.raises(JobFailed, match=says):
            worker.run(wrong)


def test_a_kernel_loads_no_matplotlib_for_charts() -> None:
    code = (
        "import sys; import nbagent.take, nbagent.charts.intake, nbagent.charts.chart_renderer;"
        "assert not {'matplotlib', 'pandas', 'torch'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
