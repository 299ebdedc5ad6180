"""A colour that is said of one series, bar or part is that one's alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbagent.acts.text import colour_name
from nbagent.acts.theme import Theme
from nbagent.charts.drawing import frames
from nbagent.charts.intake import table_of
from nbagent.charts.look import Look
from nbagent.charts.names import TableNames
from nbagent.charts.theme import THEMES
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.language.data_acts import Teller
from nbagent.language.data_scores import heard
from nbagent.language.reader import reader
from nbagent.settings import Settings
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import OwnColour, View
from tests.test_charted_clips import Talk, chart_of

WARDS = ("cardiology", "oncology", "maternity")
ADMISSIONS = pd.DataFrame(
    [
        (month, ward, 20 + 7 * m * (w + 1) % 40, m)
        for m, month in enumerate(["Jan", "Feb", "Mar", "Apr"])
        for w, ward in enumerate(WARDS)
    ],
    columns=["month", "ward", "admissions", "day"],
)
TABLE = table_of(ADMISSIONS)
RED = (OwnColour(value="oncology", colour="#ff0000"),)
PALETTE = THEMES["light"].palette[:3]
LINES = View(mark="line", x="month", y="admissions", group="ward")


def chart(view: View, **fields: Any) -> Chart:
    return Chart(data="", view=view, width=480, height=270, **fields)


def last(own: Chart) -> Any:
    return frames(own, TABLE, [own.moving_s])[0]


@pytest.mark.parametrize(
    ("view", "move"),
    [
        (LINES, ""),
        (replace(LINES, mark="area"), ""),
        (replace(LINES, mark="bar"), ""),
        (replace(LINES, mark="bar", stacking="grouped"), ""),
        (View(mark="pie", x="ward", y="admissions"), ""),
        (View(mark="donut", x="ward", y="admissions"), ""),
        (View(mark="point", x="day", y="admissions", colour="ward"), ""),
        (View(x="ward", y="admissions", time="month"), "race"),
    ],
)
def test_one_has_its_colour_and_each_other_pixel_is_as_before(
    view: View, move: Any
) -> None:
    """The frame is the one of a palette that differs in that place, legend included."""
    own = last(chart(replace(view, own_colours=RED), move=move, palette=PALETTE))
    told = chart(view, move=move, palette=(PALETTE[0], "#ff0000", PALETTE[2]))
    np.testing.assert_array_equal(own, last(told))
    assert (own == (255, 0, 0)).all(-1).any()


def test_a_bar_has_its_colour_and_the_others_keep_theirs() -> None:
    view = View(x="ward", y="admissions")
    before, after = last(chart(view)), last(chart(replace(view, own_colours=RED)))
    changed = (before != after).any(-1)
    is_red = (after == (255, 0, 0)).all(-1)
    rows, columns = np.nonzero(changed)
    inside = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert changed[inside].all()  # one upright box
    assert is_red.sum() > 0.9 * changed.sum() > 500


def test_a_point_has_its_colour_beside_those_of_numbers() -> None:
    view = View(mark="point", x="day", y="admissions", group="ward", colour="day")
    before, after = last(chart(view)), last(chart(replace(view, own_colours=RED)))
    reds = [int((f.astype(int) @ (1, -1, -1) > 60).sum()) for f in (before, after)]
    assert reds[0] == 0
    assert reds[1] > 20


def test_a_step_ends_in_its_colour() -> None:
    later = chart(LINES, steps=(Step(change={"own_colours": RED}),))
    alone = last(chart(replace(LINES, own_colours=RED)))
    np.testing.assert_array_equal(last(later), alone)


def test_a_colour_is_in_the_recipe_and_older_ones_are_read() -> None:
    own = chart(replace(LINES, own_colours=RED))
    told = own.to_json()
    assert told["view"]["own_colours"] == [{"value": "oncology", "colour": "#ff0000"}]
    assert Chart.from_json(told) == own
    del told["view"]["own_colours"]
    assert Chart.from_json(told) == chart(LINES)
    with pytest.raises(SpecError, match="'red' is not a colour for 'a': use one like"):
        OwnColour(value="a", colour="red")


# The act


def coloured(own: Chart, **said: Any) -> Chart:
    return Theme.of_call(**said).named(TableNames(TABLE), own).on(own)


def test_colours_by_name_are_those_of_single_ones() -> None:
    own = coloured(chart(LINES), colors={"Oncology": "red"})
    assert own == chart(replace(LINES, own_colours=RED))
    both = coloured(own, colors={"cardiology": "#00ff00", "oncology": "blue"})
    assert [one.colour for one in both.view.own_colours] == ["#0000ff", "#00ff00"]
    later = coloured(own, colors={"maternity": "teal"}, then=True)
    assert later.view == own.view
    assert [one.value for one in later.views[-1].own_colours] == [
        "oncology",
        "maternity",
    ]
    first = coloured(later, colors={"cardiology": "black"})  # and stays so in the step
    assert {one.value for one in first.views[-1].own_colours} == {*WARDS}
    whole = coloured(first, colors="green")
    assert whole == chart(LINES, palette=("#008000",))


def test_columns_that_are_series_have_colours_too() -> None:
    table = TableNames(table_of({"week": [1, 2], "beds": [3, 4], "staff": [5, 6]}))
    own = chart(View(mark="line", x="week", y="beds", also=("staff",)))
    named = Theme.of_call(colors={"Staff": "red"}).named(table, own)
    assert named.of == ("staff",)
    assert Look(own).of_view(named.on(own).view).colour("staff") == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("view", "says"),
    [
        (LINES, "column 'ward' has no 'surgery': it has cardiology, oncology"),
        (View(mark="line", x="month"), "the chart has no series called 'surgery'"),
        (
            View(mark="heatmap", x="month", group="ward"),
            "'surgery' has no colour of its own in a heatmap",
        ),
    ],
)
def test_what_has_no_colour_of_its_own_is_refused(view: View, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        coloured(chart(view), colors={"surgery": "red"})
    assert says in str(caught.value)
    with pytest.raises(SpecError, match="a, b: give each a colour of its own, not 1"):
        Theme(colors=("red",), of=("a", "b")).check()


def test_a_colour_is_called_by_its_name() -> None:
    assert [*map(colour_name, ("#ff0000", "#8b0000", "#102030"))] == [
        "red",
        "dark red",
        "#102030",
    ]


# In words

ONE = {"act": "theme", "colors": ["red"], "of": ["cardiology"]}
BLUE = {"act": "theme", "colors": ["blue"], "of": ["oncology"]}
BOTH = {"act": "theme", "colors": ["red", "blue"], "of": ["cardiology", "oncology"]}


@pytest.mark.parametrize(
    ("words", "acts"),
    [
        ("paint oncology blue", [BLUE]),
        ("make the cardiology line red", [ONE]),
        ("use red for cardiology", [ONE]),
        ("red for cardiology, blue for oncology", [BOTH]),
        ("cardiology and oncology in red and blue", [BOTH]),
        (
            "make it red, cardiology blue",
            [
                {"act": "theme", "colors": ["red"]},
                {"act": "theme", "colors": ["blue"], "of": ["cardiology"]},
            ],
        ),
        (
            "highlight maternity and draw oncology in blue",
            [{"act": "highlight", "what": ["maternity"]}, BLUE],
        ),
        (
            "make cardiology red and highlight oncology",
            [ONE, {"act": "highlight", "what": ["oncology"]}],
        ),
        (
            "highlight cardiology in red",
            [{"act": "highlight", "what": ["cardiology"]}, ONE],
        ),
        ("then draw oncology in blue", [{**BLUE, "then": True}]),
        ("draw oncology in blue", [BLUE]),
        ("muda a cor de oncology para azul", [BLUE]),
        ("make everything red", [{"act": "theme", "colors": ["red"]}]),
        ("mach die Linie von cardiology rot", [ONE]),
        ("cardiology en rouge", [ONE]),
        ("pon cardiology en rojo", [ONE]),
        ("colora cardiology di rosso", [ONE]),
        ("pinta cardiology de vermelho", [ONE]),
        ("oncology는 파란색으로", [BLUE]),
        ("oncologyを青くして", [BLUE]),
        ("把oncology改成蓝色", [BLUE]),
        ("make cardiology rouge", [ONE]),
        ("make oncology azul", [BLUE]),
        ("mach alles bleu", [{"act": "theme", "colors": ["blue"]}]),
        (
            "make maternity vert and oncology rouge",
            [
                {
                    "act": "theme",
                    "colors": ["green", "red"],
                    "of": ["maternity", "oncology"],
                }
            ],
        ),
        # Who draws says that there is none of the name.
        ("make oncology chartreuse", [{**BLUE, "colors": ["chartreuse"]}]),
        ("make cardiology gren", [{**ONE, "colors": ["gren"]}]),
        ("mets oncology en roug", [{**BLUE, "colors": ["roug"]}]),
        ("use greenn for cardiology", [{**ONE, "colors": ["greenn"]}]),
        (
            "draw oncology in purpel and cardiology in red",
            [
                {
                    "act": "theme",
                    "colors": ["purpel", "red"],
                    "of": ["oncology", "cardiology"],
                },
            ],
        ),
        # No colours, however near they are.
        ("make oncology stand out", [{"act": "highlight", "what": ["oncology"]}]),
        ("make cardiology read", [{"act": "highlight", "what": ["cardiology"]}]),
    ],
)
def test_a_colour_beside_a_value_is_that_values_own(words: str, acts: Any) -> None:
    by = reader()._moves
    told = heard(words, TABLE, shown="chart", is_figure=False, by=by)
    assert Teller(told, TABLE, chart(LINES), {}).acts() == acts


def test_the_rest_has_a_colour_of_its_own() -> None:
    words = "make maternity green and the rest grey"
    told = heard(words, TABLE, shown="chart", is_figure=False, by=reader()._moves)
    teller = Teller(told, TABLE, chart(LINES), {})
    rest = {"act": "theme", "colors": ["grey"]}
    own = {"act": "theme", "colors": ["green"], "of": ["maternity"]}
    assert teller.acts() == [rest, own]
    assert teller.lost == ()


def test_what_is_nearly_a_colour_is_said_where_it_belongs_to_nothing() -> None:
    told = heard(
        "make the lines purpel",
        TABLE,
        shown="chart",
        is_figure=False,
        by=reader()._moves,
    )
    assert Teller(told, TABLE, chart(LINES), {}).lost == ("purpel",)


# A whole conversation


@pytest.fixture
def talk(settings: Settings) -> Iterator[Talk]:
    session = Session(settings=settings, engine=Engine(settings))
    found = Talk(session)
    found.values = {"adm": ADMISSIONS}
    yield found
    session.close()


def test_one_line_is_red_and_the_card_says_so(talk: Talk) -> None:
    first = talk.clip("animate @adm: a line of admissions by month for each ward")
    assert chart_of(first).view.mark == "line"
    clip = talk.clip(
        'leave out maternity, call it "Admissions 2026" and make the cardiology line red'
    )
    own = chart_of(clip)
    red = OwnColour(value="cardiology", colour="#ff0000")
    assert (own.view.own_colours, own.view.highlight) == ((red,), ())
    assert (own.palette, own.steps, own.title) == ((), (), "Admissions 2026")
    assert clip.prompt.endswith("without maternity, cardiology red")
    called = talk.animate("adm", mark="line", colors={"cardiology": "red"})
    assert chart_of(called).view.own_colours == (red,)
    painted = talk.change(
        called, {"act": "recolor", "color": "blue", "what": "Oncology"}
    )
    assert painted.prompt.endswith("cardiology red, oncology blue")


def test_a_clip_that_is_named_is_the_one_that_changes(talk: Talk) -> None:
    first = talk.clip("animate @adm: a line of admissions by month for each ward")
    talk.clip("make oncology blue")
    assert first.take is not None
    for words in (
        "take c1 again and show it as bars",
        "c1 with bars instead of lines",
    ):
        clip = talk.clip(words)
        last = chart_of(clip).views[-1]
        assert (last.mark, last.keep, last.highlight) == ("bar", (), ())
        assert clip.take is not None
        assert clip.take.parents == (first.take.id,)


def test_a_colour_that_there_is_not_is_answered_with_those_near_to_it(
    talk: Talk,
) -> None:
    talk.clip("animate @adm: a line of admissions by month for each ward")
    says = "'gren' is not a colour that I know: use one like green"
    with pytest.raises(SpecError, match=says):
        talk.say("make cardiology gren")
