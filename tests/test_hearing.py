"""What a turn comes to that makes no takes: controls, names, answers, questions back."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbagent import media
from nbagent.acts import ACTS
from nbagent.acts.extend import Extend
from nbagent.acts.match import Match
from nbagent.acts.plan import Choice, Control, Intent, Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.speed import Speed
from nbagent.acts.undo import Undo
from nbagent.conversation.brains import Brains
from nbagent.conversation.clip import Clip
from nbagent.conversation.context import variables
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import SpecError, UnknownClip
from nbagent.language.state import State
from nbagent.notebook.chat import Chat
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from tests.samples import make_frames
from tests.test_consent import Steps
from tests.test_session import heard_by, say, store

pytestmark = pytest.mark.phrases
BALL = "a red ball on the beach"


class Planned(Session):
    """A session whose next turn is read as a plan that a test has made."""

    def __init__(self, settings: Settings) -> None:
        self.plan = Plan(intent="ask")
        self.engine = Steps()
        super().__init__(
            settings=settings,
            engine=self.engine,
            brain=lambda _words, _state: self.plan,
        )

    def do(
        self, plan: Plan, words: str = "no words that mean it", **more: Any
    ) -> Reply:
        self.plan = plan
        options = more.pop("options", {})
        named = more.pop("values", {})
        return self.hear(
            words, options, variables=variables(named), values=named, **more
        )


@pytest.fixture
def planned(settings: Settings) -> Iterator[Planned]:
    session = Planned(settings)
    yield session
    session.close()


def make(planned: Planned, prompt: str = BALL) -> Clip:
    return store(planned, planned.do(Plan(intent="generate_video", prompt=prompt)))[0]


def control(action: Any, *targets: str, **given: Any) -> Plan:
    return Plan(
        intent="control", targets=targets, control=Control(action=action, **given)
    )


def running(planned: Planned, *prompts: str) -> list[str]:
    """Let clips be rendered, of which the first runs and the rest wait."""
    for number, prompt in enumerate(prompts):
        reply = planned.do(Plan(intent="generate_video", prompt=prompt))
        planned.render(reply).start(lambda _index, _progress: None)
        job = planned.ledger.jobs.find(take_id=reply.takes[0].id)[-1]
        planned.ledger.jobs.record(job.id, "queued" if number else "running")
    return [row.name for row in planned.rows()]


# What is done follows from the plan


def test_the_words_beside_a_plan_change_nothing(planned: Planned) -> None:
    make(planned)
    plans = [
        Plan(intent="generate_video", prompt="a cat in the snow"),
        Plan(intent="refine", targets=("c1",), acts=(Recolor(color="blue"),)),
        Plan(intent="refine", targets=("c1",), acts=(Speed(factor=2.0),)),
    ]
    odd = (
        "c9 in the left half, at night, from step 3 on",
        "keep it, resume @zebra",
        "x",
    )
    for plan in plans:
        takes = [planned.do(plan, words).takes for words in odd]
        shown = [[replace(take, request="") for take in each] for each in takes]
        assert shown[0] == shown[1] == shown[2]
    for words in odd:
        assert (
            planned.do(control("status"), words).answer == "nothing is being rendered"
        )


def test_what_is_left_out_is_said_before_anything_runs(planned: Planned) -> None:
    plan = Plan(
        intent="generate_video", prompt=BALL, what="music", unread=("the usual",)
    )
    reply = planned.do(plan)
    assert reply.takes
    assert reply.notes[:2] == (
        "Left out what is not possible yet: 'music'.",
        "Left out what I did not understand: 'the usual'.",
    )


def test_going_back_and_another_change_are_one_turn(planned: Planned) -> None:
    first = make(planned)
    plan = Plan(intent="refine", targets=("c1",), acts=(Recolor(color="blue"),))
    store(planned, planned.do(plan))
    acts = (Undo(to="c1"), Recolor(color="green"))
    (take,) = planned.do(replace(plan, targets=("c2",), acts=acts)).takes
    assert first.take is not None
    assert take.parents == (first.take.id,)
    assert "green" in take.prompt


# Controls


def test_a_pause_is_of_the_turn_that_runs_and_says_what_goes_on(
    planned: Planned,
) -> None:
    assert running(planned, BALL, "a cat on the beach") == ["c1", "c2"]
    told = planned.do(control("pause")).answer
    assert told == "pausing: c1 (c2 still running: name it, or say 'all')"
    assert planned.do(control("pause", "c2")).answer == "pausing: c2"
    told = planned.do(control("pause"), options={"dry_run": True}).answer
    assert told == "would pause: c1"


def test_stop_everything_is_all_of_it(planned: Planned) -> None:
    running(planned, BALL, "a cat on the beach")
    told = planned.do(control("cancel", is_all=True)).answer
    assert told == "stopping: c1, c2"
    assert len(planned.engine.cancelled) == 2


def test_a_status_is_of_the_clips_that_are_asked_of(planned: Planned) -> None:
    make(planned)
    running(planned, "a cat on the beach")
    assert planned.do(control("status", "c1")).answer == "c1 is done."
    assert "c2: running" in (planned.do(control("status", "c2")).answer or "")


def test_a_clip_is_saved_under_the_name_and_in_the_format_that_is_said(
    planned: Planned,
) -> None:
    make(planned)
    folder = planned.settings.store.parent
    told = planned.do(control("save", name="my beach.gif")).answer
    assert told == "c1 saved as my-beach.gif"
    again = planned.do(control("save", "c1", name="../../my beach", format="gif"))
    assert again.answer == "c1 saved as my-beach-2.gif"
    make(planned, "a cat on the beach")
    told = planned.do(control("export", is_all=True, format="webp")).answer
    assert told == "c1 saved as c1.webp\nc2 saved as c2.webp"
    assert (folder / "c2.webp").is_file()
    table = pd.DataFrame({"a": [1]})
    with pytest.raises(
        SpecError, match="df is not a clip, and only clips can be saved"
    ):
        planned.do(control("save", "df"), values={"df": table})


def test_a_name_of_the_users_works_beside_the_clips_own(planned: Planned) -> None:
    make(planned)
    make(planned, "a cat on the beach")
    told = planned.do(control("rename", "c1", name="sunset")).answer
    assert told == "c1 is now also called sunset: both names work"
    for name in ("sunset", "Sunset", "c1"):
        plan = Plan(intent="refine", targets=(name,), acts=(Speed(factor=2.0),))
        (take,) = planned.do(plan).takes
        assert take.parents == (planned.record.take("c1").id,)
    plan = Plan(intent="describe", targets=("sunset",), topics=("seed",))
    assert (planned.do(plan).answer or "").startswith("c1 has the seed ")
    assert "c1, called sunset: " in (
        planned.do(Plan(intent="describe", topics=("names",))).answer or ""
    )
    with pytest.raises(SpecError, match="c1 is already called sunset"):
        planned.do(control("rename", "c2", name="SUNSET"))
    with pytest.raises(SpecError, match="nbagent itself uses names like c7"):
        planned.do(control("rename", "c2", name="c7"))
    assert "What should c2 be called?" in (
        planned.do(control("rename", "c2")).answer or ""
    )


def test_a_clip_is_deleted_after_a_yes_and_no_sooner(planned: Planned) -> None:
    clip = make(planned)
    make(planned, "a cat on the beach")
    asked = planned.do(control("delete", "c1"), cell_id="one")
    assert asked.plan.consents == ("yes", "no")
    assert "This deletes c1 with its file: say 'yes'" in (asked.answer or "")
    path = clip.path
    assert path.is_file()
    assert planned.hear("no", {}, cell_id="two").answer == (
        "cancelled: nothing will be rendered"
    )
    planned.do(control("delete", "c1"), cell_id="three")
    assert planned.hear("yes", {}, cell_id="four").answer == "deleted: c1"
    assert [row.name for row in planned.rows()] == ["c2"]
    assert not path.exists()
    told = planned.do(control("delete", is_all=True), options={"yes": True}).answer
    assert told == "deleted: c2"
    assert planned.do(control("delete")).answer == "There is no clip to delete."


def test_what_another_clip_is_made_from_is_not_deleted_meanwhile(
    planned: Planned,
) -> None:
    make(planned)
    plan = Plan(intent="refine", targets=("c1",), acts=(Recolor(color="blue"),))
    planned.render(planned.do(plan)).start(lambda _index, _progress: None)
    with pytest.raises(
        SpecError, match="c2 is being made from it: wait until that is done"
    ):
        planned.do(control("delete", "c1"), options={"yes": True})
    assert [row.name for row in planned.rows()] == ["c1", "c2"]


def test_what_cannot_be_shared_is_one_line_and_the_nearest_thing(
    planned: Planned,
) -> None:
    make(planned)
    told = planned.do(control("share", "c1")).answer or ""
    assert "\n" not in told
    assert told.endswith("say 'save c1 as html'.")


def test_what_comes_after_a_clip_is_done_or_said(planned: Planned) -> None:
    then = (
        Control(action="save", format="gif", name="ball"),
        Control(action="rename", name="sunset"),
        Control(action="delete"),
    )
    reply = planned.do(Plan(intent="generate_video", prompt=BALL, then=then))
    clips = store(planned, reply)
    assert planned.close_turn(reply, clips).splitlines() == [
        "c1 saved as ball.gif",
        "c1 is now also called sunset: both names work",
        "not done: 'delete' needs a separate turn, say it now",
    ]


# Names


def test_a_bare_word_is_never_one_of_several_variables(planned: Planned) -> None:
    values: dict[str, Any] = {
        "sales": pd.DataFrame({"a": [1]}),
        "costs": pd.DataFrame({"a": [2]}),
        "waves": np.zeros((4, 5)),
    }
    asked = planned.do(Plan(intent="analyze", targets=("sales",)), values=values)
    assert asked.plan.intent == "ask"
    assert asked.answer == (
        "Which do you mean, @sales or @costs? Say the turn again with its name."
    )
    named = Plan(intent="analyze", targets=("sales",), mentions=("sales",))
    assert "@sales (DataFrame)" in (planned.do(named, values=values).answer or "")
    only = Plan(intent="analyze", targets=("waves",))
    assert "@waves (ndarray)" in (planned.do(only, values=values).answer or "")


def test_a_clip_of_another_conversation_is_that_clip(planned: Planned) -> None:
    other = make(planned, "a cat in the snow")  # it is called c1 there
    planned.whole.converse("second")
    own = make(planned)
    assert (other.name, own.name) == ("c1", "c1")
    assert other.take is not None
    assert own.take is not None
    faster = Plan(intent="refine", targets=("x",), acts=(Speed(factor=2.0),))
    named = replace(faster, mentions=("x",))
    assert planned.do(named, values={"x": other}).takes[0].parents == (other.take.id,)
    assert planned.do(named, values={"x": own}).takes[0].parents == (own.take.id,)
    # The word is this conversation's clip, whatever a variable of that name holds.
    bare = replace(faster, targets=("c1",))
    assert planned.do(bare, values={"c1": other}).takes[0].parents == (own.take.id,)
    at = replace(bare, mentions=("c1",))
    assert planned.do(at, values={"c1": other}).takes[0].parents == (other.take.id,)
    planned.remixer = heard_by(planned)
    reply: Any = other.ask((Speed(factor=2.0),))
    assert reply.takes[0].parents == (other.take.id,)
    matched: Any = own.ask((Match(other=own.ref_of(other)),))
    assert matched.takes[0].parents[0] == own.take.id
    with pytest.raises(
        SpecError, match=("is a clip from another conversation, not one of")
    ):
        planned.do(replace(control("save", "x"), mentions=("x",)), values={"x": other})


def test_a_variable_of_a_clips_name_may_hold_another(planned: Planned) -> None:
    make(planned)
    second = make(planned, "a cat in the snow")
    plan = Plan(intent="refine", targets=("c1",), acts=(Speed(factor=2.0),))
    at = replace(plan, mentions=("c1",))
    assert second.take is not None
    assert planned.do(at, values={"c1": second}).takes[0].parents == (second.take.id,)
    bare = planned.do(plan, values={"c1": second}).takes[0]
    assert bare.parents == (planned.record.take("c1").id,)


def test_an_opened_file_is_listed_and_not_read(
    planned: Planned, tmp_path: Path
) -> None:
    media.write_video(tmp_path / "c1.mp4", make_frames(4, 48, 64), 8, None)
    film = Clip.open(tmp_path / "c1.mp4")
    film.path.unlink()
    film = pickle.loads(pickle.dumps(film))  # its frames do not travel
    seen: list[State] = []

    def read(_words: str, state: State) -> Plan:
        seen.append(state)
        return Plan(intent="chat")

    planned.brains = Brains(read)
    values = {"film": film}
    planned.hear("hello", {}, variables=variables(values), values=values)
    assert [clip.ref for clip in seen[0].clips] == ["film"]


def test_a_string_says_what_is_shown_and_is_put_in_after_the_reading(
    planned: Planned,
) -> None:
    plan = Plan(intent="generate_video", prompt="@idea, at night", mentions=("idea",))
    (take,) = planned.do(plan, values={"idea": "a red ball rises over the sea"}).takes
    assert take.prompt == "a red ball, rising, on the sea, at night"


def test_a_clip_that_is_not_there_is_not_taken_for_another(planned: Planned) -> None:
    make(planned)
    plan = Plan(intent="refine", targets=("c9",), acts=(Speed(factor=2.0),))
    with pytest.raises(UnknownClip, match="no clip is called 'c9' here: there are c1"):
        planned.do(plan)


# Acts without words


def test_acts_are_done_as_they_are_and_kept_for_the_next_time(
    planned: Planned,
) -> None:
    clip = make(planned)
    acts = (Extend(by_s=1.0),)
    reply = planned.hear("", {}, target=clip, acts=acts, cell_id="one")
    assert reply.takes[0].operation == "extend"
    turn = planned.ledger.turns.get(reply.turn_id)
    assert turn.text == "c1.extend(by_s=1.0)"
    assert turn.options == {"target": "c1", "acts": [{"act": "extend", "by_s": 1.0}]}
    again = planned.hear(turn.text, turn.options)
    assert again.takes == reply.takes
    assert planned.consider(turn.text, turn.options).takes == reply.takes
    with pytest.raises(SpecError, match="there is no act 'explode'"):
        planned.hear("x", {"target": "c1", "acts": [{"act": "explode"}]})
    with pytest.raises(SpecError, match="acts need the clip"):
        planned.hear("x", {"acts": [{"act": "extend"}]})


# Answers without a language model


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("seed", "c1 has the seed 7."),
        ("length", "c1 lasts 2.0 s: 16 frames at 8 fps."),
        ("fps", "c1 plays at 8 frames a second."),
        ("size", "c1 is 256x256 pixels (width x height)."),
        ("prompt", "c1 was rendered from the prompt 'a red ball, on the beach'."),
        ("model", "c1 was made by the model pocket."),
        ("request", "For c1 you said 'a red ball on the beach'."),
        ("took", "c1 took 1.5 s."),
        ("origin", "c1 was made from scratch: you said"),
        ("changes", "c1 was made from scratch: you said"),
        ("reason", "c1 was made from scratch: its prompt"),
        ("names", "c1: a red ball, on the beach"),
        ("all", "c1: a red ball, on the beach | 16 frames, 2.0 s at 8 fps"),
    ],
)
def test_a_question_about_a_clip_is_answered_in_a_sentence(
    session: Session, topic: Any, told: str
) -> None:
    store(session, say(session, BALL, seed=7))
    plan = Plan(intent="describe", targets=("c1",), topics=(topic,))
    session.brains = Brains(lambda _words, _state: plan)
    answer = say(session, "a question").answer or ""
    assert answer.startswith(told)
    assert answer.splitlines()[-1].startswith("Try: c1: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("hello", "Hello!"),
        ("thanks", "You are welcome!"),
        ("what can you do?", "I make short clips"),
        ("what goes well with ramen", "a language model can"),
    ],
)
def test_talk_is_answered_and_ends_with_things_to_try(
    session: Session, words: str, told: str
) -> None:
    answer = say(session, words).answer or ""
    assert told in answer
    *_, last = answer.splitlines()
    assert last.startswith("Try: ")
    assert 2 <= last.count(" · ") + 1 <= 3
    assert session.ledger.jobs.find() == ()


def test_help_names_every_act_there_is(session: Session) -> None:
    answer = say(session, "what can you do?").answer or ""
    assert all(kind in answer for kind in ACTS)


@pytest.mark.parametrize(
    ("what", "nearest"),
    [
        ("play it as a slideshow backwards", "Plays it backwards."),
        ("colours of the brand", "colours"),
        ("music", "Try: "),
        ("", "Try: "),
    ],
)
def test_what_is_not_possible_is_one_line_with_the_nearest_thing(
    planned: Planned, what: str, nearest: str
) -> None:
    make(planned)
    reply = planned.do(Plan(intent="unsupported", what=what))
    assert reply.takes == ()
    assert reply.answer is not None
    assert "not possible yet, so nothing was made." in reply.answer
    assert nearest in reply.answer
    assert "\n" not in reply.answer


def test_a_clip_is_shown_again_and_nothing_is_rendered(session: Session) -> None:
    store(session, say(session, BALL))
    say(session, "at night", "two", dry_run=True)
    reply = say(session, "show me c1 again", "three")
    assert (reply.takes, reply.shows) == ((), ("c1",))
    assert [row.name for row in session.rows()] == ["c1"]
    view = Transcript(session).turns()[-1]
    assert [take["name"] for take in view["takes"]] == ["c1"]
    assert view["state"] == "done"
    told = say(session, "show me c1 again", "four", dry_run=True).answer
    assert told == "would show c1 again: nothing would be rendered"


# Questions back


def test_likely_readings_are_lines_and_buttons_that_work(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(session, say(session, BALL))
    chat = Chat(Transcript(session), {})
    turn_id = chat.say("make it nicer")
    turn = session.ledger.turns.get(turn_id)
    assert "  - change the look of it" in (turn.answer or "")
    view = next(v for v in chat.transcript.turns() if v["id"] == turn_id)
    assert view["readings"] == [
        {"intent": "refine", "label": "Change the look of it"},
        {"intent": "generate_video", "label": "Make a new clip of it"},
    ]
    heard: list[Intent | None] = []

    def read(_words: str, _state: State, reading: Intent | None, _values: Any) -> Plan:
        heard.append(reading)
        return Plan(intent="chat")

    monkeypatch.setattr(session.brains, "read", read)
    chat.say("make it nicer", replaces=turn_id, reading="refine")
    # What may be offered after it is tried as it stands.
    assert [reading for reading in heard if reading] == ["refine"]
    assert heard[0] == "refine"


def test_one_button_for_each_reading(planned: Planned) -> None:
    same = (
        Choice(intent="refine", says="change c1"),
        Choice(intent="refine", says="change c2"),
    )
    planned.do(Plan(intent="ask", readings=same), cell_id="one")
    (view,) = Transcript(planned).turns()
    assert view["readings"] == [{"intent": "refine", "label": "Change c1"}]


def test_of_two_clips_that_may_be_meant_it_is_asked_which(planned: Planned) -> None:
    make(planned)
    make(planned, "a cat on the beach")
    reply = planned.do(Plan(intent="ask", targets=("c1", "c2")), cell_id="one")
    assert (reply.answer or "").startswith("Which do you mean, c1 or c2?")
    assert Transcript(planned).turns()[-1]["readings"] == []
    readings = (Choice(intent="refine", says="change c1"),)
    one = planned.do(Plan(intent="ask", targets=("c1",), readings=readings))
    assert "  - change c1" in (one.answer or "")


def test_a_change_of_nothing_is_asked_back(planned: Planned) -> None:
    make(planned)
    plan = Plan(intent="refine", targets=("c1",))
    reply = planned.do(plan, options={"seed": 5})
    assert (reply.takes, reply.plan.intent) == ((), "ask")
    reply = planned.do(replace(plan, what="music"))
    assert "'music' is not possible yet" in (reply.answer or "")


def test_nonsense_renders_nothing(session: Session) -> None:
    reply = say(session, "asdf qwer")
    assert reply.takes == ()
    assert "Did you mean" in (reply.answer or "")
