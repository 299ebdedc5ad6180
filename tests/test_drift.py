"""The drift meter: what it says of changed clips, and how a match takes it back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from nbagent.acts import apply_effects
from nbagent.acts.join import Join
from nbagent.acts.match import Match
from nbagent.acts.plan import Plan
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.language.state import State
from nbagent.media import drift, palette
from nbagent.settings import Settings
from nbagent.take import Effect
from tests import phrasebook
from tests.samples import make_frames, make_noise
from tests.test_session import say, store

FRAMES = make_frames(8, height=48, width=64)


def matched(target: str, other: str = "") -> Plan:
    return Plan(intent="refine", targets=(target,), acts=(Match(other=other),))


PLANS = {
    "c2 as c1": matched("c2", "c1"),
    "c2 as its first": matched("c2"),
    "c1 as c2": matched("c1", "c2"),
    "c1 as c3": matched("c1", "c3"),
    "c3 as c1": matched("c3", "c1"),
    "join": Plan(intent="refine", targets=("c1",), acts=(Join(others=("c2",)),)),
}


def read(words: str, state: State) -> Plan:
    return PLANS.get(words) or phrasebook.read(words, state)


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    session = Session(settings=settings, engine=Engine(settings), brain=read)
    yield session
    session.close()


def darker(frames: np.ndarray, by: float = 0.8) -> np.ndarray:
    return (frames * by).round().astype(np.uint8)


def test_a_clip_has_not_drifted_from_itself() -> None:
    assert drift(FRAMES, FRAMES) == (0.0, 0.0, 1.0)
    assert str(drift(FRAMES, FRAMES)) == ""


def test_what_a_viewer_sees_is_said() -> None:
    assert drift(darker(FRAMES), FRAMES).luma < -0.05
    assert "darker" in str(drift(darker(FRAMES), FRAMES))
    gray = np.repeat(FRAMES.mean(-1, keepdims=True), 3, axis=-1).astype(np.uint8)
    assert "paler" in str(drift(gray, FRAMES))
    sharp = make_noise(2, 48, 64)
    small = Effect(kind="resize", scale=1 / 8)
    soft, _ = apply_effects(sharp, 8.0, [small, Effect(kind="resize", scale=8.0)])
    assert "softer" in str(drift(soft, sharp))
    # Something bright in a corner is no drift.
    moving = FRAMES.copy()
    moving[:, :8, :8] = 255
    assert abs(drift(moving, FRAMES).luma) < 0.03


def test_a_match_takes_it_back() -> None:
    wanted = palette(FRAMES)
    effect = Effect(kind="match", palette=wanted)
    back, _ = apply_effects(darker(FRAMES), 8.0, [effect])
    assert np.abs(back.astype(int) - FRAMES).mean() < 3
    assert np.allclose(palette(back), wanted, atol=2)
    flat = np.full_like(FRAMES, 9)
    assert apply_effects(flat, 8.0, [effect])[0].shape == FRAMES.shape


@pytest.mark.parametrize("words", ["c2 as c1", "c2 as its first", "c1 as c2"])
def test_a_clip_gets_the_colours_of_another(session: Session, words: str) -> None:
    store(session, say(session, "a red ball rises over the sea"))
    store(session, say(session, "at night"))
    reply = say(session, words)
    (take,) = reply.takes
    assert (take.operation, take.effects[-1].kind) == ("derive", "match")
    target = session.clip(reply.plan.targets[0]).take
    assert target is not None
    assert take.parents == (target.id,)


def test_joined_clips_are_matched_too(session: Session) -> None:
    store(session, say(session, "a red ball rises over the sea"))
    store(session, say(session, "at night"))
    (whole,) = say(session, "join").takes
    session.render(say(session, "join"))
    (take,) = say(session, "c3 as c1").takes
    assert (take.operation, take.parents) == ("derive", (whole.id,))
    assert take.effects[-1].kind == "match"


def test_drift_is_measured_from_the_first_clip(session: Session) -> None:
    (first,) = store(session, say(session, "a red ball rises over the sea"))
    (slow,) = store(session, say(session, "slower"))
    assert first.drift == (0.0, 0.0, 1.0)
    assert slow.drift.luma == pytest.approx(0.0, abs=0.01)
    session.render(say(session, "a cat"))
    with pytest.raises(SpecError, match="not rendered yet: wait until it is done"):
        say(session, "c1 as c3")
