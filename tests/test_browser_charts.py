"""Charts of Altair and Plotly: they move as they are, in their own colours and numbers."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import pytest
import vl_convert
from jupyter_client.manager import start_new_kernel
from numpy.typing import NDArray
from PIL import Image

from nbagent.charts.drawing import Drawing
from nbagent.charts.figure_drawing import FigureDrawing
from nbagent.charts.flight import EASES
from nbagent.charts.plotly_figures import chart_of as plotly_chart
from nbagent.charts.recording import Recording
from nbagent.charts.svg import colour_of, matrix_of, path_of, points, straight
from nbagent.charts.vega import recording_of
from nbagent.conversation.pictures import Shown, read
from nbagent.errors import MissingExtra, SpecError
from nbagent.take.chart import Chart, Step
from tests.test_charted_clips import Talk, chart_of, session, talk

__all__ = ["session", "talk"]  # fixtures

WIDE = {"width": 320, "height": 200}
BLUE = (76, 120, 168)  # Vega's first colour
TABLE = pd.DataFrame(
    {
        "a": list("ABC") * 2,
        "b": [3, 7, -2, 4, 2, 1],
        "g": ["x"] * 3 + ["y"] * 3,
        "t": pd.to_datetime(["2020-01-01", "2020-02-01", "2020-03-01"] * 2),
    }
)
RNG = np.random.default_rng(0)
CLOUD = pd.DataFrame(
    {
        "x": RNG.normal(size=80),
        "y": RNG.normal(size=80),
        "s": RNG.uniform(size=80),
        "k": RNG.choice(list("pq"), 80),
    }
)


# Altair


def bars() -> Any:
    return (
        alt.Chart(TABLE[:3], title="Sales")
        .mark_bar()
        .encode(x="a", y="b")
        .properties(**WIDE)
    )


def stacked() -> Any:
    return (
        alt.Chart(TABLE).mark_bar().encode(x="a", y="b", color="g").properties(**WIDE)
    )


def lying() -> Any:
    chart = alt.Chart(TABLE).mark_bar(cornerRadius=4)
    return chart.encode(y="a", x="b", color="g", yOffset="g").properties(**WIDE)


def lines() -> Any:
    chart = alt.Chart(TABLE).mark_line(point=True, interpolate="monotone")
    return chart.encode(x="t", y="b", color="g").properties(**WIDE)


def areas() -> Any:
    chart = alt.Chart(TABLE).mark_area(opacity=0.6)
    return chart.encode(x="t", y="b", color="g").properties(**WIDE)


def points_of_two() -> Any:
    return (
        alt.Chart(CLOUD)
        .mark_point()
        .encode(x="x", y="y", color="k", shape="k", size="s")
        .properties(**WIDE)
    )


def labelled() -> Any:
    return bars() + bars().mark_text(dy=-6).encode(text="b")


def facets() -> Any:
    small = alt.Chart(TABLE).mark_bar().encode(x="a", y="b", color="a")
    return small.properties(width=110, height=120).facet("g")


def rings() -> Any:
    own = alt.Chart(TABLE[3:]).mark_arc(innerRadius=40).encode(theta="b", color="a")
    return own.properties(width=320, height=200)


def cells() -> Any:
    own = alt.Chart(CLOUD).mark_rect()
    binned = own.encode(x=alt.X("x", bin=True), y=alt.Y("y", bin=True), color="count()")
    return binned.properties(**WIDE)


def crossed() -> Any:
    base = alt.Chart(CLOUD).encode(x=alt.X("x", bin=True))
    mean = alt.Chart(CLOUD).mark_rule(color="red").encode(x="mean(x)")
    return (base.mark_bar().encode(y="count()") + mean).properties(**WIDE)


def shaded() -> Any:
    stops = [
        alt.GradientStop(color=c, offset=o) for o, c in enumerate(("white", "red"))
    ]
    own = alt.Gradient(gradient="linear", stops=stops, x1=1, x2=1, y1=1, y2=0)
    chart = alt.Chart(TABLE[:3]).mark_area(line=True, color=own)
    return chart.encode(x="t", y="b").properties(background="#222", **WIDE)


def boxes() -> Any:
    return alt.Chart(CLOUD).mark_boxplot().encode(x="k", y="y").properties(**WIDE)


EACH = (
    *(bars, stacked, lying, lines, areas, points_of_two, labelled, facets, rings),
    *(cells, crossed, shaded, boxes),
)


def drawing(recording: Recording, **fields: Any) -> FigureDrawing:
    own = {"width": recording.width, "height": recording.height, "ease": "linear"}
    chart = Chart(data="b2:0.npz", **{**own, **fields})
    return FigureDrawing(chart, recording, chart.height, chart.width)


def plain(chart: Any, recording: Recording) -> tuple[NDArray[np.int64], int]:
    """Return a chart as vl-convert draws it, and where it begins in the frame."""
    spec = chart.to_dict()
    with Image.open(io.BytesIO(vl_convert.vegalite_to_png(spec))) as image:
        wide, high = image.size
    scale = min(1280 / wide, 720 / high)
    png = vl_convert.vegalite_to_png(spec, scale=scale)
    with Image.open(io.BytesIO(png)) as image:
        found = np.asarray(image.convert("RGB")).astype(np.int64)
    return found, (recording.width - 2 * -(-found.shape[1] // 2)) // 4 * 2


@pytest.mark.parametrize("make", EACH, ids=lambda make: make.__name__)
def test_at_rest_a_chart_is_what_vl_convert_draws(make: Callable[[], Any]) -> None:
    """At most one pixel of 200 differs by more than 16 levels, and none by 80."""
    chart = make()
    recording = recording_of(chart.to_dict())
    kept = recording.to_bytes()
    again = Recording.from_bytes(kept)
    assert again.to_bytes() == kept
    frames = drawing(again, seconds=1.0)
    last = frames.frame(99.0)
    theirs, left = plain(chart, recording)
    ours = last[: theirs.shape[0], left : left + theirs.shape[1]].astype(np.int64)
    off = np.abs(ours - theirs[:, : ours.shape[1]]).max(axis=2)
    assert (off > 16).mean() < 1 / 200
    assert off.max() < 80
    assert (frames.frame(0.0) != last).any(), "nothing moved"
    assert (frames.frame(99.0) == last).all()  # in any order


@pytest.mark.parametrize("ease", ["linear", "in-out"])
def test_bars_are_as_high_as_the_easing_times_the_data(ease: Any) -> None:
    recording = recording_of(bars().to_dict())
    frames = drawing(recording, ease=ease, seconds=1.0)
    heights = []
    for bar, value in zip(recording.parts, (3, 7, -2), strict=True):
        assert bar.role == "bar"
        call = next(one for one in recording.calls if one.part == bar.slot)
        places = np.asarray(call.values["path"]["places"])
        x = call.values["matrix"] @ (*places.mean(axis=0), 1)
        heights.append((int(x[0]), recording.height - bar.facts["y"][0], value))

    def height(frame: Any, column: int) -> float:
        """Return the height of a bar by its blue, with its edges' part of a pixel."""
        blue = frame[:, column, 2].astype(float) - frame[:, column, 0]
        return float((blue / (BLUE[2] - BLUE[0])).sum())

    whole = {column: height(frames.frame(99.0), column) for column, _, _ in heights}
    unit = whole[heights[1][0]] / 7
    for over in (0.25, 0.5, 0.8):
        frame = frames.frame(over)
        for column, _, value in heights:
            true = EASES[ease](over) * abs(value) * unit
            assert abs(height(frame, column) - true) <= 1
            assert abs(height(frame, column) - EASES[ease](over) * whole[column]) <= 1


