"""A subject that pocket cannot draw: the question, its answers, and `--actor`."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from nbagent.acts.add import Add
from nbagent.acts.place import Place
from nbagent.acts.plan import Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.replace import Replace
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.conversation import answers, casting, unread
from nbagent.conversation.compose import compose
from nbagent.conversation.reply import Reply
from nbagent.conversation.scene import UnknownActor
from nbagent.conversation.session import Session
from nbagent.conversation.sources import Sources
from nbagent.errors import NbagentError, SpecError
from nbagent.language.choosing import chosen
from nbagent.language.state import ClipInfo, State
from nbagent.models.cards import ModelCard, model_card
from nbagent.notebook.chat import Chat
from nbagent.notebook.line import parse
from nbagent.notebook.options import options_text
from nbagent.notebook.panel_wire import TurnView
from nbagent.notebook.portraits import SIDE, portrait
from nbagent.notebook.transcript import Transcript
from nbagent.pocket import vocabulary
from nbagent.pocket.taught import with_a
from nbagent.take import Take
from tests.test_border import TORCH_SIDE, newly_imported
from tests.test_session import fake_frames, say, store

pytestmark = pytest.mark.phrases

CUP = "a coffee cup spins in the snow"
OFFERED = ("red ball", "cake", "house")


def asks(
    session: Session, words: str = CUP, cell: str = "one", **options: Any
) -> Reply:
    reply = say(session, words, cell, **options)
    assert (reply.plan.intent, reply.takes) == ("ask", ())
    return reply


def other(offered: tuple[str, ...]) -> str:
    """One of the offers, not the first and no shape."""
    return next(one for one in reversed(offered) if " " not in one)


def drawn(take: Take, who: str = "actor") -> str:
    return str(take.shot["scene"].get(who))


def turns(session: Session) -> list[tuple[str, str | None, dict[str, Any]]]:
    kept = session.ledger.turns.of(session.settings.conversation)
    return [(turn.text, turn.cell_id, dict(turn.options)) for turn in kept]


# The question


def test_it_asks_with_three_actors_and_renders_nothing(session: Session) -> None:
    reply = asks(session)
    assert len(reply.plan.offers) == 3
    assert {*reply.plan.offers} <= {*vocabulary.ACTORS}  # each as it would be drawn
    question, how = (reply.answer or "").splitlines()
    assert question.startswith(
        "pocket can't draw a coffee cup; the closest it can draw: a"
    )
    assert all(one in question for one in reply.plan.offers)
    assert f"--actor {reply.plan.offers[0].replace(' ', '-')}" in how
    assert session.rows() == ()


def test_no_ball_comes_for_a_moon_or_a_planet(session: Session) -> None:
    new = session.consider("a dog next to a planet", {})
    assert "second" not in new.takes[0].shot["scene"]
    assert "pocket can't show planet." in new.notes
    store(session, say(session, "a cat on the beach"))
    added = session.consider("add a moon", {})
    assert drawn(added.takes[0], "time") == "night"  # whose sky has a moon
    assert "second" not in added.takes[0].shot["scene"]
    told = "pocket draws the closest thing it knows: night for a moon."
    assert told in added.notes
    asked = session.consider("add a planet", {})
    assert len(asked.plan.offers) == 3
    assert not asked.takes


def test_where_nobody_can_answer_it_is_an_error_of_one_line(session: Session) -> None:
    with pytest.raises(SpecError, match=r"can't draw a coffee cup; .* --actor") as told:
        say(session, CUP)
    assert "\n" not in str(told.value)


def test_a_dry_run_and_the_live_plan_say_that_it_will_ask(session: Session) -> None:
    dry = say(session, CUP, "one", dry_run=True)
    assert (dry.answer or "").startswith("would ask: pocket can't draw a coffee cup")
    seen = session.consider(CUP, {})
    offered = seen.plan.offers
    line = f"asks: {offered[0]}, {offered[1]} or {offered[2]}?"
    assert answers.does(seen.plan, seen.takes) == line
    assert turns(session) == [(CUP, "one", {"dry_run": True})]


def test_smaller_losses_are_in_the_live_plan_and_in_a_dry_run(session: Session) -> None:
    words = "a tiger in the snow"
    note = "pocket draws the closest thing it knows: lion for tiger."
    assert note in session.consider(words, {}).notes
    assert note in (say(session, words, "one", dry_run=True).answer or "")


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ("a cat on a skateboard with a hat", "pocket can't show skateboard, hat."),
        ("a ball and a cube and a star", "pocket can't show star."),
        ("three birds in the sky", "the closest thing it knows: two for three"),
    ],
)
def test_all_that_is_left_out_is_in_the_live_plan(
    session: Session, words: str, note: str
) -> None:
    assert any(note in one for one in session.consider(words, {}).notes)


def test_two_of_a_kind_come_and_are_added(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt="two dogs on the beach")
    (dogs,) = compose(plan, request="", options={}, card=card, sources=Sources()).takes
    assert (drawn(dogs), drawn(dogs, "second")) == ("dog", "dog")
    made = [
        compose(
            Plan(intent="refine", acts=(act,)),
            request="",
            options={},
            card=card,
            sources=Sources(parent=dogs),
        )
        for act in (Replace(by="two cats"), Add(what="two foxes"))
    ]
    seen = [(drawn(one.takes[0]), drawn(one.takes[0], "second")) for one in made]
    assert seen == [("cat", "cat"), ("dog", "fox")]
    assert any("fox for two foxes" in note for note in made[1].notes)


def test_a_shape_is_offered_as_it_would_be_drawn() -> None:
    fresh = UnknownActor("a cup", ("ball", "cake"))
    assert fresh.nearest == ("red ball", "cake")
    instead = UnknownActor("a cup", ("ball", "star"), "blue cube")
    assert instead.nearest == ("blue ball", "blue star")
    assert "the closest it can draw: a blue ball and a blue star." in str(instead)
    assert "the closest it can draw: a cake." in str(UnknownActor("a cup", ("cake",)))


# The answer


@pytest.mark.parametrize("form", ["{}", "the {}", "A {}, please."])
def test_the_turn_that_asked_is_said_again_in_its_place(
    session: Session, form: str
) -> None:
    actor = other(asks(session, seed=7).plan.offers)
    (take,) = say(session, form.format(actor), "two").takes
    assert (drawn(take), take.shot["scene"]["place"]) == (actor, "snow")
    assert (take.seed, take.request) == (7, CUP)
    assert turns(session) == [(CUP, "one", {"seed": 7, "actor": [actor]})]
    assert options_text(turns(session)[0][2]) == f"--seed 7 --actor {actor}"


def test_what_it_stands_for_is_said(session: Session) -> None:
    actor = other(asks(session).plan.offers)
    (note,) = [n for n in say(session, actor, "two").notes if "coffee" in n]
    assert f"{actor} for a coffee cup" in note


def test_no_ends_it(session: Session) -> None:
    offered = asks(session).plan.offers
    assert say(session, "cancel", "two").answer == "cancelled: nothing will be rendered"
    assert turns(session)[-1][0] == "cancel"
    (take,) = say(session, with_a(other(offered)), "three").takes
    assert take.request != CUP


def test_something_else_is_simply_a_new_turn(session: Session) -> None:
    offered = asks(session).plan.offers
    (take,) = say(session, "a cat in the desert", "two").takes
    assert (take.request, drawn(take)) == ("a cat in the desert", "cat")
    (take,) = say(session, with_a(other(offered)), "three").takes
    assert take.request != CUP


def test_an_answer_can_be_foreseen(session: Session) -> None:
    actor = other(asks(session).plan.offers)
    (seen,) = session.consider(actor, {}).takes
    assert (drawn(seen), seen.shot["scene"]["place"]) == (actor, "snow")
    dry = say(session, actor, "two", dry_run=True)
    assert f"{with_a(actor)}, spinning, in the snow" in (dry.answer or "")
    assert turns(session)[0] == (CUP, "one", {})  # it still waits
    assert say(session, actor, "two").takes == (seen,)


def test_cells_that_are_run_again_give_the_same_clips(session: Session) -> None:
    actor = other(asks(session).plan.offers)
    runs = list[list[tuple[str, str]]]()
    for _ in range(2):
        store(session, say(session, CUP, "one")) if runs else None
        store(session, say(session, f"the {actor}", "two"))
        store(session, say(session, "a cat in the desert", "three"))
        runs.append([(row.name, row.take_id) for row in session.rows()])
    assert runs[0] == runs[1]
    assert len(runs[0]) == 2


def test_the_cell_that_chose_may_choose_anew(session: Session) -> None:
    first, second = asks(session).plan.offers[:2]
    store(session, say(session, first, "two"))
    store(session, say(session, "a cat in the desert", "three"))
    (take,) = say(session, second, "two").takes
    assert (drawn(take), take.request) == (second, CUP)
    assert turns(session)[0] == (CUP, "one", {"actor": [second]})


def test_other_words_in_the_cell_forget_the_choice(session: Session) -> None:
    store(session, say(session, other(asks(session).plan.offers), "two"))
    asks(session, "a coffee cup jumps in the desert", "one")


@pytest.mark.parametrize("offers", [None, 7, "cake", ["teapot"], [["cake"]], [None]])
def test_offers_of_a_store_from_elsewhere_are_nothing(
    session: Session, offers: Any
) -> None:
    asks(session)
    turn = session.ledger.turns.of(session.settings.conversation)[0]
    plan = {"intent": "ask", "offers": offers, "choosers": offers}
    session.ledger.turns.finish(turn.id, plan, "?", None)
    assert Transcript(session).turns()[0]["words"] == CUP
    assert say(session, "a cake", "two").takes[0].request == "a cake"


@pytest.mark.parametrize(
    ("words", "actor"),
    [
        ("cake", "cake"),
        ("the house", "house"),
        ("ein Kuchen", "cake"),
        ("bitte das Haus", "house"),
        ("una casa", "house"),
        ("케이크", "cake"),
        ("le gâteau", "cake"),
        ("蛋糕", "cake"),
        ("the ball", "red ball"),
        ("red-ball", "red ball"),
        ("a blue ball", "blue ball"),
        ("a cat", None),
        ("a teapot", None),
        ("ein Kuchen im Schnee", None),
        ("a cake in the snow", None),
        ("remove the cake", None),
        ("save the cake", None),
        ("what is a cake?", None),
        ("at night", None),
        ("", None),
    ],
)
def test_words_choose_one_of_the_offers_or_say_more(
    words: str, actor: str | None
) -> None:
    state = State(clips=(ClipInfo(ref="c1", caption="a cake in the meadow"),))
    assert chosen(words, OFFERED, state) == actor


# What is changed, and several


def refined(session: Session, *acts: Any, **options: Any) -> Reply:
    target = session.clip("c1")
    return session.hear("", options, cell_id="two", target=target, acts=acts)


def test_a_replacement_asks_and_the_answer_is_an_act_of_the_clip(
    session: Session,
) -> None:
    store(session, say(session, "a blue cube in the desert", "one"))
    reply = refined(session, Replace(by="a coffee cup"))
    actor = other(reply.plan.offers)
    (take,) = say(session, actor, "three").takes
    assert (take.operation, drawn(take)) == ("remix", actor)
    assert take.shot["scene"]["place"] == "desert"
    assert [edit["with"] for edit in take.edits] == [with_a(actor)]


def test_an_addition_asks(session: Session) -> None:
    store(session, say(session, "a blue cube in the desert", "one"))
    actor = other(refined(session, Add(what="a coffee cup")).plan.offers)
    (take,) = say(session, actor, "three").takes
    assert (drawn(take), drawn(take, "second")) == ("blue cube", actor)


@pytest.fixture
def board() -> Plan:
    scenes = (
        "a coffee cup spins in the snow",
        "it rises",
        "a guitar at night",
        "a cat",
    )
    return Plan(intent="storyboard", scenes=scenes)


@pytest.fixture
def card() -> ModelCard:
    return model_card("pocket")


def composed(plan: Plan, card: ModelCard, *actors: str, **sources: Any) -> list[str]:
    options = {"actor": actors} if actors else {}
    sources = {"sources": Sources(**sources)}
    made = compose(plan, request="", options=options, card=card, **sources)
    return [drawn(take) for take in made.takes if take.operation != "join"]


def test_each_subject_of_a_storyboard_has_its_own_actor(
    board: Plan, card: ModelCard
) -> None:
    with pytest.raises(UnknownActor, match="coffee cup"):
        composed(board, card)
    with pytest.raises(UnknownActor, match="guitar"):
        composed(board, card, "cake")
    assert composed(board, card, "cake", "boat") == ["cake", "cake", "boat", "cat"]
    with pytest.raises(
        SpecError,
        match="--actor cake,boat,red-ball names 3 actors, and the turn needs 2",
    ):
        composed(board, card, "cake", "boat", "red ball")
    known = replace(board, scenes=("a dog in the snow", "it rises"))
    assert composed(known, card, "cat") == ["cat", "cat"]


# --actor


def test_an_actor_wins_over_the_words(card: ModelCard) -> None:
    for words in ("a coffee cup spins", "a red ball spins", "spinning"):
        plan = Plan(intent="generate_video", prompt=words)
        assert composed(plan, card, "cat") == ["cat"]
    with pytest.raises(SpecError, match="names 2 actors, and the turn needs 1"):
        composed(plan, card, "cat", "dog")


def test_an_actor_comes_into_a_clip_whatever_else_is_asked(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt="a red ball on the beach")
    (ball,) = compose(plan, request="", options={}, card=card, sources=Sources()).takes
    for act in (Speed(factor=0.5), Recolor(color="blue"), Replace(by="a dog")):
        changed = Plan(intent="refine", acts=(act,))
        assert composed(changed, card, "cat", parent=ball) == ["cat"]


def test_a_picture_shows_what_it_shows(card: ModelCard) -> None:
    plan = Plan(intent="animate_image", prompt="it spins")
    with pytest.raises(SpecError, match="--actor cat has no effect"):
        casting.cast(plan, {"actor": ("cat",)}, card)


def test_another_model_reads_the_words_and_that_is_said(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt="a coffee cup spins")
    wan = replace(card, name="wan")
    same, options, (note,) = casting.cast(plan, {"actor": ("cat",), "seed": 1}, wan)
    assert (same, options) == (plan, {"seed": 1})
    assert note == (
        "Ignored --actor, which is for pocket only: wan reads your words as they are."
    )


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("--actor cake", ("cake",)),
        ("--actor red-ball", ("red ball",)),
        ('--actor "Red Ball"', ("red ball",)),
        ("--actor cake,red-ball", ("cake", "red ball")),
    ],
)
def test_how_an_actor_is_typed(typed: str, names: tuple[str, ...]) -> None:
    assert parse(f"{typed} it spins").options == {"actor": names}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("ball", "pocket can't draw 'ball': say its colour, like red-ball"),
        ("elefant", "did you mean elephant?"),
        ("teapot-xyz", "use one of its 81"),
        ("cake,,dog", "can't draw ''"),
    ],
)
def test_nobody_whom_pocket_draws_is_refused_in_one_line(typed: str, told: str) -> None:
    with pytest.raises(SpecError, match="--actor") as error:
        parse(f"--actor {typed} it spins")
    assert told in str(error.value)


# In the panel


@pytest.fixture
def chat(session: Session) -> Chat:
    return Chat(Transcript(session), {})


def shown(chat: Chat, number: int) -> TurnView:
    return next(one for one in chat.transcript.turns() if one["id"] == number)


def test_buttons_show_the_actors_and_say_who(session: Session, chat: Chat) -> None:
    number = chat.say(CUP)
    buttons = shown(chat, number)["readings"]
    offered = [one["intent"] for one in buttons]
    assert [one["label"] for one in buttons] == [one.capitalize() for one in offered]
    assert all(one["picture"] == portrait(one["intent"]) for one in buttons)
    # What it will make is there, so that nothing has to be rendered here.
    for take in say(session, CUP, "ahead", actor=(offered[1],)).takes:
        session.ledger.add_take(take)
        fake_frames(session.ledger, take)
    again = chat.say(CUP, replaces=number, reading=offered[1])
    view = shown(chat, again)
    assert view["options"] == f"--actor {offered[1].replace(' ', '-')}"
    assert view["readings"] == []
    assert len([text for text, *_ in turns(session) if text == CUP]) == 2


def test_the_plan_chip_asks_too(chat: Chat) -> None:
    assert chat.plan(CUP).does.startswith("asks: ")


def test_a_portrait_is_a_small_picture() -> None:
    for actor in vocabulary.ACTORS:
        url = portrait(actor)
        assert len(url) < 6_000
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
            assert image.size == (SIDE, SIDE)
            alpha = image.convert("RGBA").getchannel("A")
            assert max(alpha.tobytes()) > 250  # something is drawn, and around it
            assert alpha.getpixel((0, 0)) == 0  # is nothing


def test_portraits_are_drawn_without_torch() -> None:
    code = "from nbagent.notebook.portraits import portrait; portrait('cake')"
    assert not newly_imported(code) & TORCH_SIDE


# Models that read no words


def test_words_that_a_model_does_not_read_are_said(card: ModelCard) -> None:
    silent = replace(card, name="svd-xt", max_tokens=None)
    plan = Plan(intent="generate_video", prompt="a red ball")
    (take,) = compose(plan, request="", options={}, card=card, sources=Sources()).takes
    moving = Plan(intent="animate_image", prompt="the bars grow")
    assert unread.unheard(moving, [take], card) == ()
    assert unread.unheard(moving, [take], silent) == (
        "svd-xt does not read words: 'the bars grow' has no effect on the clip.",
    )
    night = Plan(intent="refine", acts=(Time(time="night"), Place(place="snow")))
    with pytest.raises(SpecError, match="svd-xt does not read words, so 'at night, "):
        unread.unheard(night, [take], silent)
    slower = Plan(intent="refine", acts=(Speed(factor=0.5),))
    assert (
        unread.unheard(
            slower, [replace(take, operation="derive", parents=(take.id,))], silent
        )
        == ()
    )


def test_remix_in_python_raises_it(session: Session) -> None:
    store(session, say(session, "a blue cube in the desert", "one"))
    with pytest.raises(NbagentError, match="can't draw a coffee cup"):
        session.hear(
            "",
            {},
            target=session.clip("c1"),
            acts=(Replace(by="a coffee cup"),),
        )
