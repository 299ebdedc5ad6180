"""Clips that hold true frames of pocket's world, composed as turns are: for `nbagent eval held`.

The frames of a scene stand in the store as if pocket had made them; what is asked of that
clip ("extend it", "blend c1 into c2") is composed as the conversation composes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from nbagent.acts.base import Act, Region, Span
from nbagent.acts.blend import Blend
from nbagent.acts.extend import Extend
from nbagent.acts.plan import Plan
from nbagent.acts.redo import Redo
from nbagent.artifacts import store_frames
from nbagent.conversation import fitting
from nbagent.conversation import shot as shots
from nbagent.measure.workbench import Workbench
from nbagent.models.cards import model_card
from nbagent.pocket import captions, phrases
from nbagent.pocket import vocabulary as words
from nbagent.pocket.scenery import HEIGHT
from nbagent.pocket.taught import taught
from nbagent.pocket.world import FPS, NUM_FRAMES, Scene, poses, render
from nbagent.take import MAX_SEED, Take

Frames = npt.NDArray[np.uint8]

KEPT: Final = ("actor", "place", "time")
"""What of a held frame is to stay."""

# Of most of a clip that stays or jumps nothing moves, so its median change says nothing.
_MOTIONS: Final = tuple(m for m in words.MOTIONS if m not in ("stay", "jump"))
_HALVES: Final[tuple[Region, ...]] = (
    (0, 0, 0.5, 1),
    (0.5, 0, 1, 1),
    (0, 0, 1, 0.5),
    (0, 0.5, 1, 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One clip to be made, and what is known of it.

    Attributes:
        take: What is rendered.
        held: Which frames of the clip are held; those from its end are negative.
        scene: What the new frames go on with.
        other: What they lead to, if that is another scene.
        region: The part of each frame that is made anew; None is all of it.
        truth: (F, H, W, 3), the clip as the world draws it, where it has one.
        is_one_motion: Whether its scene's motion is that of the clip from end to end.
    """

    take: Take
    held: tuple[int, ...]
    scene: Scene
    other: Scene | None = None
    region: Region | None = None
    truth: Frames | None = None
    is_one_motion: bool = False


class World:
    """True frames of pocket's world, as clips that stand in a store.

    Args:
        bench: With the store.
        is_painted: Whether frames go through the model's VAE before they are held.
    """

    def __init__(self, bench: Workbench, *, is_painted: bool = False) -> None:
        self.bench = bench
        self.is_painted = is_painted
        self.card = model_card(bench.model)
        self.detail = self.card.height // HEIGHT

    def frames(self, scene: Scene, num_frames: int = NUM_FRAMES) -> Frames:
        """Draw a scene at the model's size."""
        crisp = render(scene, num_frames, detail=self.detail)
        return self.passed(crisp) if self.is_painted else crisp

    def passed(self, frames: Frames) -> Frames:
        """Return frames as the model's VAE gives them back, each by itself."""
        import torch

        vae = self.bench.renderer.shelf.get(self.card).pipe.vae
        pixels = torch.from_numpy(frames).permute(0, 3, 1, 2)[:, :, None]
        with torch.inference_mode():
            seen = (pixels / 127.5 - 1).to(vae.device, vae.dtype)  # (F, 3, 1, H, W)
            back = vae.decode(vae.encode(seen).latent_dist.mode()).sample
        levels = (back.float().cpu()[:, :, 0] + 1) * 127.5
        painted: Frames = (
            levels.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
        )
        return painted

    def clip(self, scene: Scene) -> Take:
        """Let a scene be a clip of the store."""
        factors = factors_of(scene)
        plan = Plan(intent="generate_video", prompt=taught(factors))
        return self._stand_in(plan, factors, scene.seed, self.frames(scene))

    def still(self, scene: Scene, at: int) -> Take:
        """Let one frame of a scene be a picture of the store; it has no motion."""
        factors = {name: getattr(scene, name) for name in KEPT}
        plan = Plan(intent="generate_image", prompt=taught(factors))
        frames = self.frames(scene)[at : at + 1]
        return self._stand_in(plan, factors, scene.seed + at, frames)

    def _stand_in(
        self, plan: Plan, factors: Mapping[str, str], seed: int, frames: Frames
    ) -> Take:
        """Enter what a plan comes to, with true frames for those of a model."""
        take = self.bench.composed(plan, seed=seed % (MAX_SEED + 1)).takes[0]
        shot = replace(shots.from_json(take.shot), scene=factors, open=())
        take = replace(take, shot=shots.to_json(shot), prompt=taught(factors))
        self.bench.ledger.add_take(take)
        store_frames(
            self.bench.ledger, take, frames, FPS, latents=None, seconds_rendered=0.0
        )
        return take

    def asked(self, plan: Plan, parent: Take, *others: Take, seed: int) -> Take:
        """Return the take of a plan about a clip, and about further pictures."""
        sources = self.bench.sources(plan, parent)
        if others:
            pictures = (*sources.pictures, *(other.id for other in others))
            sources = replace(sources, pictures=pictures)
            sources = fitting.measured(sources, self.bench.ledger)
        return self.bench.composed(plan, sources, seed=seed).takes[0]

    def refined(self, act: Act, parent: Take, seed: int) -> Take:
        """Return the take of an act on a clip."""
        return self.asked(Plan(intent="refine", acts=(act,)), parent, seed=seed)


