"""The pictures of docs/charts.md: each move at three moments, and a race in motion.

    python -m nbagent.charts.gallery docs/img

writes it anew, from data that is made up here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nbagent.charts.drawing import Drawing
from nbagent.charts.fonts import face
from nbagent.charts.intake import table_of
from nbagent.charts.planes import Pixels
from nbagent.charts.theme import THEMES
from nbagent.media import animated_webp
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import Filter, Remark, View

_SIDE: Final = (324, 576)  # height and width of a picture: what is said stays readable
_MOMENTS: Final = (0.35, 0.7, 1.0)  # of the time that things move
_FILM: Final = (324, 576)
_FILM_FPS: Final = 12
_GAP: Final = 6
_STRIP: Final = 68  # height of the request below them
_LETTERS: Final = 44
_rng = np.random.default_rng(7)

CITIES: Final = {
    "city": ["Berlin", "Hamburg", "Munich", "Cologne", "Frankfurt", "Leipzig"],
    "sales": [1240, 930, 1105, 760, 655, 410],
    "cost": [980, 870, 760, 540, 610, 300],
}
_YEARS: Final = range(2012, 2025)
_SOURCES: Final = {
    "Coal": (46, -2.6),
    "Gas": (25, 0.4),
    "Wind": (9, 1.8),
    "Sun": (3, 2.2),
}
POWER: Final = [
    {"year": year, "source": name, "share": round(base + slope * i + np.sin(i), 1)}
    for name, (base, slope) in _SOURCES.items()
    for i, year in enumerate(_YEARS)
]
_NAMES: Final = (
    "Aster Birch Cedar Daisy Elder Fern Gorse Hazel Iris Jasmine Kelp Lotus".split()
)
TRADE: Final = [
    {
        "firm": name,
        "field": ("Energy", "Health", "Software")[i % 3],
        "year": year,
        "revenue": 20 + 7 * ((i * 5) % 7) + (1 + (i * 7) % 5) * 2.2 * k,
        "staff": 200 * 1.22 ** ((i * 3) % 9) * (1 + 0.07 * k),
        "value": 5 + (i * 11) % 30 + k * (i % 4),
    }
    for i, name in enumerate(_NAMES)
    for k, year in enumerate(_YEARS)
]
PEOPLE: Final = {
    "age": np.r_[_rng.normal(34, 9, 260), _rng.normal(58, 7, 140)].round(1),
    "group": ["North"] * 130 + ["South"] * 150 + ["West"] * 120,
}
PEOPLE["pace"] = 9 - 0.06 * PEOPLE["age"] + _rng.normal(0, 0.5, 400)
HOURS: Final = [
    {
        "day": day,
        "hour": f"{hour:02d}",
        "visits": round(40 + 30 * np.sin(hour / 4) + 6 * i),
    }
    for i, day in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
    for hour in range(6, 22)
]
INDEX: Final = {
    "month": np.arange("2022-01", "2025-01", dtype="datetime64[M]").astype(
        "datetime64[D]"
    ),
    "index": 100 + np.cumsum(_rng.normal(1.4, 3, 36)).round(1),
    "off": np.linspace(2, 9, 36),
}

TABLES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "cities": CITIES,
        "power": POWER,
        "trade": TRADE,
        "people": PEOPLE,
        "visits": HOURS,
        "prices": INDEX,
    }
)
"""By what they are called in the requests."""


class Move(NamedTuple):
    """A move of the gallery.

    Attributes:
        name: What it is called.
        request: What one says for it, of a table or of a clip of it; in Python where
            there are no words.
        data: What it shows, of `TABLES`.
        view: What is seen once it has appeared.
        fields: What else its chart says.
    """

    name: str
    request: str
    data: str
    view: View = View()
    fields: Mapping[str, Any] = MappingProxyType({})


def _then(**change: Any) -> dict[str, Any]:
    """Return the fields of a chart of which a step alone is shown."""
    return {
        "seconds": 0.1,
        "move": "none",
        "steps": (Step(change=change, seconds=2.0),),
    }


_FIRMS: Final = View(
    mark="point", x="revenue", y="value", size="staff", colour="field", group="firm"
)
_RECENT: Final = (Filter(column="year", test="over", values=(2021,)),)
_OUT: Final = (Filter(column="city", test="not", values=("Berlin", "Cologne")),)
GALLERY: Final = (
    Move("Bars grow", "animate @cities: sales by city", "cities"),
    Move("One after the other", "animate @cities: sales by city, one after the other",
          "cities", View(), {"turns": "in turn"}),
    Move("A race", "race @trade by revenue, coloured by field", "trade",
          View(x="firm", y="revenue", colour="field"), {"move": "race"}),
    Move("A line draws itself", "animate @power: lines of share by source", "power",
          View(mark="line", y="share", group="source")),
    Move("Stacked areas", "animate @power: share by source as stacked areas", "power",
          View(mark="area", y="share", group="source")),
    Move("Points travel", "animate @trade: value against revenue, sized by staff, coloured"
          " by field, over the years", "trade", _FIRMS, {"move": "travel"}),
    Move("Points appear", "animate @people: pace against age, coloured by group", "people",
          View(mark="point", x="age", y="pace", colour="group")),
    Move("A line fits itself", "fit a line", "people",
          View(mark="point", x="age", y="pace"), _then(has_trend=True)),
    Move("A histogram fills", "animate @people: a histogram of age", "people",
          View(mark="histogram", y="age")),
    Move("Boxes open", "animate @people: box plots of age by group", "people",
          View(mark="box", x="group", y="age")),
    Move("Boxes become violins", "from boxes to violins", "people",
          View(mark="box", x="group", y="age"), _then(mark="violin")),
    Move("A heat map fills", "animate @visits as a heat map: visits by hour and day",
          "visits", View(mark="heatmap", x="hour", group="day", y="visits")),
    Move("A donut sweeps", "animate @cities: sales by city as a donut", "cities",
          View(mark="donut")),
    Move("A number counts", "animate @cities: sales as a counter", "cities",
          View(mark="counter", y="sales")),
    Move("Small multiples", "animate @power as areas of share, a panel for each source",
          "power", View(mark="area", y="share", facet="source")),
    Move("Errors widen", 'clip.chart(error="off", then=True)', "prices",
          View(mark="line", y="index"), _then(error=("off",))),
    Move("A threshold", "a threshold at 125", "prices",
          View(mark="line", y="index", has_values=False),
          _then(threshold=125.0, threshold_text="")),
    Move("A remark", 'annotate June 2023 with "A new shop"', "prices",
          View(mark="line", y="index", has_values=False),
          _then(remarks=(Remark(text="A new shop", x="2023-06"),))),
    Move("Zoom", "zoom to 2024", "prices", View(mark="line", y="index"),
          _then(x_range=("2024-01", "2024-12-31"))),
    Move("Highlight", "highlight Wind", "power", View(mark="line", y="share"),
          _then(highlight=("Wind",))),
    Move("Highlight a time", "highlight March to August 2023", "prices", View(mark="line", y="index"),
          _then(span=("2023-03", "2023-08-31"))),
    Move("Sort", "then sort ascending", "cities", View(), _then(sort="up")),
    Move("Filter", "then without Berlin and Cologne", "cities", View(), _then(keep=_OUT)),
    Move("Another measure", "switch to cost", "cities", View(), _then(y="cost")),
    Move("Beside, then stacked", "then stacked", "power",
          View(x="year", y="share", group="source", stacking="grouped", keep=_RECENT),
          _then(stacking="stacked")),
    Move("Bars become a line", "from bars to a line", "cities", View(),
          _then(mark="line", aggregate="sum")),
)  # fmt: skip


def sheet(theme: str) -> Image.Image:
    """Return all moves: two beside each other, three moments and the request of each."""
    rows = [_row(one, theme) for one in GALLERY]
    rows += [np.full_like(rows[0], 128)] * (len(rows) % 2)
    pairs = [np.hstack(rows[i : i + 2]) for i in range(0, len(rows), 2)]
    return Image.fromarray(np.vstack(pairs))


def _row(one: Move, theme: str) -> Pixels:
    chart = Chart(
        data="", view=one.view, **{"title": one.name, "theme": theme, **one.fields}
    )
    drawing = Drawing(chart, table_of(TABLES[one.data]), *_SIDE)
    begins = chart.moving_s - chart.steps[0].seconds if chart.steps else 0.0
    times = [begins + share * (chart.moving_s - begins) for share in _MOMENTS]
    edge = ((0, _GAP), (0, _GAP), (0, 0))
    moments = np.hstack(
        [np.pad(drawing.frame(t), edge, constant_values=128) for t in times]
    )
    return np.vstack([moments, _said(one.request, theme, moments.shape[1])])


def _said(request: str, theme: str, width: int) -> Pixels:
    """Return a request in words, on a strip below its moments."""
    look = THEMES[theme]
    strip = Image.new("RGB", (width, _STRIP), look.band)
    for size in range(_LETTERS, 0, -1):
        letters = ImageFont.truetype(face("", request).path, size)
        if letters.getlength(request) < width - 2 * _GAP:
            break
    at = (_GAP, _STRIP // 2)
    ImageDraw.Draw(strip).text(at, request, look.ink, letters, anchor="lm")
    return np.asarray(strip)


def film() -> bytes:
    """Return the race in motion, as an animated webp, and its last frame for a second."""
    own = next(one for one in GALLERY if one.name == "A race")
    chart = Chart(data="", view=own.view, title="Revenue", **own.fields)
    drawing = Drawing(chart, table_of(TABLES[own.data]), *_FILM)
    times = np.arange(0, chart.duration_s, 1 / _FILM_FPS)
    return animated_webp(np.stack([drawing.frame(t) for t in times]), _FILM_FPS)


def main() -> None:
    """Write the sheets and the film into a folder."""
    folder = Path(sys.argv[1])
    for theme in THEMES:
        picture = sheet(theme)
        small = picture.resize((picture.width // 2, picture.height // 2))
        small.save(folder / f"charts-{theme}.webp", quality=78, method=6)
    (folder / "race.webp").write_bytes(film())


if __name__ == "__main__":
    main()
