"""Words for data in motion: what is read of a turn, against the table itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from nbagent.charts.intake import table_of
from nbagent.charts.table import Table
from nbagent.language.charting import Said
from nbagent.language.charting import read as heard
from nbagent.language.data_scores import encoder_of
from nbagent.language.heads import HeadEncoder
from nbagent.language.reader import reader
from nbagent.language.state import ClipInfo, State, Variable
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

SALES = pd.DataFrame(
    {
        "region": ["Asia", "Europe", "Africa"] * 4,
        "month": pd.date_range("2020-01-01", periods=12, freq="MS"),
        "sales": range(12),
        "profit": range(12),
    }
)
PEOPLE = pd.DataFrame(
    {
        "country": ["Peru", "France"] * 3,
        "year": [2000, 2001, 2002] * 2,
        "population": range(6),
        "gdp_per_head": [1.5] * 6,
        "continent": ["America", "Europe"] * 3,
    }
)
TABLES = {"df": table_of(SALES), "pop": table_of(PEOPLE), "c1": table_of(SALES)}


def read(words: str, state: State) -> Said | None:
    return heard(words, state, lambda: encoder_of(reader().low))


def table(name: str) -> Table | None:
    return TABLES.get(name)


NEW = State(
    variables=(
        Variable(name="df", type="DataFrame", columns=tuple(SALES)),
        Variable(name="pop", type="DataFrame", columns=tuple(PEOPLE)),
        Variable(name="fig", type="Figure"),
    ),
    table=table,
)


def showing(**view: Any) -> State:
    """Return a state in which c1 shows the sales."""
    chart = Chart(data="x.csv", view=View(**view))
    return replace(NEW, clips=(ClipInfo(ref="c1", chart=chart),))


BARS = showing(mark="bar", x="region", y="sales")
LINE = showing(mark="line", x="month", y="sales")
FIGURE = replace(NEW, clips=(ClipInfo(ref="c1", chart=Chart(data="x.npz")),))


@pytest.mark.parametrize(
    ("words", "name", "acts"),
    [
        ("animate this plot so that the bars grow", "fig", [{"move": "grow"}]),
        (
            "animate @fig, the bars grow one after the other",
            "fig",
            [{"move": "grow", "turns": "in turn"}],
        ),
        ("lass @fig wachsen, einen nach dem anderen", "fig", None),
        ("animate @df", "df", [{}]),
        (
            "animate @df: sales by region, month after month",
            "df",
            [{"x": "region", "y": "sales", "move": "travel", "time": "month"}],
        ),
        (
            "race the top ten countries by population",
            "pop",
            [
                {"move": "race", "x": "country", "y": "population"},
                {"act": "top", "count": 10},
            ],
        ),
        (
            "draw the line of sales in five seconds, then highlight June",
            "df",
            [
                {"mark": "line", "move": "draw", "y": "sales", "seconds": 5.0},
                {
                    "act": "highlight",
                    "start": "2020-06",
                    "end": "2020-06-30",
                    "then": True,
                },
            ],
        ),
        (
            "animate @pop: population against gdp per head, over the years, sized by"
            " population, coloured by continent",
            "pop",
            [
                {
                    "mark": "point",
                    "x": "gdp_per_head",
                    "y": "population",
                    "move": "travel",
                    "time": "year",
                    "size": "population",
                    "color": "continent",
                }
            ],
        ),
        (
            "animate @df: profit of Europe by month",
            "df",
            [
                {"mark": "line", "x": "month", "y": "profit"},
                {"act": "only", "column": "region", "values": ["Europe"]},
            ],
        ),
        (
            "animate sales by region as a pie",
            "df",
            [{"mark": "pie", "x": "region", "y": "sales"}],
        ),
        (
            "histogram of sales in @df that fills up",
            "df",
            [{"mark": "histogram", "move": "fill", "y": "sales"}],
        ),
        (
            "animiere @df: sales nach region, Monat für Monat",
            "df",
            [{"x": "region", "y": "sales", "move": "travel", "time": "month"}],
        ),
        (
            "anime @df : sales par region, mois après mois",
            "df",
            [{"x": "region", "y": "sales", "move": "travel", "time": "month"}],
        ),
        (
            "anima @df: sales por region, mes a mes",
            "df",
            [{"x": "region", "y": "sales", "move": "travel", "time": "month"}],
        ),
        (
            "anima @df: sales per region, mese dopo mese",
            "df",
            [{"x": "region", "y": "sales", "move": "travel", "time": "month"}],
        ),
        (
            "anime @df: sales por region, mês a mês",
            "df",
            [{"x": "region", "y": "sales", "move": "travel", "time": "month"}],
        ),
        (
            "@dfをアニメーションに: region別のsales",
            "df",
            [{"x": "region", "y": "sales"}],
        ),
        ("@df를 애니메이션으로: region별 sales", "df", [{"x": "region", "y": "sales"}]),
        ("把@df做成动画：按region的sales", "df", [{"x": "region", "y": "sales"}]),
    ],
)
def test_a_turn_shows_data(
    words: str, name: str, acts: list[dict[str, Any]] | None
) -> None:
    said = read(words, NEW)
    assert said is not None
    assert said.name == name
    if acts is not None:
        assert list(said.acts) == [{"act": "chart", **one} for one in acts]


@pytest.mark.parametrize(
    "words",
    [
        "a red ball on the beach",
        "the sun rises over the region",
        "dog race in the country",
        "what is the mean of sales",
        "plot the mean of sales by region",
        "show me @df",
        "zoom into this plot",
        "pan over @fig slowly",
        "undo",
    ],
)
def test_other_turns_are_left_to_others(words: str) -> None:
    assert read(words, NEW) is None


def only(*values: str, **more: Any) -> dict[str, Any]:
    return {"act": "only", "column": "region", "values": [*values], **more}


@pytest.mark.parametrize(
    ("words", "acts"),
    [
        ("only Europe", [only("Europe")]),
        ("only Europe and asia", [only("Europe", "Asia")]),
        ("without Asia", [only("Asia", out=True)]),
        ("sales over 5", [{"act": "only", "column": "sales", "over": 5.0}]),
        ("sort it", [{"act": "sort"}]),
        ("the smallest first", [{"act": "sort", "order": "up"}]),
        ("top two", [{"act": "top", "count": 2}]),
        ("dark", [{"act": "theme", "theme": "dark"}]),
        (
            "in our brand colours #123456 and #ff8800",
            [{"act": "theme", "colors": ["#123456", "#ff8800"]}],
        ),
        ("from bars to a line", [{"act": "chart", "mark": "line", "then": True}]),
        ("as a line", [{"act": "chart", "mark": "line"}]),
        ("hold the last frame for two seconds", [{"act": "hold", "seconds": 2.0}]),
        (
            "hold the first frame for 1 s",
            [{"act": "hold", "seconds": 1.0, "side": "start"}],
        ),
        ("log scale", [{"act": "log"}]),
        ("show profit instead", [{"act": "chart", "y": "profit"}]),
        ("switch to profit", [{"act": "chart", "y": "profit", "then": True}]),
        ("one after the other", [{"act": "chart", "turns": "in turn"}]),
        ("c1 as a line", [{"act": "chart", "mark": "line"}]),
        ("show c1 as a line", [{"act": "chart", "mark": "line"}]),
        (
            "turn the c1 bars into a line",
            [{"act": "chart", "mark": "line", "then": True}],
        ),
        ("highlight Europe", [{"act": "highlight", "what": ["Europe"]}]),
        (
            "sort it, then highlight Asia",
            [{"act": "sort"}, {"act": "highlight", "what": ["Asia"], "then": True}],
        ),
        ("with the new numbers", [{"act": "refresh"}]),
        ("zoom out", [{"act": "zoom", "out": True}]),
        ("nur Europe", [only("Europe")]),
        ("seulement Europe", [only("Europe")]),
        ("solo Europe", [only("Europe")]),
        ("só Europe", [only("Europe")]),
        ("Europeだけ", [only("Europe")]),
        ("Europe만", [only("Europe")]),
        ("只看Europe", [only("Europe")]),
        ("sortiere es", [{"act": "sort"}]),
        ("ordena", [{"act": "sort"}]),
        ("trie", [{"act": "sort"}]),
        ("並べ替えて", [{"act": "sort"}]),
        ("정렬해줘", [{"act": "sort"}]),
        ("排序", [{"act": "sort"}]),
        ("dunkel", [{"act": "theme", "theme": "dark"}]),
        ("fond sombre", [{"act": "theme", "theme": "dark"}]),
        ("ダークにして", [{"act": "theme", "theme": "dark"}]),
    ],
)
def test_a_turn_changes_bars(words: str, acts: list[dict[str, Any]]) -> None:
    said = read(words, BARS)
    assert said is not None
    assert list(said.acts) == acts
    assert (said.clips, said.rest) == (("c1",), "")


@pytest.mark.parametrize(
    ("words", "acts"),
    [
        ("zoom to 2020 and later", [{"act": "zoom", "start": "2020"}]),
        (
            "zoom to March to May",
            [{"act": "zoom", "start": "2020-03", "end": "2020-05-31"}],
        ),
        ("zoom to 2020-06", [{"act": "zoom", "start": "2020-06", "end": "2020-06-30"}]),
        (
            "highlight June",
            [{"act": "highlight", "start": "2020-06", "end": "2020-06-30"}],
        ),
        (
            "hebe Juni hervor",
            [{"act": "highlight", "start": "2020-06", "end": "2020-06-30"}],
        ),
        ("add a regression line", [{"act": "trend"}]),
        (
            'annotate March with "lockdown"',
            [{"act": "annotate", "text": "lockdown", "at": "2020-03"}],
        ),
        ("a threshold at 5", [{"act": "threshold", "value": 5.0}]),
        ("by region", [{"act": "chart", "group": "region"}]),
    ],
)
def test_a_turn_changes_a_line(words: str, acts: list[dict[str, Any]]) -> None:
    said = read(words, LINE)
    assert said is not None
    assert list(said.acts) == acts


def test_what_is_of_something_else_is_handed_back() -> None:
    said = read("dark, and slower", BARS)
    assert said is not None
    assert said.rest == "slower"
    for words in ("slower", "at night", "a red ball on the beach"):
        assert read(words, BARS) is None
    said = read("16:9", BARS)
    assert said is not None
    assert said.acts == ({"act": "aspect", "aspect": "16:9"},)


def test_parts_of_a_figure_are_named_as_they_are() -> None:
    said = read("highlight b", FIGURE)
    assert said is not None
    assert said.acts == ({"act": "highlight", "what": ["b"]},)
    said = read("one by one", FIGURE)
    assert said is not None
    assert said.acts == ({"act": "chart", "turns": "in turn"},)


def test_what_hears_of_data_is_loaded_where_there_is_some() -> None:
    def never() -> HeadEncoder:
        raise AssertionError("loaded for nothing")

    assert heard("a red ball crosses the beach", State(), never) is None
    with pytest.raises(AssertionError, match="for nothing"):
        heard("animate @df", NEW, never)
