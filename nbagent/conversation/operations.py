"""Operations that keep a part of a clip and make the rest: each is one denoising plan.

Every function takes the take that would render the whole shot, with the effects that are
new, and returns the one that holds what is known of it: pure, and refused here if the
model cannot do it. What is held comes out pixel for pixel (`render.held_frames`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from nbagent.conversation import shot as shots
from nbagent.errors import SpecError
from nbagent.ledger import Artifact
from nbagent.models.cards import ModelCard
from nbagent.take import ALL, Effect, Fit, Hold, Take

FILM_STRENGTH: Final = 0.8  # as in diffusers' video-to-video pipelines
_MIN_LOOP: Final = 8  # frames


class Playing(Protocol):
    """Anything that plays: a clip, or the take of one."""

    @property
    def num_frames(self) -> int:
        """Frames."""
        ...

    @property
    def fps(self) -> float:
        """Frames per second."""
        ...

    @property
    def height(self) -> int:
        """Rows of pixels."""
        ...

    @property
    def width(self) -> int:
        """Columns of pixels."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """Frames of the notebook, in the store."""

    source: str  # digest
    num_frames: int


def animate(take: Take, pictures: Sequence[str], fit: Fit = "whole") -> Take:
    """Set pictures in motion: the first frame, and further ones evenly up to the last.

    Args:
        take: Of the whole shot.
        pictures: Digests in the store, or ids of takes (their first frame).
        fit: How a picture of another shape comes into the frame.

    Raises:
        SpecError: If there are more pictures than frames.
    """
    last = take.num_frames - 1
    if len(pictures) > take.num_frames:
        raise SpecError(
            f"{len(pictures)} pictures do not fit into {take.num_frames} frames:"
            " name fewer"
        )
    gap = last / max(len(pictures) - 1, 1)
    holds = tuple(
        Hold(source=source, at=round(i * gap), fit=fit)
        for i, source in enumerate(pictures)
    )
    return replace(take, operation="animate", holds=holds)


def animate_film(
    take: Take, film: Film, *, strength: float, fit: Fit = "whole"
) -> Take:
    """Set frames in motion anew: video to video.

    Args:
        take: Of the whole shot.
        film: The frames; a shorter one stands still at its end.
        strength: How far the model may leave them, 0..1.
        fit: How a film of another shape comes into the frame.

    Raises:
        SpecError: If there are more of them than the take has.
    """
    if film.num_frames > take.num_frames:
        raise SpecError(
            f"{film.num_frames} frames do not fit into the clip's"
            f" {take.num_frames}: pass fewer, or ask for more with --frames"
        )
    hold = Hold(source=film.source, num_frames=film.num_frames, mask=ALL, fit=fit)
    return replace(take, operation="animate", strength=strength, holds=(hold,))


def blend(take: Take, parent: Take, other: Take) -> Take:
    """Lead from the last frame of one clip to the first of another."""
    ends = (
        Hold(source=parent.id, start=-1),
        Hold(source=other.id, at=take.num_frames - 1),
    )
    return replace(
        take,
        operation="blend",
        media="video",
        strength=None,
        holds=ends,
        parents=(parent.id, other.id),
    )


def inpaint(
    take: Take,
    parent: Take,
    clip: Artifact,
    card: ModelCard,
    *,
    mask: str,
    strength: float,
) -> Take:
    """Make a part of a clip anew: a region of the frame, a span of time, or both.

    Args:
        take: Of the whole shot.
        parent: What is changed.
        clip: The parent as it plays.
        card: Of the model that will render.
        mask: Digest of a picture, white where the clip is made anew (see `Hold`).
        strength: How far the part may leave what stood there, 0..1.

    Raises:
        SpecError: If the model cannot render as many frames as the clip has.
    """
    card.check(_num_frames(take, clip), clip.height, clip.width)
    hold = Hold(source=parent.id, num_frames=clip.num_frames, mask=mask)
    return replace(
        _as_it_plays(take, clip, card),
        operation="inpaint",
        height=clip.height,
        width=clip.width,
        strength=strength,
        holds=(hold,),
    )


def reframe(take: Take, parent: Take, clip: Artifact, card: ModelCard) -> Take | None:
    """Show more around a clip's picture, in a frame of another shape.

    Args:
        take: Of the whole shot, of the new size.
        parent: What is shown.
        clip: The parent as it plays.
        card: Of the model that will render.

    Returns:
        The take; None if nothing is around the picture, or the clip's length is not
        one of the model's.
    """
    scale = min(take.height / clip.height, take.width / clip.width)
    height, width = round(clip.height * scale), round(clip.width * scale)
    if (height, width) == (take.height, take.width):
        return None
    num_frames = _num_frames(take, clip)
    if num_frames not in card.nearest(num_frames):
        return None
    box = ((take.width - width) // 2, (take.height - height) // 2, width, height)
    hold = Hold(source=parent.id, num_frames=clip.num_frames, box=box)
    around = shots.surroundings(shots.from_json(take.shot))
    return replace(
        _as_it_plays(take, clip, card),
        operation="reframe",
        # The subject is in the picture; named again, it would stand beside itself.
        prompt=shots.to_prompt(around, card.base)[0],
        holds=(hold,),
    )


def loop(take: Take, parent: Take, clip: Artifact, card: ModelCard) -> Take:
    """Lead from a clip's end back to its beginning, so that it plays in a circle.

    The new clip begins in the middle of the old one, whose end and beginning meet in
    its own middle; a quarter of the frames, around that seam, is made anew.

    Args:
        take: Of the whole shot.
        parent: What is to loop.
        clip: The parent as it plays.
        card: Of the model that will render.

    Raises:
        SpecError: If it is a picture, or of a length that the model cannot render.
    """
    if clip.num_frames < _MIN_LOOP:
        raise SpecError(
            f"{clip.num_frames} frames are too few for a loop: make it {_MIN_LOOP} or"
            " more"
        )
    card.check(clip.num_frames, clip.height, clip.width)
    half, gap = clip.num_frames // 2, clip.num_frames // 8
    rest = clip.num_frames - half
    holds = (
        Hold(source=parent.id, start=half, num_frames=rest - gap),
        Hold(source=parent.id, start=gap, num_frames=half - gap, at=rest + gap),
    )
    return replace(
        _as_it_plays(take, clip, card),
        operation="loop",
        height=clip.height,
        width=clip.width,
        holds=holds,
    )


def upscale(
    take: Take,
    parent: Take,
    clip: Artifact,
    card: ModelCard,
    *,
    scale: float,
    strength: float,
    fit: Fit = "whole",
) -> Take:
    """Draw a clip larger: its own picture, scaled, and finer detail from the model.

    Args:
        take: Of the whole shot.
        parent: What is drawn larger.
        clip: The parent as it plays.
        card: Of the model that will render.
        scale: How many times as large.
        strength: How far the model may leave the scaled picture, 0..1.
        fit: How a film of another shape comes into the frame.

    Raises:
        SpecError: If that is no larger, or larger than the model draws.
    """
    height, width = (
        max(round(side * scale / card.size_multiple), 1) * card.size_multiple
        for side in (clip.height, clip.width)
    )
    if min(height / clip.height, width / clip.width) <= 1:
        raise SpecError(
            f"{width}x{height} is not larger than the clip's"
            f" {clip.width}x{clip.height}: ask for more, or resize it"
        )
    card.check(_num_frames(take, clip), height, width)
    hold = Hold(
        source=parent.id,
        num_frames=clip.num_frames,
        mask=ALL,
        fit=shown(fit, parent),
    )
    return replace(
        _as_it_plays(take, clip, card),
        operation="upscale",
        height=height,
        width=width,
        strength=strength,
        holds=(hold,),
    )


def redirect(take: Take, parent: Take, card: ModelCard, *, step: int) -> Take:
    """Let a run take another course: the parent's first steps, then the new words.

    Args:
        take: Of the whole shot.
        parent: Whose run it is, rendered or not.
        card: Of the model that will render.
        step: How many of the run's steps stay as they were.

    Raises:
        SpecError: If it has no run of its own, or not so many steps.
    """
    if parent.is_recut or parent.model != card.name:
        raise SpecError(
            "only a clip that this model rendered has steps: name such a clip, or"
            " leave the step out"
        )
    drawn = ("num_frames", "height", "width", "media")
    if any(getattr(take, name) != getattr(parent, name) for name in drawn):
        raise SpecError(
            "length and size cannot change in the middle of a run: leave the step out"
        )
    least = (parent.redirect_step or 0) + 1
    most = (parent.stop_step or parent.num_run_steps) - 1
    if not least <= step <= most:
        raise SpecError(
            f"this run of {parent.num_run_steps} steps cannot change after step"
            f" {step}: use {least} to {most}"
        )
    return replace(
        parent,
        operation="redirect",
        prompt=take.prompt,
        negative_prompt=take.negative_prompt,
        request=take.request,
        shot=take.shot,
        guidance_scale=take.guidance_scale,
        redirect_step=step,
        stop_step=None,
        effects=take.effects,
        parents=(parent.id,),
    )


def at_pace(take: Take, clip: Playing, card: ModelCard) -> Take:
    """Return a take whose frames follow each other as those of a clip do."""
    effects = (*paced(clip, card), *take.effects)
    shot = replace(shots.from_json(take.shot), effects=effects)
    return replace(take, shot=shots.to_json(shot), effects=effects)


def _as_it_plays(take: Take, clip: Artifact, card: ModelCard) -> Take:
    """Return a take of a clip's own frames, at its pace."""
    effects = (*paced(clip, card), *take.effects)
    shot = replace(shots.from_json(take.shot), effects=effects)
    return replace(
        take,
        shot=shots.to_json(shot),
        num_frames=_num_frames(take, clip),
        strength=None,
        effects=effects,
    )


def _num_frames(take: Take, clip: Artifact) -> int:
    """Return how many frames are rendered; an image is the first of its take's."""
    return take.num_frames if take.media == "image" else clip.num_frames


def shown(fit: Fit, parent: Take) -> Fit:
    """Return how a parent comes into the frame: one that was made here has its shape."""
    return fit if parent.is_brought else "fill"


def paced(clip: Playing, card: ModelCard) -> tuple[Effect, ...]:
    """Return what makes new frames play at the clip's pace."""
    if clip.num_frames == 1 or clip.fps == card.fps:
        return ()
    try:
        return (Effect(kind="speed", speed=clip.fps / card.fps),)
    except SpecError as error:
        raise SpecError(
            f"the clip plays at {clip.fps:g} fps, too far from {card.name}'s"
            f" {card.fps:g}: open its file at that rate, like Clip.open(file,"
            f" fps={card.fps:g})"
        ) from error
