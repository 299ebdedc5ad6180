"""Words for texts over a clip, in nine languages, and what is left to the reader."""

from __future__ import annotations

from typing import Any

import pytest

from nbagent.language import read as read_turn
from nbagent.language.lettering import Said, read
from nbagent.language.quotes import quoted
from nbagent.language.state import ClipInfo, State, Variable
from nbagent.language.typed import act_of

BARE = State(clips=(ClipInfo(ref="c1"), ClipInfo(ref="c2")))
TITLED = State(
    clips=(
        ClipInfo(ref="c1"),
        ClipInfo(ref="c2", texts=("caption", "title"), is_lettered=True),
    )
)
SOME: dict[str, Any] = {"act": "title", "text": "Oslo"}
BIGGER: dict[str, Any] = {"act": "title", "scale": 1.3}
GONE: dict[str, Any] = {"act": "title", "remove": True}


def said(text: str, state: State = TITLED) -> Said:
    found = read(text, state)
    assert found is not None
    assert all(act_of(act) is not None for act in found.acts)
    return found


@pytest.mark.parametrize(
    ("adds", "bigger", "goes", "below"),
    [
        ('add the title "Oslo"', "make the title bigger", "remove the title", "bottom"),
        ("Titel „Oslo“ hinzufügen", "mach den Titel größer", "Titel weg", "nach unten"),
        ("añade el título «Oslo»", "título más grande", "quita el título", "abajo"),
        ("ajoute le titre « Oslo »", "titre plus grand", "enlève le titre", "en bas"),
        ('metti il titolo "Oslo"', "titolo più grande", "togli il titolo", "in basso"),
        ('coloca o título "Oslo"', "título maior", "tira o título", "embaixo"),
        ("タイトル「Oslo」を入れて", "タイトルを大きく", "タイトルを消して", "下に"),
        ('제목 "Oslo" 넣어줘', "제목을 더 크게", "제목 지워줘", "아래로"),
        ("加上标题“Oslo”", "标题大一点", "去掉标题", "放到底部"),
    ],
)
def test_a_text_is_added_changed_and_taken_away_in_every_language(
    adds: str, bigger: str, goes: str, below: str
) -> None:
    assert said(adds, BARE).acts == (SOME,)
    assert said(bigger).acts == (BIGGER,)
    assert said(goes).acts == (GONE,)
    assert said(below).acts == ({"act": "title", "at": "bottom"},)


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("bigger", [BIGGER]),
        ("twice as big", [{"act": "title", "scale": 2.0}]),
        ("top right, in red", [{"act": "title", "at": "top right", "color": "red"}]),
        ("the title in #FF7A00", [{"act": "title", "color": "#ff7a00"}]),
        ('change the title to "B"', [{"act": "title", "text": "B"}]),
        ('no: the title should read "B"', [{"act": "title", "text": "B"}]),
        (
            'the title "A" should say "B"',
            [{"act": "title", "which": "A", "text": "B"}],
        ),
        (
            'lower third "Ada" "Engineer"',
            [{"act": "lower_third", "text": "Ada\nEngineer"}],
        ),
        (
            'lower third "Ada", and "Poet"',
            [{"act": "lower_third", "text": "Ada\nPoet"}],
        ),
        (
            'title "A" and caption "B" at the bottom left, small',
            [
                {"act": "title", "text": "A"},
                {"act": "caption", "text": "B", "at": "bottom left", "scale": 0.7692},
            ],
        ),
        (
            'from 1 s to 2 s, subtitle "Hm."',
            [{"act": "subtitle", "text": "Hm.", "span": [1.0, 2.0]}],
        ),
        (
            'subtitle "Hm." for two seconds, as a track',
            [{"act": "subtitle", "text": "Hm.", "span": [0.0, 2.0], "track": True}],
        ),
        (
            'two labels, "before" on the left and "after" on the right',
            [
                {"act": "label", "text": "before", "at": "left"},
                {"act": "label", "text": "after", "at": "right"},
            ],
        ),
        ("fade the title over half a second", [{"act": "title", "fade": 0.5}]),
        ("the title without a background", [{"act": "title", "plate": False}]),
        ("remove the text", [GONE]),
        ("take away all text", [{"act": "caption", "remove": True}, GONE]),
        (
            'write "Hi" in the middle',
            [{"act": "caption", "text": "Hi", "at": "middle"}],
        ),
    ],
)
def test_what_is_said_of_a_text(text: str, acts: list[dict[str, Any]]) -> None:
    assert list(said(text).acts) == acts


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ('slower, and add a title "Oslo"', "slower"),
        ('title "Oslo"; then make it night and rainy', "make it night and rainy"),
        ('a cat, a dog and a bird run, title "Oslo"', "a cat, a dog and a bird run"),
    ],
)
def test_what_is_said_beside_it_is_left_to_the_reader(text: str, rest: str) -> None:
    found = said(text)
    assert (found.acts, found.rest.removeprefix("then ")) == ((SOME,), rest)


@pytest.mark.parametrize(
    "text",
    [
        "a red ball crosses the beach",
        'a book with the title "War" on a table',
        'a neon sign that says "OPEN" in the rain',
        'put the title "Held Ground" into the file name',
        "make it blue",
        "red",
        "for two seconds",
        "what does the title say right now?",
        "the subtitle of my thesis is too long",
    ],
)
def test_what_is_of_something_else_is_none(text: str) -> None:
    assert read(text, TITLED) is None


def test_a_text_that_is_not_there_is_one_of_the_picture() -> None:
    for text in ("remove the title", "no subtitles", "make the label bigger", "bigger"):
        assert read(text, BARE) is None


def test_a_clip_and_a_string_may_be_named() -> None:
    assert said('title "Oslo" on c1').names == ("c1",)
    state = State(clips=BARE.clips, variables=(Variable(name="headline", type="str"),))
    assert said("title @headline", state).acts == (
        {"act": "title", "text": "@headline"},
    )


def test_quotes_of_every_kind() -> None:
    for text in (
        '"a"',
        "“a”",
        "„a“",
        "„a”",
        "«a»",
        "»a«",
        "‹a›",
        "「a」",
        "『a』",
        "'a'",
    ):
        assert [one.text for one in quoted(f"title {text}, then")] == ["a"], text
    assert quoted("don't touch the dog's bone") == ()
    assert quoted('an open " quote') == ()
    first, *_ = quoted("'Don't panic' and '' and 'b'")
    assert first.text == "Don't panic"


def test_the_whole_reader_reads_them() -> None:
    plan = read_turn('at night, and title "Oslo"', BARE)
    assert (plan.intent, plan.targets) == ("refine", ("c2",))
    assert [act.kind for act in plan.acts] == ["time", "title"]
    plan = read_turn('c1 slower, and add a nice title "Oslo"', BARE)
    assert (plan.targets, plan.unread) == (("c1",), ("nice",))
    plan = read_turn('title "Oslo", and save it as gif', BARE)
    assert [(one.action, one.format) for one in plan.then] == [("save", "gif")]
    plan = read_turn('Titel "Oslo" in Gelb', BARE)
    assert plan.acts[0].says() == 'title: "Oslo", yellow'
    plan = read_turn('a red ball crosses the beach, title "Go"', State())
    assert (plan.intent, plan.prompt) == (
        "generate_video",
        "a red ball crosses the beach",
    )
    assert [act.says() for act in plan.acts] == ['title: "Go"']
