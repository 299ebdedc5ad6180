"""Figures that move: at rest each pixel is matplotlib's, on the way each bar is as told."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from nbagent.charts.figure_drawing import FigureDrawing
from nbagent.charts.figure_parts import recording_of
from nbagent.charts.flight import EASES
from nbagent.charts.recording import Recording
from nbagent.errors import SpecError
from nbagent.take.chart import Chart, Step

X = np.linspace(0, 6, 50)
RNG = np.random.default_rng(0)
BLUE = (31, 119, 180)


def bars() -> Figure:
    figure = Figure()
    axes = figure.subplots()
    axes.bar_label(axes.bar(["a", "b", "c"], [1.0, -3.0, 2.0], color=f"#{31:02x}77b4"))
    axes.set_title("bars $\\alpha$")
    return figure


def stacked() -> Figure:
    figure = Figure()
    axes = figure.subplots()
    axes.bar(["a", "b"], [1, 3], label="u")
    axes.bar(["a", "b"], [2, 1], bottom=[1, 3], label="v", hatch="/")
    axes.legend()
    return figure


def lines() -> Figure:
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(X, np.sin(X), label="sin", marker="o")
    left.plot(X, np.cos(X), "--", label="cos")
    left.fill_between(X, -0.2, 0.2, alpha=0.3)
    left.legend()
    right.plot(np.cos(X), np.sin(X))
    right.axhline(0.5)
    return figure


def points() -> Figure:
    figure = Figure(facecolor="0.9")
    x, y = RNG.normal(size=(2, 60))
    size = RNG.uniform(5, 200, 60)
    figure.subplots().scatter(x, y, s=size, c=size, alpha=0.6)
    return figure


def pie() -> Figure:
    figure = Figure()
    figure.subplots().pie([3, 2, 1], labels=["x", "y", "z"], autopct="%d%%")
    return figure


def heat() -> Figure:
    figure = Figure()
    axes = figure.subplots()
    figure.colorbar(axes.imshow(RNG.uniform(size=(8, 12))))
    return figure


def mesh() -> Figure:
    figure = Figure()
    figure.subplots().pcolormesh(RNG.uniform(size=(4, 6)))
    return figure


def polar() -> Figure:
    figure = Figure()
    axes = figure.add_subplot(projection="polar")
    axes.bar([0, 1, 2, 3], [1, 2, 3, 2], width=0.8)
    return figure


def solid() -> Figure:
    figure = Figure()
    axes: Any = figure.add_subplot(projection="3d")
    axes.plot_surface(*np.meshgrid(X[:8], X[:8]), RNG.uniform(size=(8, 8)))
    return figure


def spreads() -> Figure:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.hist(RNG.normal(size=300), bins=12)
    left.hist(RNG.normal(size=300) + 2, bins=12, histtype="step")
    right.boxplot([RNG.normal(size=20), RNG.normal(size=20)], patch_artist=True)
    return figure


EACH = (bars, stacked, lines, points, pie, heat, mesh, polar, solid, spreads)


def drawing(recording: Recording, half: int = 1, **fields: Any) -> FigureDrawing:
    high, wide = recording.height // half, recording.width // half
    own: dict[str, Any] = {"width": recording.width, "height": recording.height}
    chart = Chart(data="b2:0.npz", **{"ease": "linear", **own, **fields})
    return FigureDrawing(chart, recording, high // 2 * 2, wide // 2 * 2)


def saved(figure: Figure, dpi: float) -> NDArray[np.int64]:
    """Return a figure as matplotlib saves it."""
    out = io.BytesIO()
    figure.savefig(out, dpi=dpi)
    with Image.open(out) as image:
        return np.asarray(image.convert("RGB")).astype(np.int64)


@pytest.mark.parametrize("make", EACH, ids=lambda make: make.__name__)
def test_at_rest_each_pixel_is_the_figures_own(make: Callable[[], Figure]) -> None:
    figure = make()
    recording = recording_of(figure)
    kept = recording.to_bytes()
    again = Recording.from_bytes(kept)
    assert again.to_bytes() == kept
    frames = drawing(again)
    last, plain = frames.frame(99.0), saved(figure, recording.dpi)
    assert last.shape == (recording.height, recording.width, 3)
    assert (last[: plain.shape[0], : plain.shape[1]] == plain).all()
    first = frames.frame(0.0)
    assert (first != last).any(), "nothing moved"
    assert (frames.frame(99.0) == last).all()  # in any order
    assert figure.dpi == 100
    assert not any("draw" in vars(one) for one in figure.findobj())


@pytest.mark.parametrize("ease", ["linear", "in-out"])
def test_bars_are_as_high_as_the_easing_times_the_data(ease: Any) -> None:
    recording = recording_of(bars())
    frames = drawing(recording, ease=ease, seconds=1.0)
    bar = next(one for one in recording.parts if one.role == "bar")
    foot = recording.height - bar.facts["y"][0]
    column = int(recording.width * 0.2)

    def height(frame: Any) -> float:
        """Return the height of the first bar, with its edge's part of a pixel."""
        ink = 1 - np.abs(frame[:, column].astype(float) - BLUE).sum(1) / (
            765 - sum(BLUE)
        )
        return float(np.clip(ink[: round(foot)], 0, 1).round(2).sum())

    whole = height(frames.frame(99.0))
    assert whole > 100
    for over in (0.1, 0.3, 0.5, 0.7, 0.9):
        assert abs(height(frames.frame(over)) - EASES[ease](over) * whole) <= 1.0


