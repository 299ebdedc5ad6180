"""Storyboards and joins: what a turn tells, what is rendered, what keeps its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nbagent.acts import Act
from nbagent.acts.extend import Extend
from nbagent.acts.grid import Grid
from nbagent.acts.join import Join
from nbagent.acts.loop import Loop
from nbagent.acts.place import Place
from nbagent.acts.plan import Plan
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.conversation import shot as shots
from nbagent.conversation.clip import Clip
from nbagent.conversation.compose import compose
from nbagent.conversation.recuts import derive
from nbagent.conversation.session import Session
from nbagent.conversation.sources import find_sources
from nbagent.conversation.storyboard import scene_shots
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.language.state import ClipInfo, State
from nbagent.ledger import Ledger
from nbagent.media import grid_clips, join_clips
from nbagent.models.cards import model_card
from nbagent.settings import Settings
from nbagent.take import Job, Progress, Take
from tests.test_session import fake_frames

ROCKET = ("a rocket on the desert", "it rises", "space at night")


def board(*scenes: str, **more: Any) -> Plan:
    return Plan(intent="storyboard", scenes=scenes, **more)


def refine(*acts: Act, of: str = "c1") -> Plan:
    return Plan(intent="refine", targets=(of,), acts=acts)


class Desk:
    """Composes plans one after the other, and lets their clips be as if rendered."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.named: dict[str, Take] = {}

    def take(self, plan: Plan) -> tuple[Take, ...]:
        """Return the takes of a plan; they are the next of c1, c2, ..."""
        state = State(clips=tuple(map(self._info, self.named)))
        sources = find_sources(
            plan,
            state,
            ledger=self.ledger,
            named=self.named.__getitem__,
            values={},
            target=None,
        )
        card = model_card("pocket")
        made = compose(plan, request="w", options={}, card=card, sources=sources)
        for take in made.takes:
            self.named[f"c{len(self.named) + 1}"] = take
            self.ledger.add_take(take)
            if take.is_recut:
                derive(self.ledger, take)
            else:
                fake_frames(self.ledger, take)
        return made.takes

    def shown(self, name: str) -> Clip:
        return Clip(self.ledger, self.named[name], name)

    def _info(self, name: str) -> ClipInfo:
        is_board = self.named[name].operation == "join"
        kind: Any = "storyboard" if is_board else "video"
        return ClipInfo(ref=name, kind=kind, caption=self.named[name].prompt)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    with Ledger(settings.store) as ledger:
        yield Desk(ledger)


def made(prompt: str) -> Plan:
    return Plan(intent="generate_video", prompt=prompt)


@pytest.mark.parametrize(
    ("told", "prompts"),
    [
        (
            ("a rocket on the desert", "it rises", "space at night"),
            [
                "A rocket on the desert.",
                "A rocket rises on the desert.",
                "A rocket rises in space at night.",
            ],
        ),
        (
            ("a cat sits in the snow at night", "a dog runs"),
            ["A cat sits in the snow at night.", "A dog runs."],
        ),
    ],
)
def test_a_scene_goes_on_from_the_one_before(
    told: tuple[str, ...], prompts: list[str]
) -> None:
    scenes = scene_shots(board(*told))
    assert [shots.in_words(shot) for shot in scenes] == prompts


def test_a_style_holds_for_all_scenes() -> None:
    plan = board("a cat", "a dog", settings={"style": "watercolour"})
    assert {shot.style for shot in scene_shots(plan)} == {"watercolour"}