def test_what_is_stacked_stands_on_its_zero() -> None:
    parts = recording_of(stacked().to_dict()).parts
    assert {one.role for one in parts} == {"bar"}
    assert len({one.facts["y"] for one in parts}) == 1
    assert [(one.names, one.slot, one.slots) for one in parts[:2]] == [
        (("A", "x"), 0, 3),
        (("B", "x"), 1, 3),
    ]
    flat = recording_of(lying().to_dict()).parts
    assert len({one.facts["x"] for one in flat}) == 1
    assert [one.slot for one in flat] == [0, 2, 4, 1, 3, 5]  # from the top


def test_one_bar_below_zero_hangs_from_it() -> None:
    one = alt.Chart(pd.DataFrame({"a": ["A"], "b": [-3]})).mark_bar()
    (bar,) = recording_of(one.encode(x="a", y="b").properties(**WIDE).to_dict()).parts
    (flat,) = recording_of(one.encode(y="a", x="b").properties(**WIDE).to_dict()).parts
    upright, recording = bar.facts["y"][0], recording_of(one.encode(y="b").to_dict())
    assert upright > recording.height / 2
    assert "x" in flat.facts


def test_a_line_is_drawn_up_to_where_the_pen_is() -> None:
    chart = (
        bars().mark_line(strokeWidth=4, color="rgb(76, 120, 168)").encode(x="t", y="b")
    )
    frames = drawing(recording_of(chart.to_dict()), seconds=1.0)
    line = (np.abs(frames.frame(99.0).astype(int) - BLUE).sum(2) < 30).any(0)
    left, right = np.flatnonzero(line)[[0, -1]]
    for over in (0.25, 0.5, 0.75):
        now = (np.abs(frames.frame(over).astype(int) - BLUE).sum(2) < 30).any(0)
        assert abs(np.flatnonzero(now)[-1] - (left + over * (right - left))) <= 8


