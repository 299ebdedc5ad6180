"""Tables whose columns are years, or a pivot's words, and charts whose series are columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from nbagent.charts.intake import table_of
from nbagent.charts.wide import tidied
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.settings import Settings
from tests.test_charted_clips import Talk, chart_of

UNEMPLOYED = pd.DataFrame(
    {
        "country": ["Spain", "Japan", "Kenya"],
        2022: [12.9, 2.6, 5.6],
        2023: [12.2, 2.6, 5.7],
        2024: [11.4, np.nan, 5.4],
    }
)
POWER = pd.DataFrame(
    {"gas": [3.0, 2.0, 4.0], "wind": [1.0, 5.0, 2.0], "solar": [1.0, 2.0, 3.0]},
    index=pd.date_range("2024-01-01", periods=3, freq="MS", name="month"),
)


@pytest.fixture
def talk(settings: Settings) -> Iterator[Talk]:
    session = Session(settings=settings, engine=Engine(settings))
    found = Talk(session)
    found.values = {"unemployed": UNEMPLOYED, "power": POWER}
    yield found
    session.close()


def test_columns_that_are_years_become_rows() -> None:
    long = tidied(table_of(UNEMPLOYED), UNEMPLOYED, "rate")
    assert long is not None
    assert long.names == ("country", "year", "rate")
    assert long["country"].texts[:4] == ["Spain", "Spain", "Spain", "Japan"]
    assert long["year"].texts[:4] == ["2022", "2023", "2024", "2022"]
    assert long["rate"].texts[:6] == ["12.9", "12.2", "11.4", "2.6", "2.6", None]


@pytest.mark.parametrize(
    ("names", "key", "kind"),
    [
        (["Jan", "Feb", "Mar"], "month", "text"),
        (["Q1 2024", "Q2 2024", "Q3 2024"], "quarter", "text"),
        (["2024-01", "2024-02", "2024-03"], "date", "time"),
    ],
)
def test_so_do_other_times(names: list[str], key: str, kind: str) -> None:
    table = table_of(
        pd.DataFrame({"shop": ["a", "b"], **{name: [1, 2] for name in names}})
    )
    long = tidied(table, None, "")
    assert long is not None
    assert long.names == ("shop", key, "value")
    assert long[key].kind == kind


def test_a_pivot_says_what_its_columns_are() -> None:
    rides = pd.DataFrame(
        {"day": ["Mon", "Tue"] * 3, "hour": [8, 8, 9, 9, 10, 10], "rides": range(6)}
    )
    pivot = rides.pivot(index="day", columns="hour", values="rides")
    long = tidied(table_of(pivot), pivot, "rides")
    assert long is not None
    assert long.names == ("day", "hour", "rides")
    flat = pivot.reset_index()  # which still says what its columns are
    same = tidied(table_of(flat), flat, "rides")
    assert same is not None
    assert same.names == ("day", "hour", "rides")


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"temperature": [1, 2], "rain": [2, 3], "wind": [3, 4]}),
        pd.DataFrame({"shop": ["a", "b"], "2023": [1, 2], "2024": [3, 4]}),
        pd.DataFrame({"year": ["a"], "2022": [1], "2023": [1], "2024": [1]}),
        pd.DataFrame({"shop": ["a"], "2022": [1], "2023": [1], "2024": [1], "n": [1]}),
    ],
    ids=["measures", "two", "a year already", "and another measure"],
)
def test_what_is_no_series_of_times_stays(table: pd.DataFrame) -> None:
    assert tidied(table_of(table), table, "rate") is None


def test_a_wide_table_goes_through_its_years(talk: Talk) -> None:
    chart = chart_of(talk.clip("race the countries in @unemployed, year by year"))
    assert (chart.move, chart.view.x, chart.view.time) == ("race", "country", "year")
    one = chart_of(talk.clip("bars of @unemployed for 2024, by country"))
    assert [(f.column, f.values) for f in one.view.keep] == [("year", ("2024",))]


def test_a_column_that_is_named_in_python_stays_one(talk: Talk) -> None:
    chart = chart_of(talk.animate("unemployed", x="country", y="2024"))
    assert (chart.view.x, chart.view.y) == ("country", "2024")


def test_a_series_that_is_a_column_goes(talk: Talk) -> None:
    whole = talk.animate("power", x="month", y="gas", also=("wind", "solar"))
    less = talk.change(whole, {"act": "only", "values": ["gas"], "out": True})
    assert (chart_of(less).views[-1].y, chart_of(less).views[-1].also) == (
        "wind",
        ("solar",),
    )
    with pytest.raises(SpecError, match="nothing would be left"):
        talk.change(less, {"act": "only", "values": ["wind", "solar"], "out": True})
