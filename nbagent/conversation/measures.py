"""The numbers of a take: what its options, its shot, its parent and its model say."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nbagent.acts.crop import Crop
from nbagent.acts.plan import Plan
from nbagent.acts.reseed import Reseed
from nbagent.acts.shot import ratio
from nbagent.conversation import shot as shots
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard
from nbagent.take import MAX_SEED, Quality, Take

MAX_TAKES = 16
_SAME_SHAPE = 0.05  # logarithm of a ratio that nobody sees


def media(plan: Plan, parent: Take | None) -> Any:
    """Choose between a video and an image: as asked, or what the parent is."""
    if plan.intent == "generate_image":
        return "image"
    if parent is None or plan.intent == "animate_image":
        return "video"
    return parent.media


def seed(
    plan: Plan, options: Mapping[str, Any], parent: Take | None, prompt: str
) -> int:
    """Choose the seed: as stated, the parent's, or one that the words decide.

    A random seed would make the same notebook give another clip each day.
    """
    acts = plan.asked
    seeds = [act.seed for act in acts if isinstance(act, Reseed)]
    stated = options.get("seed", next(iter(seeds), None))
    if stated is not None:
        return int(stated)
    if parent is None:
        return zlib.crc32(prompt.encode())
    if any(act.renews for act in acts):
        return (parent.seed + 1) % (MAX_SEED + 1)
    return parent.seed


def count(plan: Plan, options: Mapping[str, Any]) -> int:
    """Choose how many takes are made, each from another seed."""
    said = [act.count for act in plan.acts if isinstance(act, Reseed)]
    usual = plan.settings.get("count", max(said, default=1))
    count = int(options.get("takes", usual))
    if not 1 <= count <= MAX_TAKES:
        raise SpecError(
            f"{count} takes in one turn are out of range: use 1 to {MAX_TAKES}"
        )
    return count


def num_frames(
    options: Mapping[str, Any],
    shot: Shot,
    before: Shot | None,
    card: ModelCard,
    parent: Take | None,
) -> tuple[int, list[str]]:
    """Choose how many frames to render; a duration is rounded, and that is said."""
    if "frames" in options:
        return int(options["frames"]), []
    if is_long(options, shot, card):
        return card.nearest(card.window_frames)[0], []  # of the first window
    unchanged = before is not None and before.duration_s == shot.duration_s
    # A clip that was extended has more frames than its take: its shot knows how many.
    is_extended = parent is not None and parent.holds and shot.duration_s is not None
    if parent is not None and parent.model == card.name and unchanged:
        if not is_extended:
            return parent.num_frames, []
    if shot.duration_s is None:
        return card.num_frames, []
    wanted = round(shot.duration_s * card.fps)
    if not 1 <= wanted <= card.max_num_frames:
        most_s = card.max_num_frames / card.fps
        raise SpecError(
            f"{shot.duration_s:g} s is {wanted} frames at {card.fps:g} fps, more"
            f" than {card.name} can render: use up to {most_s:g} s"
        )
    # A tie goes to the longer clip: "extend it" must not give the same length again.
    num_frames = min(card.nearest(wanted), key=lambda n: (abs(n - wanted), -n))
    if num_frames == wanted:
        return wanted, []
    seconds = num_frames / card.fps
    note = (
        f"{card.name} renders {num_frames} frames ({seconds:.2f} s), the closest"
        f" it can get to {shot.duration_s:g} s."
    )
    return num_frames, [note]


def of_film(
    options: Mapping[str, Any], shot: Shot, card: ModelCard, sources: Sources
) -> tuple[Mapping[str, Any], list[str]]:
    """Return options with as many frames as an opened film has, and what is left out.

    What the options or the shot state of its length stays.
    """
    parent, clip = sources.parent, sources.clip
    is_film = parent is not None and parent.is_brought and parent.media == "video"
    if clip is None or not is_film or "frames" in options or shot.duration_s:
        return options, []
    most = card.nearest(card.window_frames)[0]
    num_frames = min(card.nearest(min(clip.num_frames, most))[-1], most)
    if num_frames >= clip.num_frames:
        return {**options, "frames": num_frames}, []
    note = (
        f"Uses the first {num_frames} of its {clip.num_frames} frames"
        f" ({num_frames / clip.fps:.1f} s): for another part, Clip.open(file,"
        f" start_s=...); for more of it, fps={card.fps:g}."
    )
    return {**options, "frames": num_frames}, [note]


def is_long(options: Mapping[str, Any], shot: Shot, card: ModelCard) -> bool:
    """Return whether a shot is longer than what a model renders at once."""
    if "frames" in options or shot.duration_s is None:
        return False
    return round(shot.duration_s * card.fps) > card.window_frames


def size(
    options: Mapping[str, Any], shot: Shot, card: ModelCard, parent: Take | None
) -> tuple[int, int]:
    """Return height and width: as stated, of the stated aspect, or the parent's."""
    if "size" in options:
        height, width = options["size"]
        return int(height), int(width)
    if parent is not None and parent.model == card.name:
        usual = (parent.height, parent.width)
    else:
        usual = (card.height, card.width)
    return shots.frame_size(shot, *usual, card.size_multiple)


def squared(shot: Shot, model: str) -> tuple[Shot, list[str]]:
    """Cut another shape out of pocket's square: it was taught no other frame."""
    if model != "pocket" or not shot.aspect or shot.size:
        return shot, []
    crop = Crop(aspect=shot.aspect).effect(None)
    note = f"pocket paints squares, so {shot.aspect} is cropped from one."
    return replace(shot, aspect=None, effects=(*shot.effects, crop)), [note]


def aspect_notes(aspect: str, height: int, width: int, card: ModelCard) -> list[str]:
    """Say where a model's sizes do not have the shape that was asked for."""
    if abs(math.log(width / height / ratio(aspect))) < _SAME_SHAPE:
        return []
    multiple = card.size_multiple
    return [
        f"{aspect} is {width}x{height} here, as {card.name} works in multiples of"
        f" {multiple} pixels."
    ]


def quality(options: Mapping[str, Any], shot: Shot) -> Quality:
    """Choose between a draft and a final: as stated, or as the shot says."""
    if "draft" in options:
        return "draft"
    if "final" in options:
        return "final"
    return shot.quality or "final"


def steps(options: Mapping[str, Any], quality: Quality, card: ModelCard) -> int:
    """Choose `num_inference_steps`: as stated, or what the model wants."""
    if "steps" in options:
        return int(options["steps"])
    return card.draft_steps if quality == "draft" else card.num_inference_steps
