"""Words of a chart are read in its card, none lies over another, and all are in the frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.transforms import Bbox

from nbagent.charts.easel_text import outline
from nbagent.charts.furniture import said_at_axes, said_at_ramp, said_in_legend
from nbagent.charts.intake import table_of
from nbagent.charts.scene import Word
from nbagent.charts.story import Story
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

CARD = 420 / 1280  # how large a card shows a frame
READ = 8.8  # pixels of letters that are read
_rng = np.random.default_rng(3)

PRODUCTS: dict[str, Any] = {
    "product": [
        "Wireless noise-cancelling headphones",
        "USB-C charging cable (2 m)",
        "Ergonomic keyboard",
        "27-inch monitor",
        "Standing desk, oak veneer",
        "Webcam",
    ],
    "revenue": [1240500, 930100, 655300, 1810400, 402000, 98000],
}
MONTHS: dict[str, Any] = {
    "month": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
    "sold": [1031, 1228, 1344, 1052, 1061, 1170, 1066, 1064, 1058, 1047, 1039, 1090],
}
DAYS: dict[str, Any] = {
    "day": np.arange("2023-01-01", "2024-07-01", dtype="datetime64[D]"),
    "eur": 10000 + np.cumsum(_rng.normal(2, 30, 547)),
}
HOURS = [
    {"day": day, "hour": hour, "n": 10 * hour}
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    for hour in range(24)
]
POWER = [
    {"year": year, "source": name, "share": float(20 + i * (year - 2000))}
    for i, name in enumerate(("Coal", "Gas", "Wind", "Sun", "Peat", "Wood"))
    for year in range(2010, 2025)
]
NUMBERS: dict[str, Any] = {
    name: _rng.normal(size=60)
    for name in ("acidity", "residual sugar", "alcohol", "density", "sulphates")
}
MANY: dict[str, Any] = {
    "country": [f"Country {i}" for i in range(40)],
    "people": _rng.uniform(1e6, 9e8, 40).round(),
}
CHARTS: dict[str, tuple[Any, View]] = {
    "long names": (PRODUCTS, View()),
    "months": (MONTHS, View()),
    "a line of months": (MONTHS, View(mark="line", x="month")),
    "days": (DAYS, View(mark="line")),
    "a legend": (POWER, View(x="year", y="share", group="source")),
    "a cloud": (NUMBERS, View(mark="point")),
    "a histogram": (DAYS, View(mark="histogram", y="eur")),
    "boxes": (POWER, View(mark="box", x="source", y="share")),
    "a heat map": (HOURS, View(mark="heatmap", x="hour", group="day", y="n")),
    "correlations": (NUMBERS, View(mark="heatmap", aggregate="correlation")),
    "four panels": (POWER[:60], View(mark="line", y="share", facet="source")),
    "panels": (POWER, View(mark="area", y="share", facet="source")),
}


def said(own: Chart, data: Any) -> tuple[Story, list[Word]]:
    """Return what stands around the plots of the last frame."""
    story = Story(own, table_of(data))
    scene, look = story.at(own.moving_s), story.look
    words = [w for panel in scene.panels.values() for w in said_at_axes(panel, look)]
    words += said_in_legend(scene, look)
    words += said_at_ramp(scene.ramp, look) if scene.ramp else []
    words += look.headings()
    return story, [word for word in words if word.text]


def boxes(words: Sequence[Word]) -> list[Bbox]:
    """Return where the letters of words are."""
    found = []
    for word in words:
        path = outline(word.text, word.size, word.is_bold, word.anchor)
        x, y = (a + b for a, b in zip(word.at, word.shift, strict=True))
        found.append(path.get_extents().translated(x, y))
    return found


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)], ids=("wide", "high"))
@pytest.mark.parametrize("name", CHARTS)
def test_no_word_lies_over_another_or_leaves_the_frame(
    name: str, size: tuple[int, int]
) -> None:
    data, view = CHARTS[name]
    width, height = size
    own = Chart(data="", view=view, width=width, height=height, title="How it went")
    _, words = said(replace(own, subtitle="In a year", caption="Made up"), data)
    found = boxes(words)
    for (i, one), (k, other) in combinations(enumerate(found), 2):
        shared = Bbox.intersection(one, other)
        assert shared is None or min(shared.width, shared.height) < 1, (
            words[i].text,
            words[k].text,
        )
    for word, place in zip(words, found, strict=True):
        assert 0 <= place.x0 < place.x1 <= width, word.text
        assert 0 <= place.y0 < place.y1 <= height, word.text


@pytest.mark.parametrize("name", sorted({*CHARTS} - {"panels"}))
def test_words_are_read_in_a_card(name: str) -> None:
    data, view = CHARTS[name]
    _, words = said(Chart(data="", view=view, title="How it went"), data)
    axes = [word for word in words if not word.is_bold]
    assert min(word.size for word in axes) * CARD >= READ


def test_a_long_name_is_whole_where_its_bar_lies() -> None:
    _, words = said(Chart(data="", view=View()), PRODUCTS)
    texts = {word.text.replace("\n", " ") for word in words}
    assert set(PRODUCTS["product"]) <= texts


def test_names_of_many_bars_are_as_small_as_they_must_be() -> None:
    _, words = said(Chart(data="", view=View()), MANY)
    names = [word for word in words if word.text.startswith("Country")]
    assert len(names) == 40
    heights = sorted(word.at[1] for word in names)
    assert max(word.size for word in names) < min(np.diff(heights))
