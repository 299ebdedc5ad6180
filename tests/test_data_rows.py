"""Which rows, axes and steps a turn chooses, of words that were heard as something near."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbagent.charts.intake import table_of
from nbagent.language.data_acts import Teller
from nbagent.language.data_scores import Heard, Run
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View
from tests.test_data_acts import PRICES, by

WELL = table_of(
    {
        "depth_m": list(range(0, 40, 5)),
        "temp_c": [8.0, 8.2, 8.3, 8.9, 9.1, 9.0, 9.4, 9.9],
        "bad": [0, 0, 1, 0, 0, 0, 1, 0],
    }
)
FERRIES = table_of(
    {
        "port": ["Oban", "Ullapool"] * 4,
        "sailing": [1, 1, 2, 2, 3, 3, 4, 4],
        "cars": [40, 52, 44, 61, 39, 70, 58, 66],
        "wait_min": [5.5, 8.0, 6.1, 7.2, 5.0, 9.3, 6.6, 8.8],
        "is_full": [False, True, False, True, False, True, True, False],
    }
)


def said(
    text: str,
    *runs: tuple[str, str],
    table: Any = FERRIES,
    chart: Chart | None = None,
    **heads: str,
) -> Teller:
    """Return what a turn comes to of which these words were heard, in order."""
    at, found = 0, []
    for tag, words in runs:
        at = text.index(words, at)
        found.append(Run(tag, words, at, at + len(words), np.zeros(384, np.float32)))
        at += len(words)
    heard = Heard(text, {"": 0.0, "new": 1.0, "change": 0.0}, heads, tuple(found), by())
    return Teller(heard, table, chart, {})


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("temp_c by depth_m, skip rows where bad is 1", True),
        ("temp_c by depth_m, nur Zeilen mit bad = 0", False),
        ("temp_c by depth_m, sans les lignes où bad vaut 1", True),
        ("temp_c by depth_m, ignorando las filas donde bad es 1", True),
        ("temp_c by depth_m, only where bad is not 1", True),
    ],
)
def test_a_column_and_its_value_choose_rows(text: str, out: bool) -> None:
    runs = (("y", "temp_c"), ("x", "depth_m"), ("color", "bad"))
    show, only = said(text, *runs, table=WELL, mark="line").acts()
    assert show == {"act": "chart", "mark": "line", "x": "depth_m", "y": "temp_c"}
    value = "0" if "0" in text else "1"
    kept = {"act": "only", "column": "bad", "values": [value]}
    assert only == kept | ({"out": True} if out else {})


@pytest.mark.parametrize(
    ("text", "zoom"),
    [
        ("the pump failed after 20 s, so only up to depth_m = 20", {"end": "20"}),
        ("seulement jusqu'à depth_m = 20", {"end": "20"}),
        ("nur ab depth_m = 20", {"start": "20"}),
    ],
)
def test_a_bound_along_x_is_no_other_column_and_no_length(
    text: str, zoom: dict[str, str]
) -> None:
    line = Chart(data="x.csv", view=View(mark="line", x="depth_m", y="temp_c"))
    runs = [("y", "depth_m"), ("over", "20")]
    if "20 s" in text:
        runs.insert(0, ("seconds", "20 s"))
    acts = said(text, *runs, table=WELL, chart=line).acts()
    assert acts == [{"act": "zoom", **zoom}]


def test_columns_of_yes_and_no_choose_rows() -> None:
    runs = (("y", "cars"), ("x", "port"))
    teller = said("cars by port, only the full ones", *runs, ("keep", "full"))
    assert teller.acts()[1:] == [
        {"act": "only", "column": "is_full", "values": ["True"]}
    ]
    teller = said("cars by port, ohne full", *runs, ("color", "full"))
    assert teller.acts() == [
        {"act": "chart", "x": "port", "y": "cars"},
        {"act": "only", "column": "is_full", "values": ["True"], "out": True},
    ]


def test_a_number_that_nothing_compares_chooses_no_rows() -> None:
    runs = (("y", "cars"), ("x", "port"), ("under", "3"))
    teller = said("cars by port. The board is at 3.", *runs)
    assert [one["act"] for one in teller.acts()] == ["chart"]
    assert teller.lost == ("3",)
    teller = said("cars by port. Those under 3.", *runs)
    assert teller.acts()[1] == {"act": "only", "column": "cars", "under": 3.0}


def test_words_of_no_column_are_asked_about_where_something_is_missing() -> None:
    runs = (("y", "toll"), ("x", "port"))
    for teller in (
        said("the toll by port", *runs),  # nothing else is shown
        said("cars and toll by port", ("y", "cars"), *runs),  # they are one list
    ):
        teller.acts()
        assert "toll" in teller.guesses
    teller = said("toll is a worry: by port, the cars", *runs, ("y", "cars"))
    (show,) = teller.acts()
    assert (show["x"], show["y"]) == ("port", "cars")
    assert (dict(teller.guesses), teller.lost) == ({}, ("toll",))
    teller = said(
        "cars by port (sigh)", ("y", "cars"), ("x", "port"), ("color", "sigh")
    )
    assert teller.acts() == [{"act": "chart", "x": "port", "y": "cars"}]
    assert (dict(teller.guesses), teller.lost) == ({}, ())


def test_steps_are_gone_through() -> None:
    runs = (("x", "port"), ("y", "cars"), ("y", "sailing"), ("y", "sailing"))
    (show,) = said("port by cars, sailing by sailing", *runs, move="race").acts()
    assert (show["x"], show["y"], show["time"]) == ("port", "cars", "sailing")
    text = "each port over the sailing, cars waagrecht, wait_min senkrecht"
    runs = (("x", "port"), ("x", "sailing"), ("y", "cars"), ("x", "wait_min"))
    acts = said(text, *runs, mark="point", move="appear").acts()
    assert acts == [
        {
            "act": "chart",
            "mark": "point",
            "move": "travel",
            "time": "sailing",
            "group": "port",
            "x": "cars",
            "y": "wait_min",
        }
    ]


def test_a_histogram_counts_between_two_numbers() -> None:
    runs = (("y", "cars"), ("from", "45"), ("to", "60"))
    only = said("cars from 45 to 60", *runs, mark="histogram").acts()[1]
    assert only == {"act": "only", "column": "cars", "over": 45.0, "most": 60.0}
    teller = said("cars for my 5s", ("y", "cars"), ("from", "5s"), mark="histogram")
    assert len(teller.acts()) == 1
    assert teller.lost == ("5s",)


def test_a_series_comes_beside_what_is_shown() -> None:
    line = Chart(data="x.csv", view=View(mark="line", x="date", y="A"))
    runs = (("keep", "B"),)
    assert said("B as well", *runs, table=PRICES, chart=line).acts() == [
        {"act": "chart", "also": ["B"]}
    ]
    assert said("B", *runs, table=PRICES, chart=line).acts() == [
        {"act": "chart", "y": "B"}
    ]