def test_labels_go_with_their_bars_in_the_charts_own_letters() -> None:
    recording = recording_of(labelled().to_dict())
    texts = [one for one in recording.parts if one.role == "text"]
    assert [int(one.facts["of"][0]) for one in texts] == [0, 1, 2]
    calls = [one for one in recording.calls if recording.parts[one.part] in texts]
    assert {one.what for one in calls} == {"image"}
    frames = drawing(recording, seconds=1.0)
    assert (frames.frame(0.5) != frames.frame(0.7)).any()


def test_what_is_named_stands_out() -> None:
    recording = recording_of(facets().to_dict())
    assert {name for one in recording.parts for name in one.names} == set("ABCxy")
    frames = drawing(recording, steps=(Step(change={"highlight": ("A",)}),))
    before, after = frames.frame(3.1).astype(int), frames.frame(99.0).astype(int)
    same = (np.abs(before - BLUE).sum(2) < 9) & (np.abs(after - BLUE).sum(2) < 9)
    assert same.sum() > 1000
    assert (before != after).any()
    with pytest.raises(SpecError, match="nothing in the figure is called 'Q'"):
        drawing(recording, steps=(Step(change={"highlight": ("Q",)}),))


def test_a_narrow_chart_stands_in_the_middle_of_its_paper() -> None:
    chart = alt.Chart(TABLE[:3]).mark_bar().encode(x="a", y="b")
    recording = recording_of(chart.properties(background="#102030").to_dict())
    assert (recording.width, recording.height) == (960, 720)
    last = drawing(recording).frame(99.0)
    assert (last[[0, -1]][:, [0, -1]] == (16, 32, 48)).all()


def test_a_draft_is_the_same_at_half_the_size() -> None:
    recording = recording_of(labelled().to_dict())
    whole = drawing(recording).frame(99.0)
    chart = Chart(data="b2:0.npz", width=recording.width, height=recording.height)
    size = chart.measures(is_draft=True)
    half = FigureDrawing(chart, recording, size.height, size.width).frame(99.0)
    with Image.fromarray(whole) as image:
        small = np.asarray(image.resize(half.shape[1::-1], Image.Resampling.BOX))
    assert np.abs(small.astype(int) - half).mean() < 2


