"""A notebook's pictures: what each kind becomes, and what is no picture."""

from __future__ import annotations

from collections import OrderedDict, UserDict, deque
from decimal import Decimal
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.animation import FuncAnimation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from nbagent.conversation.pictures import picture, read
from nbagent.conversation.tables import Table, plotted
from nbagent.errors import SpecError

RED = np.full((6, 4, 3), (255, 0, 0), np.uint8)
PIL = Image.fromarray(RED)


@pytest.mark.parametrize(
    "value",
    [
        RED,
        RED.astype(np.int64),
        RED / 255.0,
        RED[None],  # frames: the first one
        np.dstack([RED, np.full((6, 4), 255, np.uint8)]),
        Image.fromarray(RED),
        Image.fromarray(RED).convert("P"),
    ],
    ids=["uint8", "int64", "float", "frames", "rgba", "pil", "palette"],
)
def test_each_kind_is_the_same_picture(value: Any) -> None:
    assert (picture("photo", value) == RED).all()
    assert picture("photo", value).dtype == np.uint8


def test_a_grey_array_is_a_grey_picture() -> None:
    assert picture("a", np.full((3, 5), 7, np.uint8)).tolist() == [[[7] * 3] * 5] * 3


def test_transparent_pixels_are_shown_on_white() -> None:
    clear = Image.new("RGBA", (4, 6), (255, 0, 0, 0))
    assert (picture("logo", clear) == 255).all()


def test_a_figure_is_drawn_as_the_notebook_draws_it() -> None:
    figure = Figure(figsize=(2, 1), dpi=50, facecolor="lime")
    axes = figure.add_axes((0, 0, 0.5, 1))
    axes.set_axis_off()
    drawn = picture("fig", figure)
    assert drawn.shape == (50, 100, 3)
    assert drawn[10, 90].tolist() == [0, 255, 0]
    assert (picture("ax", axes) == drawn).all()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "@x is of type int, not a picture: pass a PIL image"),
        (np.zeros(5), r"@x has the shape \(5,\): pass an array"),
        (np.zeros((4, 4, 2)), r"the shape \(4, 4, 2\)"),
        (np.zeros((64, 64, 12)), r"the shape \(64, 64, 12\)"),
        (np.zeros((0, 4, 3)), r"the shape \(0, 4, 3\)"),
        (np.zeros((2, 5, 8, 8, 3)), r"@x holds 2 films .* like film = x\[0\]"),
        (np.full((2, 2), 2.0), "from 2 to 2: scale it to 0..1, like x / 255"),
        (np.full((2, 2), -1.0), r"from -1 to -1: .* like \(x \+ 1\) / 2"),
        (np.full((2, 2), np.nan), "has 4 NaN or infinite values out of 4"),
        (np.full((2, 2), 300), "holds int64 numbers from 300 to 300: scale it"),
        (np.full((2, 2), 300e5), "from 3e\\+07 to 3e\\+07: scale it to 0..1"),
        (np.eye(8, dtype=int), "from 0 to 1: make a mask boolean, like x > 0"),
        (np.zeros((2, 2), complex), "@x holds complex128: pass an array"),
        (np.ma.masked_equal(np.eye(8), 0), "@x has masked values: fill them"),
        ([], "@x is empty"),
        (["a", "b"], r"@x\[0\] is of type str, not a picture"),
        ([PIL, PIL.resize((9, 9))], r"pictures of 2 sizes \(4x6, 9x9\)"),
        ([[PIL, PIL], [PIL, PIL]], r"@x holds 2 films: name one, like film = x\[0\]"),
        ({"photo": PIL, "n": 1}, r"@x is a dict \('photo', 'n'\), not a picture"),
        ({"frames": [PIL, 3]}, r"@x\['frames'\]\[1\] is of type int"),
        (b"abc", "@x is not a picture that PIL can read"),
        (b"", "@x is empty"),
        (Image.new("RGB", (0, 4)), "the picture is 0x4: name one that has pixels"),
        ((n for n in "ab"), "@x is of type generator, not a picture"),
        (np, "@x is of type module, not a picture"),
    ],
)
def test_what_is_no_picture_is_one_line(value: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        read("x", value)
    assert "\n" not in str(caught.value)


# Tensors, and what pipelines return

FILM = np.random.default_rng(0).integers(0, 256, (12, 16, 24, 3), np.uint8)
OUTPUT = np.moveaxis(FILM, -1, 1) / np.float32(255)  # (F, C, H, W), as "pt" is


class OnDevice:
    """A tensor on a device: it has no numpy before it is on the CPU."""

    __module__ = "torch"

    def __init__(self, tensor: torch.Tensor, *, is_here: bool = False) -> None:
        self.tensor, self.is_here = tensor, is_here

    def detach(self) -> OnDevice:
        return self

    def cpu(self) -> OnDevice:
        return OnDevice(self.tensor, is_here=True)

    def float(self) -> OnDevice:
        return OnDevice(self.tensor.float(), is_here=self.is_here)

    def is_floating_point(self) -> bool:
        return self.tensor.is_floating_point()

    def numpy(self) -> Any:
        if not self.is_here:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return self.tensor.numpy()


OnDevice.__name__ = "Tensor"


@pytest.mark.parametrize(
    "value",
    [
        [Image.fromarray(frame) for frame in FILM],
        [[Image.fromarray(frame) for frame in FILM]],
        (*FILM,),
        deque(FILM),
        {"frames": FILM},
        OrderedDict(images=FILM),
        UserDict(frames=[FILM / 255]),
        FILM[None] / 255,
        OUTPUT,
        torch.from_numpy(OUTPUT),
        torch.from_numpy(OUTPUT)[None],
        torch.from_numpy(OUTPUT).transpose(0, 1),  # (C, F, H, W)
        torch.from_numpy(OUTPUT).double().requires_grad_(),
        torch.nn.Parameter(torch.from_numpy(OUTPUT)),
        [torch.from_numpy(frame) for frame in OUTPUT],
        torch.from_numpy(FILM),
        OnDevice(torch.from_numpy(OUTPUT)),
    ],
)
def test_what_a_pipeline_returns_is_its_frames(value: Any) -> None:
    assert (read("x", value).frames == FILM).all()


def test_half_precision_is_read_to_half_a_level_of_it() -> None:
    for kind in (torch.bfloat16, torch.float16):
        frames = read("x", torch.from_numpy(OUTPUT).to(kind)).frames
        assert np.abs(frames.astype(int) - FILM).max() <= 1
    # A resize in bf16 may leave 0..1 by a rounding.
    assert read("x", torch.tensor([[1.001, -0.001]])).frames.ravel()[
        [0, 3]
    ].tolist() == [
        255,
        0,
    ]


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (torch.rand(16, 24), (1, 16, 24, 3)),
        (torch.rand(1, 16, 24), (1, 16, 24, 3)),
        (torch.rand(3, 16, 24), (1, 16, 24, 3)),
        (torch.rand(1, 3, 16, 24), (1, 16, 24, 3)),
        (torch.rand(12, 1, 16, 24), (12, 16, 24, 3)),
        (torch.rand(12, 16, 24), (12, 16, 24, 3)),
        (torch.rand(4, 16, 24), (1, 16, 24, 3)),  # with opacity
        (np.zeros((1, 16, 24, 3)), (1, 16, 24, 3)),
        (np.zeros((12, 16, 24), np.uint8), (12, 16, 24, 3)),
    ],
)
def test_axes_are_told_by_their_sizes(value: Any, shape: tuple[int, ...]) -> None:
    assert read("x", value).frames.shape == shape


