"""Plain requests that the words of the lists and the table's names tell by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbagent.charts.intake import table_of
from nbagent.language import charting
from nbagent.language.charting import Said
from nbagent.language.data_limits import bound_at
from nbagent.language.data_scores import encoder_of
from nbagent.language.data_told import Told
from nbagent.language.reader import reader
from nbagent.language.state import ClipInfo, State, Variable
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

LAKES = table_of(
    pd.DataFrame(
        {
            "lake": ["Lugano", "Garda", "Iseo"] * 8,
            "year": np.repeat(range(2010, 2018), 3),
            "level": np.linspace(3.0, 9.0, 24),
            "salinity": np.linspace(1.0, 2.0, 24),
            "delay": np.linspace(5.0, 30.0, 24),
            "shore": ["sand", "rock"] * 12,
        }
    )
)
BARS = Chart(data="x.csv", view=View(x="lake", y="level"))
LINE = Chart(data="x.csv", view=View(mark="line", x="year", y="level"))
LINES = Chart(data="x.csv", view=View(mark="line", x="year", y="level", group="lake"))
CELLS = Chart(
    data="x.csv", view=View(mark="heatmap", x="lake", group="shore", y="level")
)


def said(text: str, chart: Chart | None = None) -> Said | None:
    """Return what is heard of a turn about the lakes, or about a chart of them."""
    clips = () if chart is None else (ClipInfo(ref="c1", chart=chart),)
    state = State(
        variables=(Variable(name="lakes", type="DataFrame"),),
        clips=clips,
        table=lambda name: LAKES if name in ("lakes", "c1") else None,
    )
    return charting.read(text, state, lambda: encoder_of(reader().low))


def acts(text: str, chart: Chart | None = None) -> tuple[dict[str, Any], ...]:
    found = said(text, chart)
    assert found is not None, "it is about no data"
    assert bool(found.clips) == (chart is not None), "something new, or a change"
    return found.acts


# How something developed


@pytest.mark.parametrize(
    "text",
    [
        "how did the level evolve?",
        "show how level has changed over the years",
        "wie hat sich level entwickelt?",
        "comment level a-t-il évolué ?",
        "¿cómo evolucionó level?",
        "como evoluiu o level?",
        "l'andamento di level",
        "levelはどう推移した？",
        "level은 어떻게 변했나",
        "level如何变化",
    ],
)
def test_how_something_developed_is_a_line(text: str) -> None:
    (show,) = acts(text)
    assert (show["mark"], show["y"]) == ("line", "level")


def test_how_each_developed_is_a_line_for_each() -> None:
    (show,) = acts("how did salinity develop per lake?")
    assert (show["mark"], show["y"], show["group"]) == ("line", "salinity", "lake")


@pytest.mark.parametrize(
    "text",
    [
        "what was the highest level?",
        "how much did level change in 2012?",
        "welcher lake hatte den höchsten level?",
        "how many lakes are there?",
    ],
)
def test_a_question_of_a_value_is_no_chart(text: str) -> None:
    assert said(text) is None


# Stillness, and what lies behind


@pytest.mark.parametrize(
    "text",
    [
        "a still picture, please",
        "for the report, nothing should move",
        "ohne Bewegung bitte",
        "une image fixe",
        "sin animación",
        "sem movimento",
        "senza animazione",
        "動きなしで",
        "움직임 없이",
        "不要动画",
    ],
)
def test_a_chart_stands_still_that_is_to(text: str) -> None:
    (show,) = acts(text, BARS)
    assert show["still"]


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("make the background black", "dark"),
        ("a white background", "light"),
        ("den Hintergrund schwarz", "dark"),
        ("le fond en noir", "dark"),
        ("el fondo negro", "dark"),
        ("sfondo bianco", "light"),
        ("背景を黒に", "dark"),
    ],
)
def test_a_black_background_is_a_theme_and_no_colour(text: str, theme: str) -> None:
    assert {"act": "theme", "theme": theme} in acts(text, BARS)
    assert not any(act.get("colors") for act in acts(text, BARS))


# Which is first


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("best first", "down"),
        ("worst first", "up"),
        ("the biggest on top", "down"),
        ("lowest first", "up"),
        ("smallest to largest", "up"),
        ("ascending", "up"),
        ("die kleinsten zuerst", "up"),
        ("les plus grands d'abord", "down"),
        ("los peores primero", "up"),
        ("os melhores primeiro", "down"),
        ("i peggiori in cima", "up"),
        ("低い順", "up"),
        ("낮은 것부터", "up"),
        ("从低到高", "up"),
    ],
)
def test_bars_are_sorted_by_which_is_first(text: str, order: str) -> None:
    assert [own.get("order", "down") for own in acts(text, BARS)] == [order]


def test_the_worst_of_what_is_bad_is_the_most_of_it() -> None:
    assert acts("delay by lake, worst first")[1] == {"act": "sort"}
    assert acts("level by lake, worst first")[1] == {"act": "sort", "order": "up"}


# What tells apart, and where it stands


@pytest.mark.parametrize(
    "text",
    ["a line for each shore", "eine Linie pro shore", "une ligne par shore"],
)
def test_a_line_for_each_is_a_group(text: str) -> None:
    (show,) = acts(
        text, Chart(data="x.csv", view=View(mark="line", x="year", y="level"))
    )
    assert show["group"] == "shore"
    assert "facet" not in show


@pytest.mark.parametrize(
    "text",
    [
        "stacked bars of level by shore for each lake",
        "level per lake by shore, as bars",
        "Balken von level nach shore für jeden lake",
    ],
)
def test_bars_stand_at_what_there_is_one_of_for_each(text: str) -> None:
    show = acts(text)[0]
    assert (show["x"], show["group"]) == ("lake", "shore")


@pytest.mark.parametrize(
    "text",
    [
        "shores across the top, lakes down the side",
        "shore along the bottom",
        "lake an der Seite",
    ],
)
def test_cells_stand_at_the_sides_that_are_said(text: str) -> None:
    assert acts(text, CELLS) == ({"act": "chart", "x": "shore", "group": "lake"},)


def test_a_new_heat_map_has_its_sides_as_they_are_said() -> None:
    show = acts("heat map of level: lakes down the side, shores along the bottom")[0]
    assert (show["x"], show["group"]) == ("shore", "lake")
    assert "lying" not in show


@pytest.mark.parametrize(
    "text",
    [
        "a counter of level, going up year by year",
        "contador de level, ano a ano",
        "ein Zähler von level, Jahr für Jahr",
    ],
)
def test_a_counter_counts(text: str) -> None:
    show = acts(text)[0]
    assert (show["mark"], show["move"], show["y"]) == ("counter", "count", "level")


# The most, a line across, and what is listed


@pytest.mark.parametrize(
    ("text", "lake"),
    [
        ("point out the lowest lake", "Lugano"),
        ("mark the best lake", "Iseo"),
        ("markiere den schlechtesten lake", "Lugano"),
        ("show where the peak is", "Iseo"),
        ("señala el máximo", "Iseo"),
    ],
)
def test_the_most_is_marked(text: str, lake: str) -> None:
    assert acts(text, BARS) == ({"act": "highlight", "what": [lake]},)


@pytest.mark.parametrize(
    "text",
    [
        "we promised a level of 40. mark that",
        "our goal is 40, show it",
        "unser Ziel ist 40",
        "l'objectif est 40",
        "la meta es 40, muéstrala",
        "o limite é 40",
        "目標は40",
    ],
)
def test_a_target_is_a_line_across(text: str) -> None:
    assert acts(text, BARS) == ({"act": "threshold", "value": 40.0},)


def test_the_colour_of_a_limit_is_its_line_s_alone() -> None:
    line = {"act": "threshold", "value": 40.0, "color": "red"}
    assert acts("the limit is 40, put it in red", BARS) == (line,)
    told = acts("level by lake with blue bars and a limit of 40 in red")
    assert told[1:] == ({"act": "theme", "colors": ["blue"]}, line)


@pytest.mark.parametrize(
    "text",
    ["Lugano vs Iseo, that is all", "just lugano & iseo pls", "nur Lugano und Iseo"],
)
def test_values_alone_are_what_is_kept(text: str) -> None:
    (only,) = acts(text, LINES)
    assert only == {"act": "only", "column": "lake", "values": ["Lugano", "Iseo"]}


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("level at most 5", "most"),
        ("level up to 5", "most"),
        ("no more than 5", "most"),
        ("level 5 or less", "most"),
        ("level under 5", "under"),
        ("level over 5", "over"),
        ("höchstens 5", "most"),
        ("au plus 5", "most"),
        ("como máximo 5", "most"),
        ("no máximo 5", "most"),
        ("al massimo 5", "most"),
        ("5以下", "most"),
        ("最多5", "most"),
    ],
)
def test_an_upper_bound_takes_its_number_in(text: str, how: str) -> None:
    at = text.index("5")
    assert bound_at(Told(text, LAKES), at, at + 1) == how


# Colours of the rest, measures that come and go, and names with signs


@pytest.mark.parametrize(
    "text",
    [
        "grey for all but Iseo, Iseo in red",
        "everything grey except Iseo in red",
        "Iseo in red, the rest grey",
        "alles grau außer Iseo, Iseo rot",
        "Iseo rot, die anderen grau",
        "tout en gris sauf Iseo en rouge",
        "todo en gris excepto Iseo en rojo",
        "tudo em cinza exceto Iseo em vermelho",
        "tutto grigio tranne Iseo in rosso",
    ],
)
def test_the_rest_has_one_colour_and_what_is_named_its_own(text: str) -> None:
    rest, own = acts(text, BARS)
    assert rest == {"act": "theme", "colors": ["grey"]}
    assert own == {"act": "theme", "colors": ["red"], "of": ["Iseo"]}


def test_what_is_not_grey_like_the_rest_keeps_a_colour() -> None:
    rest, own = acts("all grey except Garda and Iseo", BARS)
    assert rest["colors"] == ["grey"]
    assert own["of"] == ["Garda", "Iseo"]
    assert "grey" not in own["colors"]


@pytest.mark.parametrize(
    "text",
    [
        "plus delay",
        "and delay as well",
        "with delay too",
        "plus die delay",
        "delay aussi",
        "también delay",
        "também delay",
        "anche delay",
        "delayも追加",
        "delay도 추가",
        "再加delay",
    ],
)
def test_a_measure_more_stands_beside_what_is_shown(text: str) -> None:
    assert acts(text, BARS) == ({"act": "chart", "also": ["delay"]},)


def test_series_get_panels_where_measures_are_the_series() -> None:
    assert acts("plus delay", LINES) == (
        {"act": "chart", "also": ["delay"], "facet": "lake"},
    )


@pytest.mark.parametrize(
    "text", ["take delay away again", "ohne delay", "drop delay", "sans delay"]
)
def test_a_measure_goes_again(text: str) -> None:
    both = Chart(data="x.csv", view=View(x="lake", y="level", also=("delay",)))
    assert acts(text, both) == ({"act": "only", "values": ["delay"], "out": True},)


def test_lines_are_apart_for_values_that_are_named() -> None:
    line = Chart(data="x.csv", view=View(mark="line", x="year", y="level"))
    (show,) = acts("separate lines for sand and rock", line)
    assert show == {"act": "chart", "group": "shore"}
    show, only = acts("separate lines for Iseo and Garda", line)
    assert show["group"] == "lake"
    assert only["values"] == ["Iseo", "Garda"]


SIGNED = table_of({"site": ["a", "b"], "mg/l>=5": [1, 2], "% wet": [3, 4]})


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("show % wet", "% wet"),
        ("mg/l>=5 by site", "mg/l>=5"),
        ("% wet je site", "% wet"),
        ("% wet, highest first", "% wet"),
    ],
)
def test_a_name_with_signs_is_its_column(text: str, column: str) -> None:
    state = State(
        variables=(Variable(name="wells", type="DataFrame"),),
        table=lambda name: SIGNED if name == "wells" else None,
    )
    found = charting.read(text, state, lambda: encoder_of(reader().low))
    assert found is not None
    assert found.acts[0]["y"] == column
    assert "stacking" not in found.acts[0]


@pytest.mark.parametrize("text", ["make it grey", "rendi il grafico grigio"])
def test_a_chart_is_not_redrawn_where_its_colours_are_named(text: str) -> None:
    state = State(
        clips=(ClipInfo(ref="c1", chart=BARS),),
        table=lambda name: LAKES if name == "c1" else None,
    )
    plan = reader().read(text, state)
    assert [act.kind for act in plan.acts] == ["theme"]
    redrawn = reader().read(text, replace(state, has_model=True))
    assert [act.kind for act in redrawn.acts] != ["theme"]


@pytest.mark.parametrize(
    "text",
    ["remove the values", "take the numbers away", "ohne Zahlen", "sin los valores"],
)
def test_the_values_at_the_marks_go(text: str) -> None:
    assert acts(text, BARS) == ({"act": "chart", "values": False},)


def test_an_order_is_said_from_one_end_to_the_other() -> None:
    assert acts("from best to worst", BARS) == ({"act": "sort"},)
    assert acts("from worst to best", BARS) == ({"act": "sort", "order": "up"},)


def test_colours_of_two_and_of_the_rest_are_told_apart() -> None:
    rest, own = acts("Iseo in green, Garda in orange and the others grey", BARS)
    assert rest["colors"] == ["grey"]
    assert (own["of"], own["colors"]) == (["Iseo", "Garda"], ["green", "orange"])


def test_the_name_of_a_file_is_no_value() -> None:
    assert said("save it to lakes/Iseo.gif", BARS) is None
    assert said("export c1 to Garda.mp4", BARS) is None


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ('use stacked bars instead and give it the headline "Two lakes"', "bar"),
        ('usa barras apiladas y el título "Lagos"', "bar"),
        ('passe à des aires empilées et mets le titre "Lacs"', "area"),
        ('nimm gestapelte Balken und den Titel "Seen"', "bar"),
    ],
)
def test_a_mark_is_switched_to_whatever_follows(text: str, mark: str) -> None:
    shown, title = acts(text, LINES)
    assert (shown["mark"], title["act"]) == (mark, "title")


def test_the_words_at_a_line_are_said_later() -> None:
    limited = replace(BARS, view=replace(BARS.view, threshold=20.0))
    assert acts('label the line "quay"', limited) == (
        {"act": "threshold", "value": 20.0, "text": "quay"},
    )
    assert said('label the line "quay"', BARS) is None