def test_a_vega_chart_and_older_versions_are_read() -> None:
    spec = bars().to_dict()
    vega = vl_convert.vegalite_to_vega(spec)
    assert len(recording_of(vega).parts) == 3
    old = {**spec, "$schema": "https://vega.github.io/schema/vega-lite/v5.2.0.json"}
    assert len(recording_of(old).parts) == 3
    assert len(recording_of({**spec, "$schema": "none"}).parts) == 3


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"data": {"url": "https://a.b/cars.csv"}, "mark": "bar"},
            r"@chart takes its data from 'https://a.b/cars.csv', and nbagent downloads nothing",
        ),
        (
            {"layer": [{"data": {"url": "cars.json"}, "mark": "bar"}]},
            "takes its data from 'cars.json'.*give the chart the table itself",
        ),
        (
            {
                "data": {"values": [{"u": "https://a.b/c.png"}]},
                "mark": "image",
                "encoding": {"url": {"field": "u"}},
            },
            "@chart has a picture at 'https://a.b/c.png', and nbagent downloads nothing",
        ),
        ({"mark": "no such", "data": {"values": []}}, r"Vega cannot draw .* \("),
        (
            {"mark": "bar", "data": {"values": []}},
            "has no bars, lines, points or other",
        ),
    ],
)
def test_what_no_chart_shows_is_said_in_a_line(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        recording_of(spec, "@chart")
    assert "\n" not in str(caught.value)


def test_without_vl_convert_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtra, match=r"pip install 'nbagent\[vega\]'"):
        recording_of(bars().to_dict(), "@chart")


# What SVG says


def test_paths_of_svg() -> None:
    box = points(path_of("M5,10h90v-66.5h-90Z"))
    assert box.tolist() == [[5, 10], [95, 10], [95, -56.5], [5, -56.5], [5, 10]]
    ring = path_of("M2,0A2,2,0,1,1,-2,0A2,2,0,1,1,2,0")
    assert np.allclose(np.hypot(*points(straight(ring)).T), 2, atol=1e-3)
    quarter = points(straight(path_of("M1 0A1 1 0 0 0 0-1")))
    assert np.allclose(np.hypot(*quarter.T), 1, atol=1e-3)
    assert (quarter[:, 1] <= 1e-9).all()
    assert points(path_of("M0,0l1,1 2,-1e-1")).tolist() == [[0, 0], [1, 1], [3, 0.9]]
    with pytest.raises(ValueError, match="a path says 'T'"):
        path_of("M0,0T1,1")


def test_colours_and_places_of_svg() -> None:
    assert colour_of("rgb(255, 0, 51)") == (1, 0, 0.2, 1)
    assert colour_of("rgba(0,0,0,.5)") == (0, 0, 0, 0.5)
    assert colour_of("hsl(120, 100%, 50%)") == (0, 1, 0, 1)
    assert colour_of("#fff") == colour_of("white") == (1, 1, 1, 1)
    assert colour_of("none") is colour_of("url(#a)") is colour_of("bleu") is None
    turned = matrix_of("translate(3,4) rotate(90) scale(2)") @ (1, 0, 1)
    assert np.allclose(turned, (3, 6, 1))
    with pytest.raises(ValueError, match="placed by 'skewX'"):
        matrix_of("skewX(3)")


# Plotly


GAP = pd.DataFrame(
    {
        "country": ["u", "v", "w"] * 2,
        "part": ["p", "q", "q"] * 2,
        "year": [2000] * 3 + [2001] * 3,
        "gdp": [10.0, 100, 1000, 20, 200, 2000],
        "life": [50.0, 60, 70, 55, 66, 77],
        "pop": [1, 2, 3, 2, 3, 4],
    }
)


def test_bars_of_plotly_become_a_table_in_their_own_colours() -> None:
    figure = px.bar(TABLE, x="a", y="b", color="g", title="Sales <b>up</b><br>a < b")
    chart, table, notes = plotly_chart(figure.to_plotly_json())
    view = chart.view
    assert (view.mark, view.x, view.y, view.group) == ("bar", "a", "b", "g")
    assert (view.stacking, view.is_horizontal) == ("stacked", False)
    assert (chart.title, chart.x_title, chart.y_title) == ("Sales up a < b", "a", "b")
    assert chart.palette == ("#636efa", "#ef553b")  # of its template
    assert table["b"].values.tolist() == TABLE["b"].tolist()
    assert table["g"].categories == ["x", "y"]
    assert notes == ()
    again, other, _ = plotly_chart(json.loads(figure.to_json()))
    assert (again, other.to_bytes()) == (chart, table.to_bytes())


