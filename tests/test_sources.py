"""What a plan is about, looked up: which part of a clip is made anew, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nbagent import media
from nbagent.acts import Act, Span
from nbagent.acts.add import Add
from nbagent.acts.plan import Plan
from nbagent.acts.quality import Quality
from nbagent.acts.recolor import Recolor
from nbagent.acts.redo import Redo
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.conversation.pointing import pointed
from nbagent.conversation.sources import Sources, find_sources
from nbagent.errors import SpecError
from nbagent.language.state import ClipInfo, State
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from tests.played import PLAYED
from tests.samples import make_take

LEFT = (0.0, 0.0, 0.5, 1.0)
STATE = State(clips=(ClipInfo(ref="c1", kind="video", caption="a ball"),))
TAKE = make_take()


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with Ledger(settings.store) as ledger:
        ledger.add_take(TAKE)
        poster = ledger.put_file(b"jpeg", ".jpg")
        ledger.put_artifact(TAKE.id, replace(PLAYED, poster=poster, video=None))
        yield ledger


def found(plan: Plan, ledger: Ledger) -> Sources:
    return find_sources(
        plan,
        STATE,
        ledger=ledger,
        named={"c1": TAKE}.__getitem__,
        values={},
        target=None,
    )


def refine(*acts: Act, **more: Any) -> Plan:
    return Plan(intent="refine", targets=("c1",), acts=acts, **more)


def mask(plan: Plan, ledger: Ledger) -> Any:
    """Return where a plan makes its clip anew, (F, H, W); None if nowhere."""
    digest = found(plan, ledger).mask
    if not digest:
        return None
    drawn = media.read_video(ledger.path(digest))[0][0, :, :, 0] > 127
    return drawn.reshape(16, 256, 256)


@pytest.mark.parametrize(
    ("plan", "index"),
    [
        (refine(Time(time="night", region=LEFT)), np.s_[:, :, :128]),
        (refine(Redo(span=Span(start=-0.5))), np.s_[12:]),
        (refine(Redo(span=Span(start=0.5, is_share=True))), np.s_[8:]),
        (refine(Redo(), frame=3), np.s_[3:4]),
        (
            refine(Time(time="night", region=LEFT), Recolor(color="red", region=LEFT)),
            np.s_[:, :, :128],
        ),
        (refine(Redo(region=LEFT), Quality(quality="final")), np.s_[:, :, :128]),
    ],
)
def test_a_part_is_white_in_the_mask(plan: Plan, index: Any, ledger: Ledger) -> None:
    white = mask(plan, ledger)
    assert white[index].all()
    assert white.sum() == white[index].size


@pytest.mark.parametrize(
    "act",
    [
        Time(time="night"),
        Speed(factor=2.0, span=Span(end=1.0)),
        Add(what="a moon", region="sky"),
    ],
)
def test_the_whole_needs_no_mask(act: Act, ledger: Ledger) -> None:
    assert mask(refine(act), ledger) is None


@pytest.mark.parametrize(
    ("acts", "says"),
    [
        (
            (Time(time="night", region="the sky"),),
            "'the sky' is not a part that I can find: name one like the left half",
        ),
        ((Redo(span="the good bit"),), "'the good bit' is not a part"),
        (
            (Time(time="night", region=LEFT), Recolor(color="red")),
            "'colour: red' is about a different part",
        ),
        ((Redo(span=Span(start=1.0, end=5.0)),), "not inside the clip: it lasts 2 s"),
        ((Redo(span=Span(start=0.0, end=0.01)),), "shorter than one frame at 8 fps"),
    ],
)
def test_a_part_that_cannot_be_is_refused_in_one_line(
    acts: tuple[Act, ...], says: str, ledger: Ledger
) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        found(refine(*acts), ledger)
    assert "\n" not in str(caught.value)


def test_what_is_pointed_at_limits_what_the_words_say() -> None:
    options = {"span": (1.0, None), "region": LEFT, "step": 3}
    plan = pointed(refine(Time(time="night")), options, "c2")
    assert plan.acts == (Time(time="night", span=Span(start=1.0), region=LEFT),)
    assert plan.step == 3
    assert pointed(plan, {"seed": 1}, "c2") is plan
    with pytest.raises(SpecError, match="quality applies to the whole clip"):
        pointed(refine(Quality(quality="draft")), options, "c2")


def test_a_thing_beside_a_mask_is_what_should_be_there() -> None:
    plan = Plan(intent="generate_video", prompt="a moon")
    moon = pointed(plan, {"mask": "b2:1.png"}, "c2")
    assert moon == Plan(
        intent="refine", targets=("c2",), acts=(Add(what="a moon"),), prompt="a moon"
    )
    assert replace(moon, prompt="").acts[0].says() == "with a moon"