def test_stacked_bars_grow_together() -> None:
    parts = [one for one in recording_of(stacked()).parts if one.role == "bar"]
    assert len({one.facts["y"] for one in parts}) == 1
    assert parts[0].names == ("a", "u")
    assert [(one.slot, one.slots) for one in parts] == [(0, 2), (1, 2)] * 2


def test_a_line_is_drawn_up_to_where_the_pen_is() -> None:
    figure = Figure()
    figure.subplots().plot([0, 1, 2], [0, 1, 0], linewidth=4)
    frames = drawing(recording_of(figure), seconds=1.0)
    at_rest = frames.frame(99.0)
    line = (np.abs(at_rest.astype(int) - BLUE).sum(2) < 30).any(0)
    left, right = np.flatnonzero(line)[[0, -1]]
    for over in (0.25, 0.5, 0.75):
        now = (np.abs(frames.frame(over).astype(int) - BLUE).sum(2) < 30).any(0)
        reached = np.flatnonzero(now)[-1]
        assert abs(reached - (left + over * (right - left))) <= 8  # the pen


def test_parts_take_turns() -> None:
    frames = drawing(recording_of(bars()), seconds=1.0, turns="in turn")
    early = frames.frame(0.3).astype(int)
    blue = [
        int((np.abs(early[:, int(x * 960)] - BLUE).sum(1) < 60).sum())
        for x in (0.26, 0.77)
    ]
    assert blue[0] > 0
    assert blue[1] == 0


def test_what_is_named_stands_out() -> None:
    recording = recording_of(bars())
    frames = drawing(recording, steps=(Step(change={"highlight": ("a",)}),))
    before, after = frames.frame(3.1).astype(int), frames.frame(99.0).astype(int)
    first, last = int(0.26 * 960), int(0.77 * 960)
    assert (before[:, first] == after[:, first]).all()
    assert (before[:, last] != after[:, last]).any()
    with pytest.raises(SpecError, match="nothing in the figure is called 'q'"):
        drawing(recording, steps=(Step(change={"highlight": ("q",)}),))


def test_a_draft_is_the_same_at_half_the_size() -> None:
    recording = recording_of(lines())
    whole, half = drawing(recording).frame(99.0), drawing(recording, 2).frame(99.0)
    with Image.fromarray(whole) as image:
        small = np.asarray(image.resize(half.shape[1::-1], Image.Resampling.BOX))
    assert np.abs(small.astype(int) - half).mean() < 6


def test_moves_of_a_figure() -> None:
    recording = recording_of(lines())
    last = drawing(recording).frame(99.0)
    assert (drawing(recording, move="none").frame(0.0) == last).all()
    for move in ("grow", "appear"):
        way = drawing(recording, move=move).frame(1.0)
        assert (way != last).any()
    with pytest.raises(
        SpecError, match="a figure's move cannot be 'race': use grow, draw"
    ):
        drawing(recording, move="race")


def test_a_recording_of_a_strangers_store_is_read_with_care() -> None:
    data = recording_of(pie()).to_bytes()
    for damaged in (b"", b"PK", data[: len(data) // 2], b"x" * 100):
        with pytest.raises(SpecError, match="the chart's figure is damaged"):
            Recording.from_bytes(damaged)


def test_what_cannot_be_written_down_is_refused() -> None:
    figure = Figure()
    with pytest.raises(SpecError, match="@fig has no bars, lines, points or pictures"):
        recording_of(figure, "@fig")
    figure.subplots().plot(X, X)
    figure.axes[0].set_title("x", usetex=True)
    with pytest.raises(SpecError, match="texts need LaTeX"):
        recording_of(figure)


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1280, 720)])
def test_in_another_frame_the_figure_stands_in_the_middle(
    height: int, width: int
) -> None:
    recording = recording_of(points(), "@fig")  # 640x480, on grey paper
    chart = Chart(data=".npz", width=width, height=height)
    own = FigureDrawing(
        chart, recording, *((720, 960) if width > height else (540, 720))
    )
    for moment in (0.0, 1.1, chart.duration_s):
        frame = FigureDrawing(chart, recording, height, width).frame(moment)
        alone = own.frame(moment)
        top, left = (height - alone.shape[0]) // 2, (width - alone.shape[1]) // 2
        inside = (slice(top, top + alone.shape[0]), slice(left, left + alone.shape[1]))
        np.testing.assert_array_equal(frame[inside], alone)
        frame[inside] = 230  # all around is paper
        assert np.unique(frame).tolist() == [230]
