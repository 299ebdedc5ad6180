"""A small judge of pocket's clips, trained on rendered truth.

It names actor, place, time, motion, pace and camera of a clip, and says where the actor
is in each frame. It has never seen a generated clip, so its answers on poor ones are
guesses; `nbagent eval pocket` prints its own accuracy on renders beside each figure.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

from nbagent.errors import SpecError
from nbagent.pocket import vocabulary as words
from nbagent.pocket.captions import caption, draw_any_scene
from nbagent.pocket.scenery import HEIGHT, WIDTH
from nbagent.pocket.taught import ACROSS
from nbagent.pocket.world import NUM_FRAMES, Frames, Scene, poses, render
from nbagent.system.numerics import has_fast_bf16

VERIFIER: Final = Path(__file__).parent / "verifier" / "verifier.safetensors"
FACTORS: Final[dict[str, Sequence[str]]] = {
    "actor": words.ACTORS,
    "place": words.PLACES,
    "time": words.TIMES,
    "motion": words.MOTIONS,
    "pace": words.PACES,
    "camera": words.CAMERAS,
}
_LOOKS: Final = ("actor", "place", "time")
_MOVES: Final = ("motion", "pace", "camera")
# Looks need pixels but few frames; moves need every frame (a fast shake is five swings
# in sixteen frames) but few pixels.
_LOOK_FRAMES: Final = (0, 5, 10, 15)
_MOVE_SIDE: Final = 32


class Verifier(nn.Module):
    """Two small convolutional networks: one for looks, one for moves."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            *_block(3, 32, 2),
            *_block(32, 48, 2),
            *_block(48, 48, 1),
            *_block(48, 96, 2),
            *_block(96, 128, 2),
            nn.Flatten(),
            nn.Linear(128 * 16, 192),
            nn.GELU(),
            nn.Linear(192, sum(len(FACTORS[f]) for f in _LOOKS)),
        )
        self.frame = nn.Sequential(
            *_block(3, 24, 2),
            *_block(24, 48, 2),
            *_block(48, 64, 2),
            nn.Flatten(),
            nn.Linear(64 * 16, 64),
            nn.GELU(),
        )
        self.position = nn.Linear(64, 2)
        self.clip = nn.Sequential(
            nn.Linear(NUM_FRAMES * 64, 192),
            nn.GELU(),
            nn.Linear(192, sum(len(FACTORS[f]) for f in _MOVES)),
        )

    def forward(self, clips: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Judge clips `(B, 16, 3, 64, 64)` in -1..1.

        Returns:
            Logits by factor, and the actor's centre `(B, 16, 2)`: y and x as shares of
            the picture.
        """
        picked = clips[:, _LOOK_FRAMES]
        looks = self.look(picked.flatten(0, 1)).unflatten(0, picked.shape[:2]).mean(1)
        small = F.interpolate(clips.flatten(0, 1), size=_MOVE_SIDE, mode="area")
        states = self.frame(small).unflatten(0, clips.shape[:2])
        moves = self.clip(states.flatten(1))
        logits: dict[str, Tensor] = {}
        for names, joint in ((_LOOKS, looks), (_MOVES, moves)):
            parts = joint.split([len(FACTORS[f]) for f in names], 1)
            logits |= dict(zip(names, parts, strict=True))
        return logits, self.position(states)


def _block(c_in: int, c_out: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(c_in, c_out, 3, stride, 1), nn.GroupNorm(8, c_out), nn.GELU()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge says of one clip."""

    factors: Mapping[str, str]
    track: NDArray[np.float32]  # (16, 2): the actor's centre y, x in units of the world
    # Of each value of `FACTORS`, in its order.
    odds: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prompt of an evaluation, the scene it should show, and what it says of it.

    Attributes:
        is_either_side: Whether it travels to the left or to the right, and both are so.
        is_any_colour: Whether the actor is a shape of any colour.
    """

    prompt: str
    scene: Scene
    said: frozenset[str]
    is_either_side: bool = False
    is_any_colour: bool = False

    def is_right(self, factor: str, answer: str) -> bool | None:
        """Return whether an answer is right; None where the factor is not judged."""
        if factor not in self.said or not matters(self.scene, factor):
            return None
        wanted = getattr(self.scene, factor)
        if factor == "motion" and self.is_either_side:
            return answer in words.SIDES
        if factor == "actor" and self.is_any_colour:
            wanted, answer = (words.colour_and_noun(a)[1] for a in (wanted, answer))
        return bool(answer == wanted)


def held_out_cases(n: int, *, seed: int = 5) -> list[Case]:
    """Draw prompts whose combination was held out of training; half unseen pairs."""
    rng = np.random.default_rng(seed)
    pairs: list[Case] = []
    others: list[Case] = []
    while len(pairs) + len(others) < n:
        scene = draw_any_scene(rng)
        if not words.is_held_out(scene.actor, scene.motion, scene.place, scene.time):
            continue
        is_pair = words.is_held_out_pair(scene.actor, scene.place)
        bucket, limit = (pairs, n - n // 2) if is_pair else (others, n // 2)
        if len(bucket) < limit:
            # Of a background, nobody says which of its views it is to be.
            prompt = caption(replace(scene, view=0), rng)
            bucket.append(_case(prompt, scene, FACTORS))
    mixed = pairs + others
    rng.shuffle(mixed)
    return mixed


def case_from_row(row: Mapping[str, Any]) -> Case:
    """Read one row of a prompts file; factors that it leaves out are not judged.

    Raises:
        SpecError: If the prompt is missing or a value is outside the world.
    """
    values = {k: str(v) for k, v in row.items() if k in FACTORS and v}
    if not str(row.get("prompt") or "").strip():
        raise SpecError(f"no prompt in {dict(row)!r}: give each line a 'prompt'")
    scene: dict[str, Any] = {"actor": "red ball", "place": words.DEFAULT_PLACE} | values
    # Stated, but without a meaning here: such a factor is not judged.
    if not words.has_time(scene["place"]):
        scene.pop("time", None)
    if scene.get("motion", "stay") == "stay":
        scene.pop("pace", None)
    if scene["place"] in words.PLAIN:
        scene.pop("camera", None)
    is_across = scene.get("motion") == ACROSS
    if is_across:
        scene["motion"] = words.SIDES[0]
    is_any_colour = scene["actor"] in words.SHAPES
    if is_any_colour:
        scene["actor"] = f"{words.COLOURS[0]} {scene['actor']}"
    try:
        known = Scene(**scene)
    except ValueError as error:
        raise SpecError(f"{row['prompt']!r}: {error}") from error
    case = _case(str(row["prompt"]), known, values)
    if str(row.get("lang", "en")) != "en":
        case = replace(case, is_either_side=False)
    is_either_side = is_across or case.is_either_side
    return replace(case, is_either_side=is_either_side, is_any_colour=is_any_colour)


def _case(prompt: str, scene: Scene, said: Iterable[str]) -> Case:
    """Return a case; "crosses the beach" says no side."""
    says_side = re.search(r"\b(left|right)\b", prompt)
    return Case(
        prompt=prompt,
        scene=scene,
        said=frozenset(said),
        is_either_side=scene.motion in words.SIDES and not says_side,
    )


def train_verifier(steps: int, *, start: Verifier | None = None) -> Verifier:
    """Train the judge on renders, softened as generated clips are.

    Args:
        steps: Of 32 clips, one to two seconds of one core each.
        start: A judge to train further, gently; one from nothing otherwise.
    """
    seed = 3
    if start is not None:  # other scenes than those that it has seen, in each run
        weights = next(start.parameters()).detach().numpy()
        seed = zlib.crc32(weights.tobytes())
    torch.manual_seed(seed)
    verifier = (start or Verifier()).train()
    rate = 4e-3 if start is None else 1.5e-3
    optimizer = torch.optim.AdamW(verifier.parameters(), rate / 2, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps)
    rng = np.random.default_rng(seed)
    fast = has_fast_bf16()
    for _ in range(steps):
        scenes = [draw_any_scene(rng) for _ in range(32)]
        clips = _soften(_to_tensor(np.stack([render(s) for s in scenes])), rng)
        # The renderer knows where an actor is before the camera; a zoom moves it.
        still = torch.tensor([s.camera != "zoom in" for s in scenes])
        truth = np.array([[(p.y, p.x) for p in poses(s)] for s in scenes])
        where = torch.from_numpy(truth).float() / HEIGHT
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            logits, track = verifier(clips)
        loss = 20 * F.mse_loss(track[still].float(), where[still])
        for factor, scores in logits.items():
            kept = torch.tensor([matters(s, factor) for s in scenes])
            right = [FACTORS[factor].index(getattr(s, factor)) for s in scenes]
            answers = torch.tensor(right)[kept]
            loss = loss + F.cross_entropy(scores[kept].float(), answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return verifier.eval()


def save_verifier(verifier: Verifier) -> None:
    """Write the judge where it ships."""
    VERIFIER.parent.mkdir(exist_ok=True)
    save_file({k: v.half() for k, v in verifier.state_dict().items()}, VERIFIER)


def load_verifier() -> Verifier:
    """Load the shipped judge."""
    verifier = Verifier()
    verifier.load_state_dict({k: v.float() for k, v in load_file(VERIFIER).items()})
    return verifier.eval()


@torch.no_grad()
def judge(verifier: Verifier, clips: Sequence[Frames]) -> list[Verdict]:
    """Name every factor of each clip `(16, H, W, 3)` uint8, H and W multiples of 64.

    It looks at 64x64 pixels; what is larger is averaged down.
    """
    verdicts: list[Verdict] = []
    for start in range(0, len(clips), 16):
        seen = _to_tensor(np.stack(clips[start : start + 16]))
        small = F.interpolate(seen.flatten(0, 1), size=(HEIGHT, WIDTH), mode="area")
        logits, track = verifier(small.unflatten(0, seen.shape[:2]))
        odds = {factor: x.softmax(1).numpy() for factor, x in logits.items()}
        best = {factor: x.argmax(1).tolist() for factor, x in odds.items()}
        verdicts += [
            Verdict(
                factors={f: FACTORS[f][ids[i]] for f, ids in best.items()},
                odds={factor: x[i] for factor, x in odds.items()},
                track=(HEIGHT * track[i]).numpy(),
            )
            for i in range(len(track))
        ]
    return verdicts


def score(cases: Sequence[Case], verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Return the share of right answers by factor, and of clips with all right.

    `shape` is the noun of the actor, `colour` its colour where it has one; time counts
    at places that have one, pace where something moves.
    """
    marks: dict[str, list[bool]] = {}
    for case, verdict in zip(cases, verdicts, strict=True):
        answers = verdict.factors
        right = {f: case.is_right(f, answers[f]) for f in FACTORS}
        marks.setdefault("all", []).append(all(v is not False for v in right.values()))
        if "actor" in case.said:
            colour, noun = words.colour_and_noun(case.scene.actor)
            said_colour, said_noun = words.colour_and_noun(answers["actor"])
            right["shape"] = noun == said_noun
            is_told = bool(colour) and not case.is_any_colour
            right["colour"] = colour == said_colour if is_told else None
        for factor, is_right in right.items():
            if is_right is not None:
                marks.setdefault(factor, []).append(is_right)
    order = ("actor", "shape", "colour", *list(FACTORS)[1:], "all")
    return {k: round(float(np.mean(marks[k])), 3) for k in order if k in marks}


def matters(scene: Scene, factor: str) -> bool:
    """Return whether a factor means anything in a scene."""
    return has_meaning(factor, place=scene.place, motion=scene.motion)


def has_meaning(factor: str, *, place: str, motion: str) -> bool:
    """Return whether a factor means anything at a place, of what moves so."""
    if factor == "time":
        return words.has_time(place)
    if factor == "camera":
        return place in words.SCENES
    return factor != "pace" or motion != "stay"


def _soften(clips: Tensor, rng: np.random.Generator) -> Tensor:
    """Blur half of the batches and add noise: no judge of pixel-sharp edges."""
    if rng.random() < 0.5:
        k = int(rng.integers(24, 64))
        flat = F.interpolate(clips.flatten(0, 1), size=(k, k), mode="area")
        flat = F.interpolate(flat, size=(64, 64), mode="bilinear")
        clips = flat.view_as(clips)
    return clips + 0.15 * float(rng.random()) * torch.randn_like(clips)


def _to_tensor(clips: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(clips).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