def test_what_plotly_says_of_bars_is_kept() -> None:
    grouped = px.bar(TABLE, x="a", y="b", color="g", barmode="group")
    grouped.update_layout(template="plotly_dark", width=400, height=800)
    grouped.update_yaxes(tickprefix="$")
    chart, _, _ = plotly_chart(grouped.to_plotly_json())
    assert (chart.view.stacking, chart.theme, chart.prefix) == ("grouped", "dark", "$")
    assert (chart.width, chart.height) == (360, 720)
    share = px.bar(TABLE, x="a", y="b", color="g").update_layout(barnorm="percent")
    assert plotly_chart(share.to_plotly_json())[0].view.stacking == "share"
    flat = go.Figure(
        go.Bar(y=["a", "b"], x=[1, 2], orientation="h", marker_color="teal")
    )
    chart, table, _ = plotly_chart(flat.to_plotly_json())
    assert (chart.view.is_horizontal, chart.palette) == (True, ("#008080",))
    assert table["x"].categories == ["b", "a"]  # the first is the lowest
    each = go.Figure(go.Bar(x=["a", "b"], y=[1, 2], marker_color=["red", "#00ff00"]))
    chart, table, notes = plotly_chart(each.to_plotly_json())
    assert (chart.palette, notes) == (("#ff0000", "#00ff00"), ())
    assert table["series"].categories == ["a", "b"]
    order = px.bar(TABLE, x="a", y="b", category_orders={"a": ["C", "A", "B"]})
    assert plotly_chart(order.to_plotly_json())[1]["a"].categories == ["C", "A", "B"]
    sorted_one = px.bar(TABLE, x="a", y="b")
    sorted_one.update_xaxes(categoryorder="total descending")
    assert plotly_chart(sorted_one.to_plotly_json())[0].view.sort == "down"


def test_bars_of_plotly_are_as_high_as_its_numbers() -> None:
    figure = px.bar(TABLE[:3], x="a", y="b", color_discrete_sequence=["#ff0000"])
    chart, table, _ = plotly_chart(figure.to_plotly_json())
    drawn = Drawing(replace(chart, ease="linear", seconds=1.0), table)

    def heights(time_s: float) -> list[float]:
        frame = drawn.frame(time_s).astype(float)
        red = ((frame[..., 0] - frame[..., 1]) / 255).sum(0)
        blocks = np.split(red, np.flatnonzero(np.diff(red > 1)) + 1)
        return [float(np.median(one)) for one in blocks if one.max() > 1]

    whole = heights(99.0)
    assert [round(one / whole[0] * 3) for one in whole] == [3, 7, 2]
    for over in (0.25, 0.5, 0.75):
        for now, end in zip(heights(over), whole, strict=True):
            assert abs(now - over * end) <= 1.5


def test_lines_areas_points_and_pies_of_plotly() -> None:
    line, table, _ = plotly_chart(
        px.line(TABLE, x="t", y="b", color="g").to_plotly_json()
    )
    assert (line.view.mark, line.view.group, table["t"].kind) == ("line", "g", "time")
    area, _, _ = plotly_chart(px.area(GAP, x="year", y="pop", color="part").to_dict())
    assert (area.view.mark, area.view.x) == ("area", "year")
    few = go.Figure(go.Scatter(y=[1, 3, 2], fill="tozeroy", line_color="#123456"))
    filled, table, _ = plotly_chart(few.to_dict())
    assert (filled.view.mark, filled.palette) == ("area", ("#123456",))
    assert table["x"].values.tolist() == [0, 1, 2]
    spots = px.scatter(
        GAP[:3],
        x="gdp",
        y="life",
        color="part",
        size="pop",
        log_x=True,
        range_y=[0, 90],
    )
    chart, table, _ = plotly_chart(spots.to_plotly_json())
    view = chart.view
    assert (view.mark, view.colour, view.size) == ("point", "part", "size")
    assert view.log_x
    assert [*view.y_range] == [0, 90]
    assert table["size"].values.tolist() == [1, 2, 3]
    pie, table, _ = plotly_chart(
        px.pie(GAP, names="part", values="pop", hole=0.4).to_dict()
    )
    assert (pie.view.mark, pie.palette) == ("donut", ("#636efa", "#ef553b"))