def test_a_mask_is_white_where_it_is_true() -> None:
    assert read("x", np.eye(8, dtype=bool)).frames[0, :2, :2, 0].tolist() == [
        [255, 0],
        [0, 255],
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.rand(3, 8, 8) * 2 - 1, r"like \(x \+ 1\) / 2"),
        (torch.empty(3, 8, 8, device="meta"), r"\(NotImplementedError: Cannot copy"),
        (torch.eye(8).to_sparse(), "can't convert Sparse"),
        (torch.rand(8, 8, dtype=torch.complex64), "holds complex64"),
    ],
)
def test_a_tensor_that_is_no_picture_is_one_line(value: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        read("x", value)
    assert "\n" not in str(caught.value)


# matplotlib, and what stands on it


def on_a_figure() -> dict[str, Any]:
    """Return what matplotlib's calls return, each on a red figure of its own."""

    def axes() -> Any:
        figure = Figure(figsize=(2, 1), dpi=50, facecolor="red")
        return figure.add_subplot()

    both = axes()
    grid = Figure(figsize=(2, 1), dpi=50, facecolor="red").subplots(2, 2)
    part: Any = Figure(figsize=(2, 1), dpi=50, facecolor="red").subfigures(1, 2)
    part = part[0]
    part.set_facecolor("red")
    shown = axes().imshow([[0, 1]])
    return {
        "plot": axes().plot([1, 2]),
        "imshow": shown,
        "bar": axes().bar([1, 2], [3, 4]),
        "hist": axes().hist([1, 2, 2]),
        "boxplot": axes().boxplot([1, 2, 3]),
        "subplots": (both.figure, both),
        "axes": grid,
        "subfigure": part,
        "axes of a subfigure": part.add_subplot(),
        "colorbar": shown.figure.colorbar(shown),
        "holder": SimpleNamespace(name="a display", ax_=both, figure_=both.figure),
    }


@pytest.mark.parametrize("made", on_a_figure().keys())
def test_what_matplotlib_returns_is_its_figure(made: str) -> None:
    drawn = read("x", on_a_figure()[made]).frames
    assert drawn.shape == (1, 50, 100, 3)
    assert drawn[0, 0, 0].tolist() == [255, 0, 0]


def test_what_is_in_no_figure_or_in_two_is_not_one() -> None:
    with pytest.raises(SpecError, match=r"@x \(Line2D\) does not belong to a figure"):
        read("x", Line2D([0], [1]))
    two = [Figure(figsize=(2, 1), dpi=50), Figure(figsize=(2, 1), dpi=50)]
    assert read("x", two).frames.shape == (2, 50, 100, 3)


@pytest.mark.parametrize(
    ("size", "dpi", "shape"),
    [
        ((200, 3), 100, (30, 2048)),
        ((4, 3), 1000, (1536, 2048)),
        ((4, 3), 50, (150, 200)),
    ],
)
def test_a_huge_figure_is_drawn_on_fewer_pixels_and_left_as_it_was(
    size: tuple[float, float], dpi: float, shape: tuple[int, int]
) -> None:
    figure = Figure(figsize=size, dpi=dpi)
    axes = figure.add_subplot()
    axes.text(1e4, 1e4, "far outside")
    canvas = figure.canvas
    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.dpi": 300}):
        assert picture("fig", figure).shape[:2] == shape
    assert (figure.dpi, tuple(figure.get_size_inches())) == (dpi, size)
    assert figure.canvas is canvas


def animation(frames: int) -> Any:
    figure = Figure(figsize=(2, 1), dpi=50)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_ylim(0, 12)
    axes.set_axis_off()
    (line,) = axes.plot([0, 1], [0, 0], linewidth=9)

    def step(at: int) -> list[Any]:
        line.set_ydata([at, at])
        return [line]

    return FuncAnimation(figure, step, frames=frames)


def test_an_animation_is_its_frames() -> None:
    made = animation(12)
    frames = read("x", made).frames
    assert frames.shape == (12, 50, 100, 3)
    rows = [
        int((frame[:, 50] != 255).any(axis=1).nonzero()[0].mean()) for frame in frames
    ]
    assert rows == sorted(rows, reverse=True)  # the line rises
    assert len(set(rows)) > 6
    with pytest.raises(SpecError, match="@x has more than 300 frames"):
        read("x", animation(301))


def test_a_value_that_fails_to_be_drawn_is_one_line() -> None:
    class Figure:
        __module__ = "plotted"

        def _repr_png_(self) -> bytes:
            raise RuntimeError("boom\nand more")

    with pytest.raises(SpecError, match=r"@x \(Figure\) .* \(RuntimeError: boom\)"):
        read("x", Figure())


# Tables


def columns(index: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": range(len(index)), "b": 3}, index=index)


TABLES: dict[str, Any] = {
    "periods": columns(pd.period_range("2020-01", periods=60, freq="M")),
    "intervals": columns(pd.interval_range(0, 30)),
    "tuples": columns(pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)])),
    "dates of a zone": columns(
        pd.date_range("2026-01-01", periods=60, tz="Asia/Seoul")
    ),
    "no date": columns(pd.DatetimeIndex([pd.NaT, "2026-01-01"])),
    "durations": columns(pd.to_timedelta([1, 2], "h")),
    "categories": columns(pd.CategoricalIndex(["x", "y"])),
    "formulas": columns(["$x^{", "b$"]),
    "objects": columns([object(), object()]),
    "twice": pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"], index=["x", "y"]),
    "columns of two rows": pd.DataFrame(
        [[1, 2], [3, 4]], columns=pd.MultiIndex.from_product([["a"], ["x", "y"]])
    ),
    "nullable": pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64")}),
    "decimals": pd.DataFrame({"a": [Decimal("1.5"), None, Decimal(2)]}),
    "infinite": pd.DataFrame({"a": [1, np.inf, 3]}),
    "one row": pd.DataFrame({"a": [5]}),
    "series": pd.Series([1, 2, 3], index=list("abc")),
    "dict of columns": {"a": [1, 2], "b": ["x", "y"], "c": np.arange(2.0)},
    "rows": [{"a": 1, "b": "x"}, {"a": 2}],
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_drawn_whatever_its_index(name: str) -> None:
    seen = read("df", TABLES[name])
    assert (seen.frames.shape, seen.note) == ((1, 400, 400, 3), "")
    # A line or bar in matplotlib's first colour.
    assert (np.abs(seen.frames.astype(int) - (31, 119, 180)).sum(-1) < 9).sum() > 50


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame(), "@x has no rows to draw"),
        (pd.DataFrame({"a": []}), "@x has no rows to draw"),
        (pd.DataFrame({"a": [np.nan] * 3}), "@x has no numbers to draw"),
        (pd.DataFrame({"a": [1j]}), "@x has no numbers to draw"),
        (pd.Series(pd.Categorical(["a", "b"])), "@x has no numbers to draw"),
        (pd.DataFrame({"a": [True]}), "@x has no numbers to draw"),
    ],
)
def test_a_table_without_numbers_is_one_line(table: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        read("x", table)


@pytest.mark.timeout(20)  # 1,500 labels took 14 s to lay out, and most of a cell's time
def test_what_is_left_out_of_a_table_is_said() -> None:
    names = [f"name {i}" for i in range(1500)]
    for table in (columns(names), pd.DataFrame({"n": names, "a": range(1500)})):
        assert read("df", table).note == "Draws 8 of @df's 1,500 labels."
    wide = pd.DataFrame(np.ones((5, 20)))
    assert read("df", wide).note == "Draws 8 of @df's 20 columns."
    long = pd.DataFrame({"a": np.arange(50_000)})
    assert read("df", long).note == "Draws 20,000 of @df's 50,000 rows."


# What other packages make


def test_other_tables_are_drawn() -> None:
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"d": ["a", "b"], "v": [1, None], "w": [Decimal(1), None]})
    assert read("x", table).frames.shape == (1, 400, 400, 3)
    assert read("x", table["v"]).frames.shape == (1, 400, 400, 3)
    with pytest.raises(SpecError, match=r"polars.LazyFrame, .* like x.collect\(\)"):
        read("x", table.lazy())