@pytest.mark.parametrize(
    ("scenes", "says"),
    [
        (
            (),
            "a story has 2 to 12 scenes, and I read none: separate them with ';', like",
        ),
        (("a cat",), "a story has 2 to 12 scenes, and I read 1:"),
        (tuple("abcdefghijklm"), "a story has 2 to 12 scenes, and I read 13"),
    ],
)
def test_what_is_no_storyboard_is_one_line(scenes: tuple[str, ...], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        scene_shots(board(*scenes))


def test_the_scenes_are_rendered_and_joined(desk: Desk) -> None:
    *scenes, whole = desk.take(board(*ROCKET))
    assert [take.operation for take in scenes] == ["generate"] * 3
    assert len({take.seed for take in scenes}) == 1
    assert whole.operation == "join"
    assert whole.parents == tuple(take.id for take in scenes)
    clip = desk.shown("c4")
    assert (clip.num_frames, clip.fps) == (48, 8.0)
    parts = [desk.shown(f"c{i}").frames for i in (1, 2, 3)]
    assert np.abs(clip.frames.astype(int) - np.concatenate(parts)).mean() < 4


def test_scenes_dissolve_as_the_plan_says(desk: Desk) -> None:
    soft = Join(transition="dissolve", seconds=1.0)
    assert desk.take(board(*ROCKET, acts=(soft,)))[-1].dissolve_s == 1.0
    (again,) = desk.take(refine(Join(transition="dissolve"), of="c4"))
    assert (again.dissolve_s, again.parents) == (0.5, desk.named["c4"].parents)


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


class Told:
    """Reads every turn as one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self, *_: object, **__: object) -> Plan:
        return self.plan


def test_scenes_that_are_kept_early_are_joined_as_they_are(settings: Settings) -> None:
    with Ledger(settings.store) as ledger:
        session = Session(
            settings=settings,
            engine=EarlyEngine(settings, ledger),
            brain=Told(board(*ROCKET)),
        )
        reply = session.hear("three scenes", {})
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


def test_a_changed_scene_leaves_the_others_as_they_are(desk: Desk) -> None:
    *scenes, _ = desk.take(board(*ROCKET))
    changed, whole = desk.take(refine(Time(time="sunset"), of="c2"))
    assert (changed.operation, changed.parents) == ("remix", (scenes[1].id,))
    assert whole.parents == (scenes[0].id, changed.id, scenes[2].id)


def test_a_change_of_all_changes_each_scene(desk: Desk) -> None:
    *scenes, _ = desk.take(board(*ROCKET))
    *changed, whole = desk.take(refine(Place(place="in the city"), of="c4"))
    assert [take.parents for take in changed] == [(take.id,) for take in scenes]
    assert whole.parents == tuple(take.id for take in changed)


def test_a_scene_that_is_so_already_stays(desk: Desk) -> None:
    *scenes, _ = desk.take(board(*ROCKET))
    *changed, whole = desk.take(refine(Time(time="night"), of="c4"))
    assert [take.parents for take in changed] == [(take.id,) for take in scenes[:2]]
    assert whole.parents == (*(take.id for take in changed), scenes[2].id)
    with pytest.raises(SpecError, match="at night would change nothing"):
        desk.take(refine(Time(time="night"), of="c7"))


def test_what_is_of_one_clip_is_not_asked_of_several(desk: Desk) -> None:
    desk.take(board(*ROCKET))
    for act in (Extend(by_s=2), Loop(seamless=True)):
        with pytest.raises(
            SpecError, match="applies to one clip, not to several together"
        ):
            desk.take(refine(act, of="c4"))


def test_a_re_cut_of_the_whole_needs_no_scene(desk: Desk) -> None:
    whole = desk.take(board(*ROCKET))[-1]
    (looped,) = desk.take(refine(Loop(), of="c4"))
    assert (looped.operation, looped.parents) == ("derive", (whole.id,))
    assert desk.shown("c5").num_frames == 2 * 48 - 2
    # A later change of the scenes is cut in the same way.
    *_, joined, again = desk.take(refine(Time(time="sunset"), of="c5"))
    assert again.parents == (joined.id,)
    assert again.effects == looped.effects


def test_clips_are_joined_in_the_order_of_the_plan(desk: Desk) -> None:
    (one,) = desk.take(made("a red ball on the beach"))
    (other,) = desk.take(made("a cat in the snow"))
    (cut,) = desk.take(refine(Join(others=("c2",))))
    assert (cut.operation, cut.parents) == ("join", (one.id, other.id))
    (turned,) = desk.take(refine(Join(others=("c1",)), of="c2"))
    assert turned.parents == (other.id, one.id)
    (soft,) = desk.take(refine(Join(others=("c2",), transition="dissolve")))
    assert soft.dissolve_s == 0.5
    assert desk.shown("c5").num_frames == 28
    assert Take.from_recipe(soft.to_recipe()) == soft
    # A clip is known by its take, too, whatever its name is.
    (known,) = desk.take(refine(Join(others=(other.id,))))
    assert known.parents == cut.parents


def test_what_is_asked_beside_a_join_is_done_or_refused(desk: Desk) -> None:
    desk.take(made("a red ball on the beach"))
    desk.take(made("a cat in the snow"))
    desk.take(refine(Join(others=("c2",)), Speed(factor=2.0)))
    assert (desk.shown("c3").num_frames, desk.shown("c3").fps) == (32, 16.0)
    with pytest.raises(SpecError, match="at night: this changes a single clip"):
        desk.take(refine(Join(others=("c2",)), Time(time="night")))
    with pytest.raises(SpecError, match="name the other clip"):
        desk.take(refine(Join(transition="dissolve")))


def test_clips_are_shown_side_by_side(desk: Desk) -> None:
    words = ("a red ball on the beach", "a cat in the snow", "a dog in the city")
    takes = [desk.take(made(one))[0] for one in words]
    (pair,) = desk.take(refine(Grid(others=("c2",))))
    assert (pair.operation, pair.parents) == ("grid", (takes[0].id, takes[1].id))
    clip = desk.shown("c4")
    assert clip.frames.shape == (16, 256, 512, 3)
    left, right = (desk.shown(name).frames.astype(int) for name in ("c1", "c2"))
    assert np.abs(clip.frames[:, :, :256] - left).mean() < 4
    assert np.abs(clip.frames[:, :, 256:] - right).mean() < 4
    (row,) = desk.take(refine(Grid(others=("c2", "c3"))))
    assert (row.height, row.width) == (256, 768)
    # A change of the whole changes each, and shows them as they were shown.
    *changed, again = desk.take(refine(Time(time="night"), of="c5"))
    assert [take.parents[0] for take in changed] == [take.id for take in takes]
    assert (again.operation, again.width) == ("grid", 768)


def test_joined_clips_are_joined_with_others(desk: Desk) -> None:
    (one,) = desk.take(made("a red ball on the beach"))
    whole = desk.take(board(*ROCKET))[-1]
    (longer,) = desk.take(refine(Join(others=("c1",)), of="c5"))
    assert (longer.operation, longer.parents) == ("join", (whole.id, one.id))
    (pair,) = desk.take(refine(Grid(others=("c1",)), of="c5"))
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
    session = Session(
        settings=settings, engine=engine, brain=Told(board("a cat", "a dog"))
    )
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


def test_clips_of_two_sizes_do_not_join(desk: Desk) -> None:
    desk.take(made("a red ball on the beach"))
    (cat,) = desk.take(made("a cat in the snow"))
    desk.named["c2"] = replace(cat, width=512)
    with pytest.raises(SpecError, match="256x256 and 512x256 do not join"):
        desk.take(refine(Join(others=("c2",))))


def test_joined_frames_keep_their_pace_and_dissolve() -> None:
    black = np.zeros((4, 2, 2, 3), np.uint8)
    white = np.full((3, 2, 2, 3), 255, np.uint8)
    frames, fps = join_clips([(black, 8.0), (white, 4.0)])
    assert fps == 8
    assert frames[:, 0, 0, 0].tolist() == [0] * 4 + [255] * 6
    frames, _ = join_clips([(black, 8.0), (white, 8.0)], dissolve_s=0.25)
    assert frames[:, 0, 0, 0].tolist() == [0, 0, 85, 170, 255]
