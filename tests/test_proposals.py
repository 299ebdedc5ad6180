"""What a model's plan does beyond the reader's reading, by their values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbagent.acts.base import Act
from nbagent.acts.extend import Extend
from nbagent.acts.plan import Choice, Control, Plan, Proposal, Settings
from nbagent.acts.quality import Quality
from nbagent.acts.reseed import Reseed
from nbagent.acts.restyle import Restyle
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.conversation.proposals import weighed
from nbagent.language import SURE
from nbagent.language.state import ClipInfo, State, Variable

STATE = State(
    clips=(ClipInfo(ref="c1"),), variables=(Variable(name="photo", type="PIL.Image"),)
)
NIGHT = Time(time="at night")
OWN = Plan(intent="refine", targets=("c1",), acts=(NIGHT,), unread=("zip",))
VIDEO = Plan(intent="generate_video", prompt="a cat", settings={"duration_s": 3})


def beyond(plan: Plan, own: Plan) -> tuple[str, ...]:
    made = weighed(replace(plan, proposal=Proposal(by="m", draft={})), own, STATE)
    assert made.proposal is not None
    return made.proposal.beyond


@pytest.mark.parametrize(
    ("acts", "is_asked"),
    [
        ((NIGHT,), False),
        ((NIGHT, Restyle(style="noir")), False),  # another picture, at the same cost
        ((NIGHT, Speed(factor=0.5)), False),
        ((NIGHT, Extend(by_s=8)), True),
        ((NIGHT, Quality(quality="final")), True),
        ((NIGHT, Reseed(count=4)), True),
    ],
)
def test_what_makes_a_change_dearer_is_asked(
    acts: tuple[Act, ...], is_asked: bool
) -> None:
    plan = Plan(intent="refine", targets=("c1",), acts=acts)
    assert beyond(plan, OWN) == (("render",) if is_asked else ())
    assert not beyond(plan, replace(OWN, acts=acts))
    unsure = replace(OWN, acts=acts, confidence=SURE - 0.01)
    assert beyond(plan, unsure) == ("render",)


def test_what_makes_a_clip_dearer_is_asked() -> None:
    assert beyond(VIDEO, VIDEO) == ()
    assert beyond(replace(VIDEO, settings={}), VIDEO) == ()
    for more in (Settings(duration_s=60), Settings(count=4), Settings(width=2048)):
        dearer = replace(VIDEO, settings={**VIDEO.settings, **more})
        assert beyond(dearer, VIDEO) == ("render",)
    board = Plan(intent="storyboard", scenes=("a", "b"))
    assert beyond(board, VIDEO) == ("render",)
    assert beyond(replace(board, scenes=("a", "b", "c")), board) == ("render",)


def test_a_control_is_the_users_only_if_it_is_the_same_of_the_same() -> None:
    own = Plan(
        intent="control", targets=("c1",), control=Control(action="save", format="gif")
    )
    assert beyond(own, own) == ()
    assert beyond(replace(own, targets=()), own) == ("save",)
    mp4 = Control(action="save", format="mp4")
    assert beyond(replace(own, control=mp4), own) == ("save",)
    assert beyond(own, replace(own, confidence=SURE - 0.01)) == ("save",)
    status = replace(own, control=Control(action="status"))
    assert beyond(status, Plan(intent="ask")) == ()


def test_what_comes_after_is_the_users_only_if_the_reader_found_it() -> None:
    save, delete = Control(action="save"), Control(action="delete")
    own = replace(VIDEO, then=(save,))
    assert beyond(own, own) == ()
    assert beyond(replace(VIDEO, then=(save, delete)), own) == ("delete",)


def test_names_and_readings_are_the_readers() -> None:
    readings = (Choice(intent="chat", says="talk about it"),)
    own = Plan(intent="ask", mentions=("zebra",), unknown=("zebra",), readings=readings)
    plan = Plan(
        intent="ask", targets=("photo", "c1"), proposal=Proposal(by="m", draft={})
    )
    made = weighed(plan, own, STATE)
    assert made.targets == ("c1",)  # the turn names no photo
    assert (made.mentions, made.unknown) == (("zebra",), ("zebra",))
    assert made.readings == readings
    assert weighed(plan, replace(own, mentions=("photo",)), STATE).targets == (
        "photo",
        "c1",
    )