def test_arrow_tables_are_drawn() -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"d": ["a", "b"], "v": [1, None]})
    assert read("x", table).frames.shape == (1, 400, 400, 3)
    assert read("x", table.to_batches()[0]).frames.shape == (1, 400, 400, 3)


def test_grids_of_seaborn_are_their_figure() -> None:
    seaborn = pytest.importorskip("seaborn")
    table = pd.DataFrame({"x": range(20), "y": range(20), "k": list("ab") * 10})
    for grid in (
        seaborn.FacetGrid(table, col="k"),
        seaborn.pairplot(table[["x", "y"]]),
        seaborn.jointplot(data=table, x="x", y="y"),
    ):
        assert (picture("x", grid) == picture("x", grid.figure)).all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:seaborn")  # of pandas 4
def test_a_plot_of_seaborns_objects_is_drawn() -> None:
    objects = pytest.importorskip("seaborn.objects")
    table = pd.DataFrame({"x": range(20), "y": range(20)})
    drawn = picture("x", objects.Plot(table, x="x", y="y").add(objects.Line()))
    assert (drawn != 255).any()


def test_a_chart_that_only_a_browser_draws_is_refused_by_name() -> None:
    plotly = pytest.importorskip("plotly.graph_objects")
    if find_spec("kaleido") is None:
        with pytest.raises(
            SpecError, match="@x is a plotly chart, and only kaleido draws"
        ):
            read("x", plotly.Figure())


@pytest.mark.parametrize(
    ("home", "said"),
    [
        ("bokeh.plotting", "@x is of type bokeh.Chart, not a picture: save it"),
        (
            "geopandas.frame",
            r"geopandas.Chart, not a picture: draw it, like ax = x.plot",
        ),
        ("xarray.core", "xarray.Chart, not a picture: name its numbers"),
    ],
)
def test_kinds_that_cannot_be_taken_are_named(home: str, said: str) -> None:
    # A table of geopandas is one of pandas, and would be drawn without its map.
    kind = type("Chart", (pd.DataFrame,), {"__module__": home})
    with pytest.raises(SpecError, match=said):
        read("x", kind())


def test_a_column_of_vectors_is_left_beside_those_of_numbers() -> None:
    vectors = np.ones((3, 2))
    columns = (vectors, np.arange(3.0))
    figure, _ = plotted("@x", Table(columns=columns, index=np.arange(3)))
    assert len(figure.axes[0].lines) == 1