def test_frames_of_plotly_are_a_travel_through_time() -> None:
    figure = px.scatter(
        *(GAP, "gdp", "life"),
        color="part",
        animation_frame="year",
        animation_group="country",
    )
    chart, table, notes = plotly_chart(figure.to_plotly_json())
    view = chart.view
    assert (chart.move, view.time) == ("travel", "year")
    assert (view.group, view.colour) == ("name", "part")
    assert table["year"].texts == ["2000"] * 3 + ["2001"] * 3
    assert notes == ()
    drawn = Drawing(replace(chart, seconds=1.0), table)
    assert (drawn.frame(0.2) != drawn.frame(0.8)).any()


def test_what_of_plotly_is_left_out_is_said() -> None:
    figure = go.Figure([go.Bar(x=["a"], y=[1]), go.Bar(x=["a"], y=[2], visible=False)])
    figure.add_annotation(text="here", x="a", y=1)
    figure.add_hline(y=0.5)
    figure.data[0].error_y = {"array": [0.1]}
    _, _, notes = plotly_chart(figure.to_plotly_json(), "@fig")
    assert notes == (
        "1 annotation of the figure is left out",
        "1 shape of the figure is left out",
        "left out its error bars",
        "1 hidden trace of @fig is left out",
    )


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (go.Figure(), "@fig shows no traces"),
        (
            go.Figure(go.Surface(z=[[1, 2], [3, 4]])),
            "@fig has a surface, and from Plotly",
        ),
        (go.Figure([go.Bar(y=[1]), go.Scatter(y=[1])]), "draws bars and lines over"),
        (px.bar(TABLE, x="a", y="b", facet_col="g"), "has several plots or axes"),
        (go.Figure(go.Bar(x=[1], y=["a"], base=3)), "has bars with a base"),
        (go.Figure(go.Bar(x=[["a"], ["b"]], y=[1])), "categories of several levels"),
        (go.Figure(go.Bar(x=[], y=[])), "@fig has no rows"),
        (go.Figure([go.Pie(values=[1]), go.Pie(values=[2])]), "has several pies"),
        (
            {"data": [{"y": {"dtype": "O", "bdata": "AAAA"}}]},
            "@fig has traces that nbagent cannot read",
        ),
        (
            {"data": [{"y": {"dtype": "f8", "bdata": "?"}}]},
            "@fig has traces that nbagent cannot read",
        ),
    ],
)
def test_a_figure_of_plotly_that_is_no_table_is_refused(figure: Any, said: str) -> None:
    told = figure.to_plotly_json() if hasattr(figure, "data") else figure
    with pytest.raises(SpecError, match=said) as caught:
        plotly_chart(told, "@fig")
    assert "\n" not in str(caught.value)


# In a conversation


def test_a_chart_of_altair_moves_as_it_is(talk: Talk) -> None:
    talk.values["chart"] = bars()
    clip = talk.clip("animate @chart so that the bars grow one after the other")
    chart = chart_of(clip)
    assert (chart.is_figure, chart.turns, chart.called) == (True, "in turn", "chart")
    frames = talk.drawn(talk.animate("chart", seconds=0.2, hold=0.1, draft=True))
    assert frames.shape[1:] == (360, 2 * round(chart.width / 4), 3)
    lit = talk.change(clip, {"act": "highlight", "what": ["b"]})
    assert chart_of(lit).steps[0].change == {"highlight": ("B",)}
    with pytest.raises(SpecError, match="without its table"):
        talk.change(clip, {"act": "only", "values": ["A"]})
    talk.values["chart"] = alt.Chart("https://a.b/c.csv").mark_bar().encode(x="a:N")
    with pytest.raises(
        SpecError, match=r"@chart takes its data from 'https://a.b/c.csv'"
    ):
        talk.clip("animate @chart so that the bars grow")


