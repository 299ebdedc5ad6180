"""Storyboards and joins: what a turn tells, what is rendered, what keeps its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from nbagent.conversation import shot as shots
from nbagent.conversation.plan import Plan
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.conversation.storyboard import scene_shots, split
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.ledger import Ledger
from nbagent.media import grid_clips, join_clips
from nbagent.settings import Settings
from nbagent.take import Job, Progress, Take
from tests.test_session import fake_frames

ROCKET = "three scenes: a rocket on the desert; it rises; space at night"


def say(session: Session, words: str) -> Reply:
    """Hear a turn, and let its clips be rendered: new ones as if by a model."""
    reply = session.hear(words, {})
    rendering = session.render(reply)
    for take in reply.takes:
        if not take.is_recut and session.ledger.artifact(take.id) is None:
            fake_frames(session.ledger, take)
    rendering.start(lambda _index, _progress: None)
    assert {p.state for p in rendering.progress} == {"done"}
    return reply


@pytest.mark.parametrize(
    ("told", "scenes"),
    [
        ("three scenes: egg, chick, hen", ["egg", "chick", "hen"]),
        ("a cat sits; it jumps", ["a cat sits", "it jumps"]),
        (
            "first a cat sits in the snow, then it jumps, finally it spins",
            ["a cat sits in the snow", "it jumps", "it spins"],
        ),
        ("scene 1: a boat. scene 2: a house", ["a boat", "a house"]),
        ("1. a boat at sea\n2. a house", ["a boat at sea", "a house"]),
        ("a red ball falls. It bounces.", ["a red ball falls", "It bounces"]),
        ("a cat", ["a cat"]),
        ("", []),
    ],
)
def test_a_turn_is_split_into_what_its_scenes_show(
    told: str, scenes: list[str]
) -> None:
    assert split(told) == scenes


@pytest.mark.parametrize(
    ("told", "prompts"),
    [
        (
            "a rocket on the desert; it rises; space at night",
            [
                "a rocket, on the desert",
                "a rocket rises, on the desert",
                "a rocket rises, in space, at night",
            ],
        ),
        (
            "a cat sits in the snow at night; a dog runs",
            ["a cat sits, in the snow, at night", "a dog runs"],
        ),
    ],
)
def test_a_scene_goes_on_from_the_one_before(told: str, prompts: list[str]) -> None:
    plan = Plan(intent="storyboard", prompt=told)
    assert [shots.to_prompt(shot)[0] for shot in scene_shots(plan)] == prompts


def test_a_style_holds_for_all_scenes() -> None:
    plan = Plan(
        intent="storyboard", prompt="a cat; a dog", slots={"style": "watercolour"}
    )
    assert {shot.style for shot in scene_shots(plan)} == {"watercolour"}


@pytest.mark.parametrize(
    ("prompt", "slots", "says"),
    [
        ("a cat", {}, "1 scenes were read in it: tell 2 to 12"),
        ("a cat; a dog", {"scenes": 3}, "2 scenes were read in it, and it says 3"),
        ("; ".join("abcdefghijklm"), {}, "13 scenes were read"),
    ],
)
def test_what_is_no_storyboard_is_one_line(
    prompt: str, slots: dict[str, int], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        scene_shots(Plan(intent="storyboard", prompt=prompt, slots=slots))  # type: ignore[arg-type]  # a literal dict


def test_the_scenes_are_rendered_and_joined(session: Session) -> None:
    *scenes, whole = say(session, ROCKET).takes
    assert [take.operation for take in scenes] == ["generate"] * 3
    assert len({take.seed for take in scenes}) == 1
    assert whole.operation == "join"
    assert whole.parents == tuple(take.id for take in scenes)
    clip = session.clip("c4")
    assert (clip.num_frames, clip.fps) == (48, 8.0)
    parts = [session.clip(f"c{i}").frames for i in (1, 2, 3)]
    assert np.abs(clip.frames.astype(int) - np.concatenate(parts)).mean() < 4
    assert "from c1, c2, c3 (join)" in session.record.facts("c4")


class EarlyEngine(Engine):
    """Ends every job after two steps, as if the user had kept what it showed then."""

    def __init__(self, session_settings: Settings, ledger: Ledger) -> None:
        super().__init__(session_settings)
        self._ledger = ledger

    def submit(self, job: Job, listener: Callable[[Progress], None]) -> None:
        kept = replace(job.take, stop_step=2)
        self._ledger.add_take(kept)
        fake_frames(self._ledger, kept)
        self._ledger.replace_take(job.take.id, kept)
        listener(Progress(job=job.id, state="done", message="kept"))


def test_scenes_that_are_kept_early_are_joined_as_they_are(settings: Settings) -> None:
    with Ledger(settings.store) as ledger:
        session = Session(settings=settings, engine=EarlyEngine(settings, ledger))
        reply = session.hear(ROCKET, {})
        rendering = session.render(reply)
        rendering.start(lambda _index, _progress: None)
        rendering.wait()
        *scenes, whole = rendering.takes
        assert [take.stop_step for take in scenes] == [2, 2, 2]
        assert whole.parents == tuple(take.id for take in scenes)
        # The names stand for what was made, in the record too.
        assert session.clip("c4").take == whole
        assert session.clip("c4").num_frames == 48
        session.close()


def test_a_changed_scene_leaves_the_others_as_they_are(session: Session) -> None:
    *scenes, _ = say(session, ROCKET).takes
    changed, whole = say(session, "scene 2 at sunset").takes
    assert (changed.operation, changed.parents) == ("remix", (scenes[1].id,))
    assert whole.parents == (scenes[0].id, changed.id, scenes[2].id)


def test_a_change_of_all_changes_each_scene(session: Session) -> None:
    *scenes, _ = say(session, ROCKET).takes
    *changed, whole = say(session, "make it all red").takes
    assert [take.parents for take in changed] == [(take.id,) for take in scenes]
    assert whole.parents == tuple(take.id for take in changed)


def test_a_re_cut_of_the_whole_needs_no_scene(session: Session) -> None:
    whole = say(session, ROCKET).takes[-1]
    (looped,) = say(session, "loop it").takes
    assert (looped.operation, looped.parents) == ("derive", (whole.id,))
    assert session.clip("c5").num_frames == 2 * 48 - 2
    # A later change of the scenes is cut in the same way.
    *_, joined, again = say(session, "now at sunset").takes
    assert again.parents == (joined.id,)
    assert again.effects == looped.effects


def test_clips_are_joined_by_words(session: Session) -> None:
    one = say(session, "a red ball on the beach").takes[0]
    other = say(session, "a cat in the snow").takes[0]
    (cut,) = say(session, "join c1 and c2").takes
    assert (cut.operation, cut.parents) == ("join", (one.id, other.id))
    (turned,) = say(session, "append c1 to c2").takes
    assert turned.parents == (other.id, one.id)
    (soft,) = say(session, "c1 and then c2, with a dissolve").takes
    assert soft.dissolve_s == 0.5
    assert session.clip("c5").num_frames == 28
    assert Take.from_recipe(soft.to_recipe()) == soft


def test_clips_are_shown_side_by_side(session: Session) -> None:
    takes = [
        say(session, words).takes[0]
        for words in ("a red ball on the beach", "a cat in the snow", "a dog in space")
    ]
    (pair,) = say(session, "put c1 and c2 side by side").takes
    assert (pair.operation, pair.parents) == ("grid", (takes[0].id, takes[1].id))
    clip = session.clip("c4")
    assert clip.frames.shape == (16, 128, 256, 3)
    left, right = (session.clip(name).frames.astype(int) for name in ("c1", "c2"))
    assert np.abs(clip.frames[:, :, :128] - left).mean() < 4
    assert np.abs(clip.frames[:, :, 128:] - right).mean() < 4
    (row,) = say(session, "show c1, c2 and c3 in a grid").takes
    assert (row.height, row.width) == (128, 384)
    # A change of the whole changes each, and shows them as they were shown.
    *changed, again = say(session, "at night").takes
    assert [take.parents[0] for take in changed] == [take.id for take in takes]
    assert (again.operation, again.width) == ("grid", 384)
    assert "from c1, c2 (grid)" in session.record.facts("c4")


def test_joined_clips_are_joined_with_others(session: Session) -> None:
    one = say(session, "a red ball on the beach").takes[0]
    whole = say(session, ROCKET).takes[-1]
    (longer,) = say(session, "join c5 and c1").takes
    assert (longer.operation, longer.parents) == ("join", (whole.id, one.id))
    (pair,) = say(session, "put c5 and c1 side by side").takes
    assert (pair.operation, pair.parents) == ("grid", (whole.id, one.id))


def test_a_grid_holds_short_clips_and_fills_its_places() -> None:
    black = np.zeros((2, 2, 2, 3), np.uint8)
    white = np.full((4, 2, 2, 3), 255, np.uint8)
    grey = np.linspace(0, 90, 3).astype(np.uint8)[:, None, None, None]
    clips = [(black, 8.0), (white, 8.0), (np.tile(grey, (1, 2, 2, 3)), 8.0)]
    frames, fps = grid_clips(clips, 2)
    assert (frames.shape, fps) == ((4, 4, 4, 3), 8.0)
    assert frames[:, 0, 2, 0].tolist() == [255] * 4
    assert frames[:, 2, 0, 0].tolist() == [0, 45, 90, 90]
    assert not frames[:, 2:, 2:].any()


class Slow(Engine):
    """An engine whose workers have not begun: what was sent waits in `sent`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.sent: list[tuple[Job, Callable[[Progress], None]]] = []

    def submit(self, job: Job, listener: Callable[[Progress], None]) -> None:
        self.sent.append((job, listener))


