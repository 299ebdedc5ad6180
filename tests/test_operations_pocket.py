"""On pocket itself: what an operation holds is in the clip that comes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nbagent import media
from nbagent.acts import Act
from nbagent.acts.aspect import Aspect
from nbagent.acts.extend import Extend
from nbagent.acts.loop import Loop
from nbagent.acts.plan import Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.redo import Redo
from nbagent.acts.time import Time
from nbagent.acts.upscale import Upscale
from nbagent.conversation import masks
from nbagent.conversation.compose import compose
from nbagent.conversation.operations import Film
from nbagent.conversation.sources import Sources, find_sources
from nbagent.errors import JobFailed, SpecError
from nbagent.language.state import State
from nbagent.ledger import Artifact, Ledger
from nbagent.models.cards import model_card
from nbagent.render.renderer import Renderer
from nbagent.take import Job, Take

# Enough for a picture, few enough for a test.
OPTIONS = {"steps": 4, "guidance": 1.0}
# Levels of 255 that writing a clip as mp4, reading and writing it again may cost.
CODEC = 6.0


class Bench:
    """Composes and renders in one store."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder)
        self.renderer = Renderer()
        self.parent, self.clip = self.make(
            Plan(intent="generate_video", prompt="a red ball rises over the sea"),
            Sources(),
        )

    def make(
        self, plan: Plan, sources: Sources, **options: Any
    ) -> tuple[Take, Artifact]:
        composed = compose(
            plan,
            request="words",
            options=OPTIONS | options,
            card=model_card("pocket"),
            sources=sources,
        )
        take = composed.takes[0]
        for one in (*composed.parts, take):
            self.ledger.add_take(one)
        job_id = self.ledger.jobs.add(take.id, None, "interactive")
        job = Job(id=job_id, take=take, store=str(self.ledger.folder))
        self.told: list[str] = []
        self.renderer.run(
            job,
            report=lambda progress: self.told.append(progress.message),
            cancelled=lambda: False,
        )
        artifact = self.ledger.artifact(take.id)
        assert artifact is not None
        return take, artifact

    def refine(
        self, act: Act, mask: NDArray[np.bool_] | None = None
    ) -> tuple[Take, Artifact]:
        plan = Plan(intent="refine", acts=(act,))
        kept = ""
        if mask is not None:
            kept = masks.keep(mask, self.ledger)
        sources = Sources(parent=self.parent, clip=self.clip, mask=kept)
        return self.make(plan, sources)

    def frames(self, artifact: Artifact) -> NDArray[np.int64]:
        path = self.ledger.path(artifact.video or artifact.poster)
        return media.read_video(path)[0].astype(np.int64)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("operations") / ".nbagent")
    yield made
    made.ledger.close()


