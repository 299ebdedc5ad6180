"""Where a refinement begins: the clean ancestor, all edits since, layers on top."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nbagent.acts import Act
from nbagent.acts.add import Add
from nbagent.acts.loop import Loop
from nbagent.acts.place import Place
from nbagent.acts.plan import Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.conversation.compose import compose
from nbagent.conversation.ground import find_ground
from nbagent.conversation.recuts import derive
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import find_sources
from nbagent.errors import SpecError
from nbagent.language.state import ClipInfo, State
from nbagent.measure.workbench import Workbench
from nbagent.media import read_video
from nbagent.models.cards import model_card
from nbagent.take import Take

BALL = "a red ball crosses the beach at sunset"
LEFT = (0.0, 0.0, 0.5, 1.0)
NIGHT_LEFT = Time(time="at night", region=LEFT)


class Chain:
    """Refines a clip again and again, as a conversation does."""

    def __init__(self, folder: Path) -> None:
        self.bench = Workbench(folder)
        self.takes: list[Take] = []
        self.composed = Composed(takes=())
        self.make(Plan(intent="generate_video", prompt=BALL))

    def make(self, plan: Plan) -> Take:
        named = {f"c{i}": take for i, take in enumerate(self.takes, 1)}
        state = State(clips=tuple(ClipInfo(ref=name) for name in named))
        ledger = self.bench.ledger
        sources = find_sources(
            plan,
            state,
            ledger=ledger,
            named=named.__getitem__,
            values={},
            target=None,
        )
        self.composed = compose(
            plan,
            request="words",
            options={"steps": 4},
            card=model_card("pocket"),
            sources=sources,
        )
        for part in self.composed.parts:
            ledger.add_take(part)
        (take,) = self.composed.takes
        if take.is_recut:
            ledger.add_take(take)
            derive(ledger, take)
        else:
            self.bench.run(self.bench.job(take))
        self.takes.append(take)
        return take

    def refine(self, *acts: Act) -> Take:
        name = f"c{len(self.takes)}"
        return self.make(Plan(intent="refine", targets=(name,), acts=acts))

    def frames(self, take: Take) -> NDArray[np.int64]:
        artifact = self.bench.ledger.artifact(take.id)
        assert artifact is not None
        assert artifact.video is not None
        path = self.bench.ledger.path(artifact.video)
        return read_video(path)[0].astype(np.int64)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    made = Chain(tmp_path_factory.mktemp("chain") / ".nbagent")
    yield made
    made.bench.ledger.close()


@pytest.fixture
def fresh(chain: Chain) -> Chain:
    del chain.takes[1:]
    return chain


def test_a_refinement_of_a_refinement_starts_at_the_clip_that_came_from_noise(
    fresh: Chain,
) -> None:
    first = fresh.takes[0]
    blue = fresh.refine(Recolor(color="blue"))
    slow = fresh.refine(Speed(factor=0.5))
    night = fresh.refine(Time(time="at night"))
    assert (blue.operation, blue.source, blue.parents) == ("remix", "", (first.id,))
    assert (night.operation, night.source) == ("remix", first.id)
    assert night.parents == (slow.id,)
    assert night.effects == slow.effects
    assert [act["act"] for act in night.edits] == ["recolor", "time"]
    assert night.strength == max(Recolor.strength, Time.strength)
    assert Take.from_recipe(night.to_recipe()) == night


def test_a_recipe_replays_to_the_same_bytes(fresh: Chain, tmp_path: Path) -> None:
    fresh.refine(Recolor(color="blue"))
    night = fresh.refine(Time(time="at night"))
    again = Workbench(tmp_path / "again")
    for take in fresh.takes:
        again.ledger.add_take(Take.from_recipe(take.to_recipe()))
    one, other = fresh.frames(night), again.frames(night)
    assert np.array_equal(one, other)  # its source is rendered before it
    again.ledger.close()


def test_what_changes_below_a_part_leaves_the_part_its_own(fresh: Chain) -> None:
    half = fresh.refine(NIGHT_LEFT)
    blue = fresh.refine(Recolor(color="blue"))
    (base,) = fresh.composed.parts
    assert "blue ball" in base.prompt
    assert "sunset" in base.prompt
    assert blue.operation == "inpaint"
    assert "blue ball" in blue.prompt
    assert "night" in blue.prompt
    assert blue.holds[0].source == base.id
    assert blue.holds[0].mask == half.holds[0].mask
    assert blue.parents == (half.id,)
    frames, below = fresh.frames(blue), fresh.frames(base)
    middle = frames.shape[2] // 2
    # The right half is the base's, the left is darker than that.
    assert np.abs(frames[:, :, middle:] - below[:, :, middle:]).mean() < 6
    assert frames[:, :60, :middle].mean() < below[:, :60, :middle].mean() - 20


def test_layers_keep_their_order_through_several_changes(fresh: Chain) -> None:
    fresh.refine(NIGHT_LEFT)
    fresh.refine(Recolor(color="green", region=(0.5, 0.0, 1.0, 1.0)))
    top = fresh.refine(Speed(factor=2.0))
    city = fresh.refine(Place(place="in the city"))
    ground = find_ground(city, fresh.bench.ledger)
    assert [layer.edits[0]["act"] for layer in ground.layers] == ["time", "recolor"]
    assert all("city" in layer.prompt for layer in ground.layers)
    assert ground.clean == fresh.takes[0]
    assert city.parents == (top.id,)
    assert len(fresh.frames(city)) == len(fresh.frames(top))


def test_a_part_does_not_survive_another_size(fresh: Chain) -> None:
    fresh.refine(NIGHT_LEFT)
    plan = Plan(
        intent="refine",
        targets=("c2",),
        acts=(Recolor(color="blue"),),
        settings={"width": 512, "height": 256},
    )
    with pytest.raises(SpecError, match="a part of this clip was changed under a mask"):
        fresh.make(plan)


def test_what_is_said_of_the_whole_holds_for_its_parts(fresh: Chain) -> None:
    fresh.refine(NIGHT_LEFT)
    day = fresh.refine(Time(time="by day"))
    assert day.operation == "remix"  # of the clip below: no part is left
    half = fresh.refine(NIGHT_LEFT)
    same = fresh.refine(Time(time="by day"))
    assert same.id == day.id
    assert half.operation == "inpaint"


def test_a_loop_stays_one_when_its_picture_changes(fresh: Chain) -> None:
    loop = fresh.refine(Loop(seamless=True))
    blue = fresh.refine(Recolor(color="blue"))
    (base,) = fresh.composed.parts
    assert (loop.operation, blue.operation) == ("loop", "loop")
    assert (base.operation, base.parents) == ("remix", (fresh.takes[0].id,))
    assert {hold.source for hold in blue.holds} == {base.id}
    assert "blue ball" in blue.prompt


def test_pocket_puts_what_is_added_beside_its_actor(fresh: Chain) -> None:
    star = fresh.refine(Add(what="a yellow star", region=(0.5, 0.0, 1.0, 0.5)))
    assert star.operation == "remix"
    scene = star.shot["scene"]
    assert (scene["second"], scene["corner"]) == ("yellow star", "top right")