@pytest.fixture
def slow(settings: Settings) -> Iterator[tuple[Session, Slow]]:
    engine = Slow(settings)
    session = Session(settings=settings, engine=engine)
    yield session, engine
    session.close()


def test_a_join_waits_for_its_scenes(slow: tuple[Session, Slow]) -> None:
    session, engine = slow
    rendering = session.render(session.hear("two scenes: a cat; a dog", {}))
    rendering.start(lambda _index, _progress: None)
    for job, listener in engine.sent:
        assert rendering.progress[2].state == "queued"
        fake_frames(session.ledger, job.take)
        listener(Progress(job=job.id, state="done"))
    assert rendering.progress[2].state == "done"


def test_a_join_ends_with_a_scene_that_will_not_come(
    slow: tuple[Session, Slow],
) -> None:
    session, engine = slow
    rendering = session.render(session.hear("two scenes: a cat; a dog", {}))
    rendering.start(lambda _index, _progress: None)
    job, listener = engine.sent[0]
    listener(Progress(job=job.id, state="failed", message="no memory"))
    assert rendering.progress[2].state == "cancelled"
    assert "run the cell again" in rendering.progress[2].message


def test_clips_of_two_sizes_do_not_join(session: Session) -> None:
    say(session, "a red ball on the beach")
    wide = session.hear("a cat in the snow", {"size": (128, 256)})
    session.render(wide)
    fake_frames(session.ledger, wide.takes[0])
    with pytest.raises(SpecError, match="128x128 and 256x128 do not join"):
        session.hear("join c1 and c2", {})


def test_joined_frames_keep_their_pace_and_dissolve() -> None:
    black = np.zeros((4, 2, 2, 3), np.uint8)
    white = np.full((3, 2, 2, 3), 255, np.uint8)
    frames, fps = join_clips([(black, 8.0), (white, 4.0)])
    assert fps == 8
    assert frames[:, 0, 0, 0].tolist() == [0] * 4 + [255] * 6
    frames, _ = join_clips([(black, 8.0), (white, 8.0)], dissolve_s=0.25)
    assert frames[:, 0, 0, 0].tolist() == [0, 0, 85, 170, 255]
