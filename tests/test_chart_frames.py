"""What a chart draws is what the data says: against plain matplotlib, and in pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import matplotlib.dates
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nbagent.charts.drawing import Drawing, frames
from nbagent.charts.flight import EASES
from nbagent.charts.intake import table_of
from nbagent.charts.scene import Panel
from nbagent.charts.table import Table
from nbagent.charts.theme import THEMES
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import View

Data = dict[str, Any]
LIGHT = THEMES["light"]
BLUE, ORANGE, GREEN = LIGHT.palette[:3]
CITIES: Data = {
    "city": ["Berlin", "Hamburg", "Köln", "Ulm"],
    "sales": [1240, 930, 655, -210],
}
QUARTERS: Data = {
    "quarter": [f"Q{i}" for i in (1, 2, 3) for _ in "ab"],
    "region": ["North", "South"] * 3,
    "v": [100, 50, 130, 80, 90, 120],
}
MONTHS: Data = {
    "month": np.arange("2024-01", "2025-01", dtype="datetime64[M]").astype(
        "datetime64[D]"
    ),
    "v": [3, 5, 4, 8, 6, 9, 12, 10, 11, 14, 9, 16.0],
}
SPREAD = np.random.default_rng(4).normal(50, 12, 300)
CLOUD: Data = {
    "x": SPREAD,
    "y": SPREAD * 2 + np.random.default_rng(5).normal(0, 20, 300),
}
GRID: Data = {
    "hour": [f"{h:02d}" for h in range(6) for _ in range(3)],
    "day": ["Mon", "Tue", "Wed"] * 6,
    "n": list(range(18)),
}
FACTS: Data = {
    "who": [w for w in "abc" for _ in range(3)],
    "year": [2000, 2001, 2002] * 3,
    "n": [10, 20, 30, 30, 20, 10, 15, 15, 40],
}

# Nothing is rounded to pixels, as in a chart that moves.
SMOOTH: Any = {"path.snap": False, "path.simplify": False, "pcolormesh.snap": False}
Draws = Callable[[Axes, Panel], Any]


def chart(view: View, **fields: Any) -> Chart:
    return Chart(data="", view=view, **{"width": 640, "height": 360, **fields})


def last(own: Chart, data: Any) -> tuple[NDArray[np.uint8], Panel]:
    """Return the last frame, and its panel."""
    drawing = Drawing(own, table_of(data))
    (panel,) = drawing.story.at(own.moving_s).panels.values()
    return drawing.frame(own.moving_s), panel


def plain(own: Chart, panel: Panel, draws: Draws) -> NDArray[np.uint8]:
    """Return what matplotlib's own axes draw in the panel's box, with its limits."""
    with mpl.rc_context(SMOOTH):
        figure = Figure((own.width / 72, own.height / 72), dpi=72, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        left, bottom, width, height = panel.box
        wide, high = own.width, own.height
        axes = figure.add_axes(
            (left / wide, bottom / high, width / wide, height / high)
        )
        axes.set_axis_off()
        for axis, across in ((panel.x, axes.axvline), (panel.y, axes.axhline)):
            if axis is None or not axis.has_grid:
                continue
            for tick in axis.ticks:
                at = axis.low + tick.at * (axis.high - axis.low)
                across(at, color=LIGHT.grid, lw=1.0, zorder=0, snap=True)
        draws(axes, panel)
        if panel.x and panel.y:
            axes.set(xlim=(panel.x.low, panel.x.high), ylim=(panel.y.low, panel.y.high))
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def inside(pixels: NDArray[np.uint8], panel: Panel) -> NDArray[np.int64]:
    """Return the pixels of the panel's box, without its rim."""
    left, bottom, width, height = (round(v) for v in panel.box)
    top = len(pixels) - bottom - height
    return pixels[top + 2 : top + height - 2, left + 2 : left + width - 2].astype(int)