def difference(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    return float(np.abs(one - other).mean())


def test_a_region_is_made_anew_and_all_around_it_stays(bench: Bench) -> None:
    mask = masks.of_part((0.0, 0.0, 0.5, 1.0), None, bench.clip)
    before = bench.frames(bench.clip)
    _, artifact = bench.refine(Time(time="at night"), mask)
    after = bench.frames(artifact)
    assert difference(after[:, :, 128:], before[:, :, 128:]) < CODEC
    assert difference(after[:, :, :128], before[:, :, :128]) > 4 * CODEC


def test_a_mask_of_any_outline_keeps_every_pixel_outside(bench: Bench) -> None:
    y, x = np.mgrid[:256, :256]
    round_mask = (((y - 120) ** 2 + (x - 120) ** 2) < 80**2)[None]
    before = bench.frames(bench.clip)
    _, artifact = bench.refine(Recolor(what="ball", color="blue"), round_mask)
    after = bench.frames(artifact)
    changed = np.abs(after - before).mean(axis=(0, 3))
    assert changed[~round_mask[0]].mean() < CODEC
    assert changed[round_mask[0]].mean() > 2 * changed[~round_mask[0]].mean()


def test_a_span_is_made_anew_and_the_rest_of_the_time_stays(bench: Bench) -> None:
    mask = masks.of_part(None, (1.0, None), bench.clip)
    before = bench.frames(bench.clip)
    take, artifact = bench.refine(Redo(), mask)
    after = bench.frames(artifact)
    assert take.seed == bench.parent.seed + 1
    assert difference(after[:8], before[:8]) < CODEC
    assert difference(after[8:], before[8:]) > 2 * difference(after[:8], before[:8])


@pytest.mark.parametrize("side", ["end", "start"])
def test_an_extended_clip_is_in_the_longer_one(bench: Bench, side: Any) -> None:
    before = bench.frames(bench.clip)
    _, artifact = bench.refine(Extend(by_s=2.0, side=side))
    after = bench.frames(artifact)
    assert (artifact.num_frames, artifact.duration_s) == (32, 4.0)
    kept = after[:16] if side == "end" else after[16:]
    assert difference(kept, before) < CODEC


def test_what_is_too_far_away_to_be_seen_is_put_back(bench: Bench) -> None:
    """A clip extended twice: the model sees its last two seconds alone."""
    longer, clip = bench.refine(Extend(by_s=2.0))
    plan = Plan(intent="refine", acts=(Extend(by_s=2.0),))
    take, artifact = bench.make(plan, Sources(parent=longer, clip=clip))
    assert (take.num_frames, artifact.num_frames) == (32, 48)
    assert difference(bench.frames(artifact)[:32], bench.frames(clip)) < CODEC


def test_a_clip_longer_than_a_window_is_one_job(bench: Bench) -> None:
    plan = Plan(intent="generate_video", prompt="a cat", settings={"duration_s": 12.0})
    take, artifact = bench.make(plan, Sources(), steps=2)
    assert (artifact.num_frames, artifact.duration_s) == (96, 12.0)
    assert list(dict.fromkeys(bench.told)) == ["part 1 of 2", "part 2 of 2"]
    first = bench.ledger.artifact(take.parents[0])
    assert first is not None
    assert difference(bench.frames(artifact)[:64], bench.frames(first)) < CODEC


def test_a_larger_picture_is_the_clips_own(bench: Bench) -> None:
    take, artifact = bench.refine(Upscale())
    assert (artifact.height, artifact.width) == (512, 512)
    large, small = bench.frames(artifact), bench.frames(bench.clip)
    # Seen from further away it is the clip, and not only a blown-up one.
    halved = large.reshape(16, 256, 2, 256, 2, 3).mean((2, 4))
    assert difference(halved, small) < 3 * CODEC
    blown = small.repeat(2, 1).repeat(2, 2)
    assert difference(large, blown) > CODEC / 2
    assert take.strength == 0.25


def test_a_wider_frame_has_the_clip_in_its_middle(bench: Bench) -> None:
    plan = Plan(intent="refine", acts=(Aspect(aspect="2:1"),))
    sources = Sources(parent=bench.parent, clip=bench.clip)
    _, artifact = bench.make(plan, sources, size=(256, 512))
    after = bench.frames(artifact)
    assert after.shape == (16, 256, 512, 3)
    assert difference(after[:, :, 128:384], bench.frames(bench.clip)) < CODEC


def test_a_seamless_loop_plays_in_a_circle(bench: Bench) -> None:
    before = bench.frames(bench.clip)
    _, artifact = bench.refine(Loop(seamless=True))
    after = bench.frames(artifact)
    assert difference(after[:6], before[8:14]) < CODEC
    assert difference(after[10:], before[2:8]) < CODEC
    jumps = [media.seam(frames.astype(np.uint8)) for frames in (before, after)]
    assert jumps[1] < 2 < jumps[0]


def test_pictures_are_the_frames_where_they_are_held(bench: Bench) -> None:
    shades = [np.full((256, 256, 3), level, np.uint8) for level in (20, 120, 230)]
    stored = tuple(bench.ledger.put_file(media.png(s), ".png") for s in shades)
    plan = Plan(intent="animate_image", prompt="it spins")
    _, artifact = bench.make(plan, Sources(pictures=stored))
    frames = bench.frames(artifact)
    held = [frames[0].mean(), frames[8].mean(), frames[15].mean()]
    assert held == pytest.approx([20, 120, 230], abs=CODEC)


def test_an_array_of_frames_is_where_a_clip_begins(bench: Bench) -> None:
    frames = bench.frames(bench.clip)[:, :-1].astype(np.uint8)  # an odd height
    plan = Plan(intent="animate_image", prompt="it spins", targets=("film",))
    sources = find_sources(
        plan,
        State(),
        ledger=bench.ledger,
        named=bench.ledger.take,
        values={"film": frames},
        target=None,
    )
    near, artifact = bench.make(plan, sources, strength=0.3)
    assert (near.operation, near.strength, near.parents) == ("animate", 0.3, ())
    assert Take.from_recipe(near.to_recipe()) == near
    _, far = bench.make(plan, sources, strength=1.0)
    before = bench.frames(bench.clip)
    assert difference(bench.frames(artifact), before) < 0.5 * difference(
        bench.frames(far), before
    )
    long = Film(source=near.holds[0].source, num_frames=32)
    with pytest.raises(SpecError, match="32 frames do not fit into the clip's 16"):
        bench.make(plan, replace(sources, film=long))


def test_a_mask_of_another_size_is_one_line(bench: Bench) -> None:
    small = np.ones((1, 8, 8), bool)
    with pytest.raises(JobFailed, match=r"the mask is 8x8, its frames are 256x256"):
        bench.refine(Recolor(color="blue"), small)