def test_a_figure_of_plotly_is_changed_in_words(talk: Talk) -> None:
    talk.values["fig"] = px.bar(TABLE, x="a", y="b", color="g", title="Sales")
    clip = talk.clip("animate @fig so that the bars grow")
    assert clip.prompt == "b by a by g, bars grow"
    assert chart_of(clip).title == "Sales"
    some = talk.change(clip, {"act": "only", "values": ["A", "B"]}, {"act": "sort"})
    assert (chart_of(some).view.sort, chart_of(some).palette[0]) == ("down", "#636efa")
    line = talk.animate("fig", mark="line", title="Other")
    assert (chart_of(line).view.mark, chart_of(line).title) == ("line", "Other")
    talk.values["fig"].add_hline(y=2)
    reply = talk.say("animate @fig so that the bars grow")
    assert "1 shape of the figure is left out." in reply.notes


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_a_cell_showed_is_this_chart(talk: Talk, is_whole: bool) -> None:
    figure = px.bar(TABLE, x="a", y="b")
    for chart, told in (
        (bars(), bars().to_dict()),
        (figure, json.loads(figure.to_json())),
    ):
        shown = Shown(is_figure=True, figure=chart if is_whole else told, refusal="no")
        talk.values = {"_shown": shown}
        clip = talk.clip("animate this chart so that the bars grow")
        assert chart_of(clip).is_figure == (chart is not figure)
    assert clip.prompt == "b by a, bars grow"


def test_a_camera_goes_over_a_chart_of_altair(talk: Talk) -> None:
    seen = read("chart", bars())
    assert seen.frames.shape[1] > 400
    assert (seen.frames != 255).any()
    many = alt.Chart(pd.DataFrame({"a": range(6000)})).mark_point().encode(x="a")
    assert read("many", many).frames.shape[0] == 1  # more rows than Altair has at once
    talk.values["chart"] = bars()
    take = talk.clip("push in slowly on @chart").take
    assert take is not None
    assert take.operation == "camera"
    with pytest.raises(SpecError, match="@lost is not a complete chart"):
        read("lost", alt.Chart(TABLE).mark_bar().encode(x="z"))


@pytest.fixture(scope="module")
def kernel() -> Iterator[Callable[[str], str]]:
    """A real kernel with the extension loaded."""
    manager, client = start_new_kernel()

    def run(code: str) -> str:
        said: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "error":
                said.append("\n".join(content["traceback"]))
            if message["msg_type"] in ("display_data", "execute_result"):
                said.append(str(content["data"].get("text/plain")))

        client.execute_interactive(code, timeout=120, output_hook=hook)
        return "".join(said)

    run(
        "%load_ext nbagent\nimport altair as alt, plotly.express as px, plotly.io as pio"
    )
    run("table = {'region': ['Asia', 'Europe'], 'sales': [3, 7]}\nimport pandas as pd")
    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


ALTAIR = "alt.Chart(pd.DataFrame(table)).mark_bar().encode(x='region', y='sales')"
PLOTLY = "px.bar(table, x='region', y='sales')"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (ALTAIR, "this plot, its parts move"),
        (
            f"_ = alt.renderers.enable('mimetype')\n{ALTAIR}",
            "this plot, its parts move",
        ),
        (PLOTLY, "sales by region, bars grow"),
        (f"pio.renderers.default = 'notebook'\n{PLOTLY}", "sales by region, bars grow"),
    ],
)
def test_a_kernel_knows_the_chart_that_a_cell_ends_with(
    kernel: Callable[[str], str], cell: str, said: str
) -> None:
    kernel(cell)
    assert said in kernel("%agent --dry-run animate this chart so that the bars grow")