def drawn(world: World, kind: str, number: int) -> Case:
    """Draw case `number` of a kind; always the same."""
    rng = np.random.default_rng([23, list(KINDS).index(kind), number])
    return KINDS[kind](world, rng, number)


def draw_scene(rng: np.random.Generator) -> Scene:
    """Draw a scene that was held out of training, with a motion and a still camera."""
    while True:
        scene = captions.draw_any_scene(rng)
        scene = replace(scene, camera="still", second="", corner="", view=0)
        combination = (scene.actor, scene.motion, scene.place, scene.time)
        if scene.motion in _MOTIONS and words.is_held_out(*combination):
            return scene


def factors_of(scene: Scene) -> dict[str, str]:
    """Return the factors of a scene with one actor and a still camera, as a shot has them."""
    factors = {name: str(getattr(scene, name)) for name in (*KEPT, "motion")}
    return factors | ({} if scene.pace == "normal" else {"pace": scene.pace})


def moves(scene: Scene) -> str:
    """Say how the actor of a scene moves: "moves left, slowly"."""
    said = phrases.MOTION_PHRASES[scene.motion][0][0]
    if scene.pace == "normal":
        return said
    return f"{said}, {phrases.PACE_PHRASES[scene.pace][0]}"


def _first(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say "animate it: it moves left" of the first frame of just that."""
    scene = draw_scene(rng)
    still = world.still(scene, 0)
    plan = Plan(intent="animate_image", prompt=moves(scene))
    take = world.asked(plan, still, seed=number)
    return _in_a_clip(world, take, scene, held=(0,))


def _still(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say the same of a picture in which the actor stands where it is at home."""
    scene = draw_scene(rng)
    still = world.still(replace(scene, motion="stay", pace="normal"), 0)
    plan = Plan(intent="animate_image", prompt=moves(scene))
    take = world.asked(plan, still, seed=number)
    return replace(_in_a_clip(world, take, scene, held=(0,)), truth=None)


def _first_and_last(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say "animate c1 to c2" of the two ends of a motion."""
    scene = draw_scene(rng)
    ends = [world.still(scene, at) for at in (0, NUM_FRAMES - 1)]
    plan = Plan(intent="animate_image", prompt=moves(scene))
    take = world.asked(plan, *ends, seed=number)
    return _in_a_clip(world, take, scene, held=(0, -1))


def _fill(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say "redo .5 s to 1.5 s": half of the clip, between a quarter at each end."""
    scene = draw_scene(rng)
    span = Span(start=0.25, end=0.75, is_share=True)
    take = world.refined(Redo(span=span), world.clip(scene), number)
    quarter = NUM_FRAMES // 4
    held = (*range(quarter), *range(-quarter, 0))
    return _in_a_clip(world, take, scene, held=held)


def _region(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say "redo the left half", or another."""
    scene, region = draw_scene(rng), _HALVES[number % len(_HALVES)]
    take = world.refined(Redo(region=region), world.clip(scene), number)
    return replace(_in_a_clip(world, take, scene, held=()), region=region)


def _extend(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say "extend it", after its end and before its beginning in turn."""
    at_start = bool(number % 2)
    scene = draw_scene(rng)
    while not _is_seen(scene, at_start=at_start):
        scene = draw_scene(rng)
    act = Extend(by_s=NUM_FRAMES / FPS, side="start" if at_start else "end")
    take = world.refined(act, world.clip(scene), number)
    held = range(-NUM_FRAMES, 0) if at_start else range(NUM_FRAMES)
    return Case(take=take, held=tuple(held), scene=scene)


def _blend(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say "blend c1 into c2": the same actor at the same place, in another motion."""
    scene = draw_scene(rng)
    motion = captions.pick(rng, tuple(m for m in _MOTIONS if m != scene.motion))
    return _blended(world, scene, replace(scene, motion=motion), number)


def _blend_other(world: World, rng: np.random.Generator, number: int) -> Case:
    """Say "blend c1 into c2": another actor at another place."""
    scene = other = draw_scene(rng)
    while other.actor == scene.actor or other.place == scene.place:
        other = draw_scene(rng)
    return replace(_blended(world, scene, other, number), other=other)


def _blended(world: World, scene: Scene, other: Scene, number: int) -> Case:
    one, two = world.clip(scene), world.clip(other)
    take = world.refined(Blend(others=(two.id,)), one, number)
    return Case(take=take, held=(0, -1), scene=scene)


def _in_a_clip(world: World, take: Take, scene: Scene, held: tuple[int, ...]) -> Case:
    truth = world.frames(scene)
    return Case(take=take, held=held, scene=scene, truth=truth, is_one_motion=True)


def _is_seen(scene: Scene, *, at_start: bool) -> bool:
    """Return whether the actor is still in the picture if its motion just goes on."""
    start = -NUM_FRAMES if at_start else NUM_FRAMES
    return all(
        8 <= min(pose.y, pose.x) <= max(pose.y, pose.x) <= HEIGHT - 8
        and 0.4 <= pose.scale <= 1.5
        for pose in poses(scene, NUM_FRAMES, start=start)
    )


KINDS: Final[Mapping[str, Callable[[World, np.random.Generator, int], Case]]] = {
    "first": _first,
    "still": _still,
    "first-and-last": _first_and_last,
    "fill": _fill,
    "region": _region,
    "extend": _extend,
    "blend": _blend,
    "blend-other": _blend_other,
}
