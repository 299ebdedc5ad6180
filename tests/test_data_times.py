"""What a turn says of its data's times, of the most and the least, and of one more column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbagent.charts.intake import table_of
from nbagent.charts.story import Story
from nbagent.language import data_values
from nbagent.language.data_acts import Teller
from nbagent.language.data_peaks import peak
from nbagent.language.data_scores import Heard, Run, encoder_of
from nbagent.language.data_times import recent
from nbagent.language.reader import reader
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

RAIN = table_of(
    pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=120, freq="D"),
            "rain_mm": [1.0] * 60 + [2.0] * 31 + [0.0] * 29,
            "temp_c": np.linspace(-3, 20, 120),
        }
    )
)
YEARS = table_of(
    {
        "year": [2018, 2019, 2020, 2021] * 2,
        "region": ["North"] * 4 + ["South"] * 4,
        "sales": [1, 2, 3, 4, 9, 8, 7, 6],
        "shops": [1, 1, 2, 2, 3, 3, 4, 4],
    }
)
TEAS = table_of({"Units Sold (k)": [3.0, 1.0], "Tea": ["green", "black"]})
PLANS = table_of({"free": [3, 4], "pro": [2, 1], "year": [2023, 2024]})
MONTHS = table_of({"mês": ["jan", "fev", "mar"], "receita": [1, 2, 3]})
REGIONS = Chart(data="x.csv", view=View(mark="bar", x="region", y="sales"))
LINE = Chart(data="x.csv", view=View(mark="line", x="date", y="temp_c"))


def told(
    text: str,
    *runs: tuple[str, str],
    table: Any,
    chart: Chart | None = None,
    **said: str,
) -> Teller:
    """Return what a turn comes to of which these words and heads were heard."""
    own: list[Run] = []
    for tag, words in runs:
        start = text.index(words, own[-1].end if own else 0)
        state = np.zeros(384, np.float32)
        own.append(Run(tag, words, start, start + len(words), state))
    by = encoder_of(reader().low)
    kinds = {"": 0.0, "new": 1.0, "change": 0.0}
    return Teller(Heard(text, kinds, said, tuple(own), by), table, chart, {})


@pytest.mark.parametrize(
    ("text", "side", "count", "period"),
    [
        ("only the last five years", "last", 5, "year"),
        ("nur die letzten 3 Monate", "last", 3, "month"),
        ("seulement les cinq dernières années", "last", 5, "year"),
        ("sólo los últimos dos trimestres", "last", 2, "quarter"),
        ("the first two weeks", "first", 2, "week"),
        ("just last year", "last", 1, "year"),
    ],
)
def test_periods_at_an_end_of_the_times_are_heard(
    text: str, side: str, count: int, period: str
) -> None:
    found = recent(text)
    assert found is not None
    assert (found.side, found.count, found.period) == (side, count, period)


@pytest.mark.parametrize(
    "text",
    ["hold the last frame", "drop the last two seconds", "the best five regions"],
)
def test_what_is_no_period_of_the_data_is_none(text: str) -> None:
    assert recent(text) is None


def test_the_last_years_are_rows_where_words_stand_along_x() -> None:
    text = "only the last two years"
    own = told(text, ("over", "two"), ("x", "years"), table=YEARS, chart=REGIONS)
    assert own.acts() == [{"act": "only", "column": "year", "values": ["2020", "2021"]}]


def test_the_last_months_are_a_part_of_a_line() -> None:
    own = told("the last two months", ("x", "months"), table=RAIN, chart=LINE)
    assert own.acts() == [{"act": "zoom", "start": "2024-03-01", "end": "2024-04-30"}]


def test_a_title_may_speak_of_the_last_years() -> None:
    text = "title it Our last two years"
    own = told(text, ("title", "Our last two years"), table=YEARS, chart=REGIONS)
    assert own.acts() == [{"act": "title", "text": "Our last two years"}]


def test_years_from_one_on_are_rows_where_words_stand_along_x() -> None:
    own = told("start from 2020", ("from", "2020"), table=YEARS, chart=REGIONS)
    assert own.acts() == [{"act": "only", "column": "year", "values": ["2020", "2021"]}]


def test_from_a_month_on_has_no_end() -> None:
    own = told("temp_c, March and later", ("keep", "March"), table=RAIN, chart=LINE)
    assert own.acts() == [{"act": "zoom", "start": "2024-03"}]


def test_months_are_known_by_any_of_their_names() -> None:
    text = "receita de fevereiro a março"
    runs = (("y", "receita"), ("from", "fevereiro"), ("to", "março"))
    _, zoom = told(text, *runs, table=MONTHS, mark="bar").acts()
    assert zoom == {"act": "zoom", "start": "fev", "end": "mar"}


@pytest.mark.parametrize(
    ("said", "view", "found"),
    [
        ("the best region", {"x": "region", "y": "sales"}, {"what": ["South"]}),
        ("the lowest one", {"x": "region", "y": "sales"}, {"what": ["North"]}),
        (
            "the worst year",
            {"mark": "line", "x": "year", "y": "sales"},
            {"start": "2018", "end": "2018"},
        ),
        ("region North", {"x": "region", "y": "sales"}, None),
    ],
)
def test_the_most_and_the_least_are_found(
    said: str, view: dict[str, Any], found: Any
) -> None:
    assert peak(said, View(**view), YEARS) == found


def test_the_wettest_month_of_days_is_a_month() -> None:
    view = View(mark="line", x="date", y="rain_mm")
    assert peak("the wettest month", view, RAIN) == {
        "start": "2024-03-01",
        "end": "2024-03-31",
    }
    assert peak("the hottest day", View(x="date", y="temp_c"), RAIN) == {
        "start": "2024-04-29T00:00:00.000000",
        "end": "2024-04-29T00:00:00.000000",
    }


def test_a_date_lies_in_a_bar_of_its_month() -> None:
    view = View(x="date", y="rain_mm", every="month", span=("2024-03-01", "2024-03-31"))
    story = Story(Chart(data="x.csv", view=view), RAIN)
    (panel,) = story.at(story.chart.moving_s).panels.values()
    (band,) = panel.bands
    across = band.verts[:, 0]
    assert across.min() == pytest.approx(0.5)  # the third of four bars
    assert across.max() == pytest.approx(0.75)


def test_a_column_is_added_where_a_word_says_so() -> None:
    own = told("add rain_mm too", ("y", "rain_mm"), table=RAIN, chart=LINE)
    (show,) = own.acts()
    assert (show["also"], show.get("y")) == (["rain_mm"], None)
    (show,) = told("rain_mm instead", ("y", "rain_mm"), table=RAIN, chart=LINE).acts()
    assert (show["y"], show.get("also")) == ("rain_mm", None)


def test_sums_by_month_stand_along_the_dates() -> None:
    text = "monthly rain_mm as bars"
    (show,) = told(text, ("y", "rain_mm"), table=RAIN, mark="bar").acts()
    assert (show["x"], show["every"]) == ("date", "month")


def test_a_name_with_signs_in_it_is_one() -> None:
    text = "Bars of Units Sold (k) by Tea"
    runs = (("y", "Units Sold"), ("y", "k"), ("x", "Tea"))
    (show,) = told(text, *runs, table=TEAS, mark="bar").acts()
    assert (show["y"], show["x"]) == ("Units Sold (k)", "Tea")


def test_a_shade_says_nothing_of_the_background() -> None:
    text = "sales by region in dark green"
    runs = (("y", "sales"), ("x", "region"), ("colours", "green"))
    _, own = told(text, *runs, table=YEARS, mark="bar", theme="dark").acts()
    assert own == {"act": "theme", "colors": ["dark green"]}


def test_series_of_a_wide_table_are_columns_however_they_were_heard() -> None:
    text = "free and pro as areas"
    (show,) = told(
        text, ("y", "free"), ("group", "pro"), table=PLANS, mark="area"
    ).acts()
    assert (show["y"], show["also"]) == ("free", ["pro"])
    assert "group" not in show


def test_of_two_that_tell_apart_the_first_stands_along_x() -> None:
    text = "sales by year, a colour per region"
    runs = (("y", "sales"), ("group", "year"), ("group", "region"))
    (show,) = told(text, *runs, table=YEARS, mark="bar").acts()
    assert (show["x"], show["group"]) == ("year", "region")


def test_a_number_counts_in_what_its_column_does() -> None:
    assert data_values.number_in("pax_millions", "30 million") == 30
    assert data_values.number_in("pax", "30 million") == 30e6