def marked(pixels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where there is colour: neither the paper nor a grid, a tick or a baseline."""
    return np.asarray(np.ptp(pixels, axis=-1) > 24)


def wide(panel: Panel, categories: int) -> float:
    """Return how wide bars are: three quarters of their room, up to 65 pixels of 640."""
    return min(0.74, 130 * 0.5 * categories / panel.box[2])


def upright(axes: Axes, panel: Panel) -> None:
    axes.bar(range(4), CITIES["sales"], wide(panel, 4), color=BLUE)


def lying(axes: Axes, panel: Panel) -> None:
    high = min(0.74, 130 * 0.5 * 4 / panel.box[3])
    axes.barh([3, 2, 1, 0], CITIES["sales"], high, color=BLUE)
    assert panel.y is not None


def stacked(axes: Axes, panel: Panel) -> None:
    north, south = np.array(QUARTERS["v"])[::2], np.array(QUARTERS["v"])[1::2]
    edge: Any = {"edgecolor": "white", "linewidth": 1.2}
    axes.bar(range(3), north, wide(panel, 3), color=BLUE, **edge)
    axes.bar(range(3), south, wide(panel, 3), bottom=north, color=ORANGE, **edge)


def grouped(axes: Axes, panel: Panel) -> None:
    north, south = np.array(QUARTERS["v"])[::2], np.array(QUARTERS["v"])[1::2]
    half = wide(panel, 3) / 2
    axes.bar(np.arange(3) - half / 2, north, half, color=BLUE)
    axes.bar(np.arange(3) + half / 2, south, half, color=ORANGE)


def line(axes: Axes, _: Panel) -> None:
    days = matplotlib.dates.date2num(MONTHS["month"])
    axes.plot(days, MONTHS["v"], color=BLUE, lw=1.7, solid_capstyle="round")
    axes.plot(days[-1], MONTHS["v"][-1], "o", color=BLUE, ms=5.5, mec="white", mew=0.6)


def area(axes: Axes, _: Panel) -> None:
    days = matplotlib.dates.date2num(MONTHS["month"])
    axes.fill_between(days, MONTHS["v"], color=BLUE, alpha=0.22, lw=0)
    axes.plot(days, MONTHS["v"], color=BLUE, lw=1.7, solid_capstyle="round")
    axes.plot(days[-1], MONTHS["v"][-1], "o", color=BLUE, ms=5.5, mec="white", mew=0.6)


def cloud(axes: Axes, _: Panel) -> None:
    # One colour for each: of one colour, matplotlib puts markers on whole pixels.
    axes.scatter(
        CLOUD["x"], CLOUD["y"], s=6.5**2, color=[BLUE] * 300, edgecolors="white", lw=0.6,
        alpha=0.85,
    )  # fmt: skip


def histogram(axes: Axes, _: Panel) -> None:
    edges = np.linspace(SPREAD.min(), SPREAD.max(), 13).tolist()
    axes.hist(SPREAD, edges, color=BLUE, edgecolor="white", linewidth=0.5)


def heat(axes: Axes, _: Panel) -> None:
    values = np.array(GRID["n"], float).reshape(6, 3).T
    colours = mpl.colors.LinearSegmentedColormap.from_list("", list(LIGHT.ramp), N=512)
    axes.pcolormesh(
        np.arange(-0.5, 6), np.arange(2.5, -1, -1), values, cmap=colours,
        edgecolors="white", linewidth=1.0, antialiased=True,
    )  # fmt: skip


def pie(axes: Axes, panel: Panel) -> None:
    radius = min(panel.box[2:]) / 2
    axes.pie(
        [1240, 930, 655],
        colors=[BLUE, ORANGE, GREEN],
        startangle=90,
        counterclock=False,
        radius=0.92,
        wedgeprops={"edgecolor": "white", "linewidth": 1.0},
    )
    across, up = (side / 2 / radius for side in panel.box[2:])
    axes.set(xlim=(-across, across), ylim=(-up, up))


def boxes(axes: Axes, panel: Panel) -> None:
    ink = {"color": LIGHT.baseline, "linewidth": 0.9}
    width = min(0.62, 150 * 0.5 / panel.box[2])
    axes.boxplot(
        SPREAD, positions=[0], widths=width, patch_artist=True,
        boxprops={"facecolor": BLUE, "linewidth": 0}, whiskerprops=ink, capprops=ink,
        capwidths=width / 2, medianprops={"color": "white", "linewidth": 1.5},
        flierprops={"marker": "o", "markerfacecolor": BLUE, "markersize": 3.5,
                    "markeredgecolor": "white", "markeredgewidth": 0.6},
    )  # fmt: skip


def violins(axes: Axes, panel: Panel) -> None:
    width = min(0.62, 150 * 0.5 / panel.box[2])
    drawn: Any = axes.violinplot(
        [SPREAD], [0], widths=width, showextrema=False, points=120
    )
    for body in drawn["bodies"]:
        body.set(facecolor=BLUE, alpha=1, edgecolor="none", linewidth=[0, 0])
    axes.hlines(np.median(SPREAD), -width / 2, width / 2, color="white", lw=1.5)


PARTS: Data = {"city": CITIES["city"][:3], "sales": CITIES["sales"][:3]}
PLAIN: dict[str, tuple[View, Any, Draws]] = {
    "bar": (View(has_values=False, is_horizontal=False), CITIES, upright),
    "lying bar": (View(has_values=False, is_horizontal=True), CITIES, lying),
    "stacked": (View(group="region"), QUARTERS, stacked),
    "grouped": (
        View(group="region", stacking="grouped", has_values=False), QUARTERS, grouped,
    ),
    "line": (View(mark="line", has_values=False), MONTHS, line),
    "area": (View(mark="area", has_values=False), MONTHS, area),
    "point": (View(mark="point"), CLOUD, cloud),
    "histogram": (View(mark="histogram", y="x", bins=12), CLOUD, histogram),
    "heatmap": (View(mark="heatmap", has_values=False), GRID, heat),
    "pie": (View(mark="pie"), PARTS, pie),
    "box": (View(mark="box", y="x"), {"x": SPREAD}, boxes),
    "violin": (View(mark="violin", y="x"), {"x": SPREAD}, violins),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_the_last_frame_is_what_matplotlib_draws_of_the_data(name: str) -> None:
    """At most one pixel in 500 of the plot differs by more than 16 of 255 levels.

    Compared is where either has colour; those that differ are of the line that bars stand
    on, which is no data, and of the corners of wedges.
    """
    view, data, draws = PLAIN[name]
    own = chart(view)
    frame, panel = last(own, data)
    ours, theirs = (inside(p, panel) for p in (frame, plain(own, panel, draws)))
    where = marked(ours) | marked(theirs)
    assert where.mean() > 0.005
    off = np.abs(ours - theirs).max(-1)[where]
    assert (off > 16).mean() * where.mean() < 0.002, f"{(off > 16).sum()} pixels"


def height_of(frame: NDArray[np.uint8], panel: Panel, x: float) -> float:
    """Return how much of a column of pixels is coloured, parts of pixels counted."""
    left, _, width, _ = panel.box
    column = frame[:, round(left + x * width)].astype(float)
    full = np.array(to_rgb(BLUE)) * 255
    share = (255 - column[:, 0]) / (255 - full[0])
    is_blue = np.ptp(column, axis=-1) > 24
    return float(share[is_blue].clip(0, 1).sum())


@pytest.mark.parametrize("ease", ["linear", "in-out", "out"])
@pytest.mark.parametrize("over", [0.2, 0.4, 0.6, 0.8, 1.0])
def test_bars_are_as_high_as_the_easing_says(ease: Any, over: float) -> None:
    own = chart(View(has_values=False), ease=ease, seconds=2.0)
    drawing = Drawing(own, table_of(CITIES))
    frame = drawing.frame(2.0 * over)
    (panel,) = drawing.story.at(0.0).panels.values()
    assert panel.y is not None
    pixels = panel.box[3] / (panel.y.high - panel.y.low)
    for i, value in enumerate(CITIES["sales"]):
        wanted = EASES[ease](over) * abs(float(value)) * pixels
        # Half of the baseline, 0.7 pixels of 360, covers the foot of a bar.
        assert height_of(frame, panel, (i + 0.5) / 4) == pytest.approx(wanted, abs=1.0)


@pytest.mark.parametrize("over", [0.2, 0.4, 0.6, 0.8, 1.0])
def test_bars_grow_one_after_the_other(over: float) -> None:
    own = chart(View(has_values=False), turns="in turn", seconds=2.0, ease="linear")
    drawing = Drawing(own, table_of(CITIES))
    (panel,) = drawing.story.at(0.0).panels.values()
    frame = drawing.frame(2.0 * over)
    assert panel.y is not None
    pixels = panel.box[3] / (panel.y.high - panel.y.low)
    each = 1 / (1 + 0.4 * 3)
    for i, value in enumerate(CITIES["sales"]):
        share = np.clip((over - i * (1 - each) / 3) / each, 0, 1)
        wanted = share * abs(float(value)) * pixels
        assert height_of(frame, panel, (i + 0.5) / 4) == pytest.approx(wanted, abs=1.0)


@pytest.mark.parametrize("over", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_line_is_drawn_as_far_as_the_time_says(over: float) -> None:
    own = chart(View(mark="line", has_values=False), seconds=2.0, ease="linear")
    drawing = Drawing(own, table_of(MONTHS))
    frame = drawing.frame(2.0 * over)
    (panel,) = drawing.story.at(0.0).panels.values()
    columns = np.flatnonzero(marked(frame.astype(int)).any(0))
    left, _, width, _ = panel.box
    radius = 5.5 / 2
    assert columns.max() + 1 - radius == pytest.approx(left + over * width, abs=1.5)


@pytest.mark.parametrize("over", [0.1, 0.35, 0.5, 0.75, 1.0])
def test_a_pie_opens_as_far_as_the_time_says(over: float) -> None:
    own = chart(View(mark="pie", has_values=False), seconds=2.0, ease="linear")
    drawing = Drawing(own, table_of(PARTS))
    shares = [
        marked(inside(drawing.frame(t), panel)).sum()
        for t in (2.0 * over, 2.0)
        for panel in drawing.story.at(t).panels.values()
    ]
    assert shares[0] / shares[1] == pytest.approx(over, abs=0.01)


def test_a_histogram_holds_the_rows_that_have_fallen() -> None:
    own = chart(View(mark="histogram", y="x", bins=12), seconds=2.0)
    drawing = Drawing(own, table_of(CLOUD))
    edges = np.linspace(SPREAD.min(), SPREAD.max(), 13)
    for over in (0.2, 0.5, 0.8, 1.0):
        (panel,) = drawing.story.at(2.0 * over).panels.values()
        counts, _ = np.histogram(SPREAD[: round(300 * over)], edges)
        assert panel.y is not None
        tops = {s.key: s.verts[:, 1].max() * panel.y.high for s in panel.shapes}
        for i, count in enumerate(counts):
            assert tops.get(f"{i}|", 0.0) == pytest.approx(count, abs=1e-6)


def test_a_race_is_true_between_two_times() -> None:
    own = chart(View(x="who", y="n"), move="race", seconds=2.0)
    drawing = Drawing(own, table_of(FACTS))
    assert drawing.story.chart.view.time == "year"
    frame = drawing.frame(0.5)  # the middle of the first year
    (panel,) = drawing.story.at(0.5).panels.values()
    lengths = {s.key: s.verts[:, 0].max() * 25 for s in panel.shapes}
    assert lengths == pytest.approx({"a": 15, "b": 25, "c": 15})
    left, _, width, _ = panel.box
    bar = next(s for s in panel.shapes if s.key == "b")
    row = len(frame) - round(panel.box[1] + bar.verts[:, 1].mean() * panel.box[3])
    coloured = np.flatnonzero(marked(frame.astype(int))[row])
    assert coloured.max() + 1 - left == pytest.approx(width, abs=1.0)


def test_ranks_change_places_smoothly_and_end_where_the_data_ends() -> None:
    own = chart(View(x="who", y="n"), move="race", seconds=4.0)
    drawing = Drawing(own, table_of(FACTS))

    def places(time_s: float) -> dict[str, float]:
        (panel,) = drawing.story.at(time_s).panels.values()
        return {s.key: 1 - s.verts[:, 1].mean() for s in panel.shapes}

    order = sorted(places(4.0), key=places(4.0).__getitem__)
    assert order == ["c", "a", "b"]
    steps = [places(t) for t in np.arange(0, 4.01, 1 / 30)]
    for key in "abc":
        assert np.abs(np.diff([one[key] for one in steps])).max() < 0.12


def test_points_travel_on_straight_lines_between_their_times() -> None:
    data = {
        "who": ["a", "a", "b", "b", "b"],
        "year": [2000, 2002, 2000, 2001, 2002],
        "x": [0.0, 10.0, 5.0, 5.0, 5.0],
        "y": [0.0, 20.0, 10.0, 15.0, 0.0],
    }
    view = View(mark="point", x="x", y="y", group="who")
    own = chart(view, move="travel", seconds=2.0)
    drawing = Drawing(own, table_of(data))
    (panel,) = drawing.story.at(0.5).panels.values()
    assert panel.x is not None
    assert panel.y is not None
    spots = dict(zip(panel.dots.keys, panel.dots.places, strict=True))
    np.testing.assert_allclose(spots["a"], [panel.x.at(2.5), panel.y.at(5.0)])
    np.testing.assert_allclose(spots["b"], [panel.x.at(5.0), panel.y.at(12.5)])


def test_counters_say_the_true_numbers() -> None:
    own = chart(View(mark="counter", y="sales"), seconds=2.0, ease="linear")
    drawing = Drawing(own, table_of(CITIES))
    total = sum(int(v) for v in CITIES["sales"])
    for over in (0.0, 0.25, 0.5, 1.0):
        scene = drawing.story.at(2.0 * over)
        (word,) = (w for w in scene.panels[""].words if w.key == "number")
        assert word.value == pytest.approx(total * over)
        assert word.value is not None
        assert scene.says(word.value) == f"{total * over:,.0f}"


def test_numbers_at_bars_are_the_values() -> None:
    drawing = Drawing(chart(View()), table_of(CITIES))
    scene = drawing.story.at(3.0)
    said = [scene.says(w.value) for w in scene.panels[""].words if w.value is not None]
    assert said == ["1,240", "930", "655", "\N{MINUS SIGN}210"]


@pytest.mark.parametrize("name", PLAIN)
def test_a_frame_is_a_function_of_its_moment(name: str) -> None:
    view, data, _ = PLAIN[name]
    own = chart(view, title="A title", steps=(Step(change={"y_range": (0.0, 40.0)}),))
    table = table_of(data)
    times = [0.0, 1.1, 3.0, 3.9, 4.4]
    forth = frames(own, table, times)
    back = frames(own, Table.from_bytes(table.to_bytes()), times[::-1])[::-1]
    np.testing.assert_array_equal(forth, back)


def test_a_users_own_settings_of_matplotlib_change_nothing() -> None:
    own = chart(View(), title="$a$ and $b$")
    before = frames(own, table_of(CITIES), [1.0])
    with mpl.rc_context(
        {"font.family": "serif", "path.snap": True, "text.usetex": True}
    ):
        np.testing.assert_array_equal(frames(own, table_of(CITIES), [1.0]), before)


def test_less_motion_is_the_last_frame() -> None:
    own = chart(View(), steps=(Step(change={"sort": "up"}),))
    table = table_of(CITIES)
    still = frames(replace(own, is_still=True), table, [0.0, 2.0])
    end = frames(own, table, [own.moving_s])[0]
    np.testing.assert_array_equal(still[0], end)
    np.testing.assert_array_equal(still[1], end)


def test_a_draft_is_the_same_picture_at_half_the_size() -> None:
    own = chart(View(), width=1280, height=720, title="Sales")
    assert own.measures(is_draft=True) == (60, 360, 640, 15.0)
    whole = frames(own, table_of(CITIES), [4.0])[0].astype(float)
    half = frames(own, table_of(CITIES), [4.0], 360, 640)[0].astype(float)
    small = whole.reshape(360, 2, 640, 2, 3).mean((1, 3))
    assert np.abs(small - half).mean() < 1.5


def test_a_step_ends_where_a_chart_of_its_view_ends() -> None:
    view = View(has_values=False)
    change = {"sort": "up", "highlight": ("Köln",), "log": False}
    own = chart(view, steps=(Step(change=change),))
    table = table_of(CITIES)
    end = frames(own, table, [own.moving_s])[0]
    alone = chart(replace(view, sort="up", highlight=("Köln",)))
    np.testing.assert_array_equal(end, frames(alone, table, [3.0])[0])


def test_errors_widen_from_their_line_while_the_axis_makes_room() -> None:
    data = {**MONTHS, "off": np.linspace(1, 9, 12)}
    own = chart(View(mark="line", y="v"), steps=(Step(change={"error": ("off",)}),))
    drawing = Drawing(own, table_of(data))
    for time_s in (3.6, 4.0, 4.4):
        (panel,) = drawing.story.at(time_s).panels.values()
        (band,) = panel.shapes
        middle = (band.verts[:12] + band.verts[12:][::-1]) / 2
        np.testing.assert_allclose(middle, panel.lines[0].points, atol=1e-9)


def _lab(colour: str, seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a colour in CIE Lab, as eyes see it that mix what they see so."""
    srgb = np.array(to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = to_xyz @ (seen @ linear).clip(0, 1) / (0.9505, 1.0, 1.089)
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Machado, Oliveira and Fernandes (2009), severity 1.0.
EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    ),
    "deuteranopia": np.array(
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    ),
    "tritanopia": np.array(
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]
    ),
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eyes", EYES)
def test_every_eye_tells_the_first_colours_apart(theme: str, eyes: str) -> None:
    own = [_lab(colour, EYES[eyes]) for colour in THEMES[theme].palette[:5]]
    nearest = min(
        float(np.linalg.norm(a - b)) for i, a in enumerate(own) for b in own[:i]
    )
    assert nearest > 10  # 2.3 is the least difference that is seen at all


@pytest.mark.parametrize("theme", THEMES)
def test_words_are_read_on_their_background(theme: str) -> None:
    def light(colour: str) -> float:
        srgb = np.array(to_rgb(colour))
        linear = np.where(
            srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
        )
        return float(linear @ (0.2126, 0.7152, 0.0722))

    own = THEMES[theme]
    for ink in (own.ink, own.muted):
        a, b = sorted((light(ink), light(own.background)))
        assert (b + 0.05) / (a + 0.05) > 4.5  # WCAG 2, AA
