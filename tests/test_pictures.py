"""A notebook's pictures: what each kind becomes, and what is no picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbagent.conversation.pictures import picture
from nbagent.errors import SpecError

RED = np.full((6, 4, 3), (255, 0, 0), np.uint8)


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
    from matplotlib.figure import Figure

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
        (3, "@x is a int, not a picture: pass a PIL image"),
        (np.zeros(5), r"@x has the shape \(5,\): pass a PIL image"),
        (np.zeros((4, 4, 2)), r"the shape \(4, 4, 2\)"),
        (np.zeros((0, 4, 3)), r"the shape \(0, 4, 3\)"),
        (np.full((2, 2), 2.0), "numbers outside 0..1: scale it"),
        (np.full((2, 2), np.nan), "numbers outside 0..1: scale it"),
        (np.full((2, 2), 300), "holds int64: scale it to 0..1, or to uint8"),
    ],
)
def test_what_is_no_picture_is_one_line(value: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        picture("x", value)
