"""What heard words come to: acts that agree with the table, with what is unclear kept apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbagent.charts.intake import table_of
from nbagent.language import data_values
from nbagent.language.data_acts import Teller
from nbagent.language.data_columns import named, sharing
from nbagent.language.data_scores import Heard, Run, encoder_of
from nbagent.language.reader import reader
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

SALES = table_of(
    pd.DataFrame(
        {
            "region": ["Asia", "Europe", "Africa"] * 4,
            "month": pd.date_range("2020-01-01", periods=12, freq="MS"),
            "net_sales": range(12),
            "profit": range(12),
        }
    )
)
WEEKS = table_of({"week": list(range(1, 7)), "rooms": [4.0, 2.0, 8.0, 5.0, 7.0, 6.0]})
BARS = Chart(data="x.csv", view=View(mark="bar", x="region", y="profit"))

LINE = Chart(data="x.csv", view=View(mark="line", x="month", y="profit"))


def told(
    *runs: tuple[str, str], table: Any = SALES, chart: Chart | None = None, **said: str
) -> Teller:
    """Return what a turn comes to of which these words and heads were heard."""
    at, found = 0, []
    for tag, text in runs:
        state = np.zeros(384, np.float32)
        found.append(Run(tag, text, at, at + len(text), state))
        at += len(text) + 1
    text = " ".join(text for _, text in runs)
    heard = Heard(text, {"": 0.0, "new": 1.0, "change": 0.0}, said, tuple(found), by())
    return Teller(heard, table, chart, {})


def by() -> Any:
    return encoder_of(reader().low)


def test_columns_go_where_they_are_used() -> None:
    (show,) = told(("x", "region"), ("y", "net sales"), ("y", "profit")).acts()
    assert show == {
        "act": "chart",
        "x": "region",
        "y": "net_sales",
        "also": ["profit"],
    }


def test_a_line_goes_along_its_times_and_words_tell_lines_apart() -> None:
    (show,) = told(
        ("y", "profit"), ("time", "month by month"), ("x", "region"), mark="line"
    ).acts()
    assert show == {
        "act": "chart",
        "mark": "line",
        "y": "profit",
        "x": "month",
        "group": "region",
    }


def test_a_move_that_its_mark_cannot_make_is_its_usual_one() -> None:
    (show,) = told(("y", "profit"), mark="bar", move="draw").acts()
    assert show == {"act": "chart", "mark": "bar", "y": "profit"}
    (show,) = told(("y", "profit"), move="sweep").acts()
    assert show["mark"] == "pie"


def test_numbers_that_only_rise_are_an_axis() -> None:
    (show,) = told(("y", "rooms"), ("y", "week"), table=WEEKS, mark="line").acts()
    assert (show["x"], show["y"]) == ("week", "rooms")
    (show,) = told(("y", "rooms"), ("time", "weekly"), table=WEEKS, move="race").acts()
    assert show["mark"] == "line"


def test_rows_stay_by_values_and_by_times() -> None:
    acts = told(("keep", "asia"), ("keep", "the north"), chart=BARS)
    assert acts.acts() == [{"act": "only", "column": "region", "values": ["Asia"]}]
    assert acts.lost == ("the north",)
    assert told(("out", "Europe"), chart=BARS).acts() == [
        {"act": "only", "column": "region", "values": ["Europe"], "out": True}
    ]
    assert told(("keep", "June"), chart=LINE).acts() == [
        {"act": "zoom", "start": "2020-06", "end": "2020-06-30"}
    ]
    assert told(("over", "5k"), ("by", "net sales"), chart=BARS).acts() == [
        {"act": "only", "column": "net_sales", "over": 5000.0}
    ]


def test_a_day_is_a_place_of_its_own() -> None:
    assert told(("highlight", "4 June"), chart=LINE).acts() == [
        {"act": "highlight", "start": "2020-06-04", "end": "2020-06-04"}
    ]
    assert told(("keep", "June 2020"), chart=LINE).acts() == [
        {"act": "zoom", "start": "2020-06", "end": "2020-06-30"}
    ]


def test_what_comes_after_is_a_step() -> None:
    line = told(
        ("y", "profit"),
        ("seconds", "five seconds"),
        ("then", "then"),
        ("highlight", "June"),
        mark="line",
    )
    assert line.acts()[1] == {
        "act": "highlight",
        "start": "2020-06",
        "end": "2020-06-30",
        "then": True,
    }
    assert line.acts()[0]["seconds"] == 5.0
    assert told(chart=BARS, then_mark="line").acts() == [
        {"act": "chart", "mark": "line", "then": True}
    ]


def test_what_is_said_in_passing_of_a_chart_changes_nothing() -> None:
    acts = told(("x", "region"), ("highlight", "Asia"), mark="bar", chart=BARS).acts()
    assert acts == [{"act": "highlight", "what": ["Asia"]}]


def test_a_figure_keeps_its_parts() -> None:
    (show,) = told(("y", "votes"), table=None, mark="line", turns="in turn").acts()
    assert show == {"act": "chart", "turns": "in turn"}


def test_a_column_is_known_by_its_name_or_a_part_of_it_alone() -> None:
    assert named("Net-Sales", SALES) == "net_sales"
    assert named("sales", SALES) == "net_sales"
    assert named("month by month", SALES) == "month"
    assert named("weather", SALES) == ""
    both = table_of({"order date": ["a"], "ship date": ["b"], "n": [1]})
    assert named("date", both) == ""
    assert sharing("date", both) == ("order date", "ship date")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("1.5k", 1500),
        ("€5,000", 5000),
        ("3,5", 3.5),
        ("120 000", 120_000),
        ("1,000,000", 1_000_000),
        ("50 million", 50_000_000),
        ("2.5 Mio", 2_500_000),
        ("top five", 5),
        ("上位5", 5),
    ],
)
def test_numbers_as_people_write_them(said: str, number: float) -> None:
    assert data_values.number(said) == number


def test_words_without_a_number_are_none() -> None:
    assert data_values.number("a lot") is None
    assert data_values.seconds("soon") is None
    assert data_values.seconds("half a second") == 0.5


TICKETS = table_of(
    {
        "team": ["Ash", "Elm", "Oak"] * 4,
        "severity": [1, 2, 3] * 4,
        "year": [2021, 2022] * 6,
        "hours_open": [float(n) for n in range(12)],
        "note": [f"n{n}" for n in range(12)],
    }
)
COUNTS = Chart(data="x.csv", view=View(x="team", y="hours_open"))
PRICES = table_of(
    {"date": pd.date_range("2024-01-01", periods=60), "A": range(60), "B": range(60)}
)


def test_a_number_beside_a_column_is_its_value() -> None:
    assert told(("keep", "severity 1"), table=TICKETS, chart=COUNTS).acts() == [
        {"act": "only", "column": "severity", "values": ["1"]}
    ]
    runs = (("by", "severity"), ("out", "2"), ("out", "3"))
    assert told(*runs, table=TICKETS, chart=COUNTS).acts() == [
        {"act": "only", "column": "severity", "values": ["2", "3"], "out": True}
    ]


def test_words_over_a_number_are_those_whose_values_are() -> None:
    runs = (("by", "teams"), ("over", "5"))
    assert told(*runs, table=TICKETS, chart=COUNTS).acts() == [
        {"act": "only", "column": "hours_open", "over": 5.0}
    ]


def test_a_value_is_known_in_another_form() -> None:
    lands = table_of({"land": ["Spain", "France", "Germany"], "n": [1, 2, 3]})
    bars = Chart(data="x.csv", view=View(x="land", y="n"))
    (only,) = told(("out", "French"), table=lands, chart=bars).acts()
    assert only["values"] == ["France"]
    (only,) = told(("out", "purple"), table=lands, chart=bars).acts()
    assert only["values"] == ["purple"]  # which is refused, with what there is


def test_what_is_said_by_the_way_is_no_column() -> None:
    teller = told(("y", "A"), ("group", "room"), ("x", "10k"), table=PRICES)
    (show,) = teller.acts()
    assert show["y"] == "A"
    assert (teller.guesses, teller.lost) == ({}, ("room", "10k"))
    code = told(("y", "sales_eur"), table=TICKETS)
    (show,) = code.acts()
    assert (show["y"], code.guesses) == ("sales_eur", {})  # no column means that


def test_names_of_columns_that_were_heard_as_values_are_columns() -> None:
    years = table_of({"product": ["a", "b"], "2023": [1, 2], "2024": [3, 4]})
    runs = (("keep", "2023"), ("keep", "2024"), ("x", "product"))
    (show,) = told(*runs, table=years, mark="bar", stacking="grouped").acts()
    assert (show["x"], show["y"], show["also"]) == ("product", "2023", ["2024"])


def test_years_that_are_compared_stand_side_by_side() -> None:
    runs = (("y", "hours open"), ("keep", "2021"), ("keep", "2022"), ("x", "team"))
    show, only = told(*runs, table=TICKETS, stacking="grouped").acts()
    assert (show["x"], show["group"]) == ("team", "year")
    assert only["values"] == ["2021", "2022"]


def test_all_columns_are_meant_where_their_number_is_said() -> None:
    (show,) = told(("y", "both shares"), ("x", "date"), table=PRICES).acts()
    assert (show["y"], show["also"]) == ("A", ["B"])
    (show,) = told(("x", "shares"), table=PRICES, move="race").acts()
    assert show == {"act": "chart", "move": "race"}  # its columns become rows


def test_dates_are_put_together_by_what_is_coarser_than_they_are() -> None:
    (show,) = told(("y", "A"), ("x", "monthly"), table=PRICES, mark="line").acts()
    assert (show["y"], show["every"]) == ("A", "month")
    (show,) = told(("y", "A"), ("x", "day by day"), table=PRICES, mark="line").acts()
    assert "every" not in show


def test_a_mean_of_words_is_not_taken_for_one_of_numbers() -> None:
    runs = (("x", "note"), ("x", "team"))
    (show,) = told(*runs, table=TICKETS, aggregate="mean").acts()
    assert (show["y"], show["x"]) == ("note", "team")  # the chart refuses words


def test_a_word_of_the_lists_says_exactly_that() -> None:
    runs = (("y", "hours open"), ("x", "median"))
    (show,) = told(*runs, table=TICKETS, aggregate="mean").acts()
    assert show["aggregate"] == "median"


def test_rows_are_counted_where_nothing_is_measured() -> None:
    (show,) = told(("x", "team"), ("lost", "how many"), table=TICKETS).acts()
    assert show == {"act": "chart", "x": "team", "aggregate": "count"}


def test_a_trend_that_is_there_goes() -> None:
    fitted = Chart(
        data="x.csv", view=View(mark="line", x="date", y="A", has_trend=True)
    )
    acts = told(table=PRICES, chart=fitted, trend="yes").acts()
    assert acts == [{"act": "trend", "off": True}]
