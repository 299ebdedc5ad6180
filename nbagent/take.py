"""The take: one attempt at a shot, as an immutable value that every room shares.

A take says everything that is needed to render it again. Its id is a hash of that
content, so the same words in the same state give the same take, and a take that was
rendered once need not be rendered twice. Nothing here renders, stores or talks.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import UnionType
from typing import (
    Any,
    Final,
    Literal,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from nbagent.caching import CacheKind, StepCaching
from nbagent.errors import SpecError
from nbagent.move import Move

Operation = Literal[
    "generate",
    "remix",
    "derive",
    "animate",
    "blend",
    "join",
    "grid",
    "extend",
    "inpaint",
    "reframe",
    "loop",
    "upscale",
    "redirect",
    "camera",
    "open",
]
Quality = Literal["draft", "final"]
Phase = Literal["load", "encode", "denoise", "decode", "draw", "write"]
JobState = Literal["queued", "running", "paused", "done", "failed", "cancelled"]
UNFINISHED: Final[tuple[JobState, ...]] = ("queued", "running", "paused")
Lane = Literal["interactive", "final", "batch"]
Fit = Literal["fill", "whole"]

_REFINES = frozenset(
    {
        "remix",
        "derive",
        "extend",
        "inpaint",
        "reframe",
        "loop",
        "upscale",
        "redirect",
    }
)
_SIDES = ("num_frames", "height", "width", "fps")
RECIPE_VERSION = 1
# Fields of an effect that recipes have always had, empty or not; ids depend on it.
_ALWAYS = frozenset({"kind", "speed", "start_s", "end_s"})
# Fields of a take that recipes have not always had: left out where they say nothing.
_LATER = (
    *("holds", "move", "redirect_step", "stop_step", "dissolve_s", "step_cache"),
    *("source", "edits"),
)
ALL = "all"
MAX_SEED = 2**32 - 1  # torch.Generator takes 64 bits, numpy 32: keep what both take


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change of a finished clip that needs no diffusion.

    What a kind does with its values is its act's to say (see `nbagent.acts`).

    Attributes:
        kind: The act's.
        speed: A factor; 0.5 is half speed.
        start_s: Where the part of the clip begins that is changed, or kept by a trim.
        end_s: Where it ends; None is the clip's own end.
        box: Left, top, right and bottom of a part of the frame, in shares of it.
        ratio: Of width to height.
        scale: Of the frame's sides.
        height: Rows of pixels.
        width: Columns of pixels.
        fps: Frames per second.
        palette: Colours (see `nbagent.media.palette`).
    """

    kind: str
    speed: float | None = None
    start_s: float | None = None
    end_s: float | None = None
    box: tuple[float, ...] | None = None
    ratio: float | None = None
    scale: float | None = None
    height: int | None = None
    width: int | None = None
    fps: float | None = None
    palette: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a speed, a span or a part that means nothing, whatever it is for.

        Raises:
            SpecError: If so.
        """
        if self.box is not None and (
            len(self.box) != 4
            or not 0 <= self.box[0] < self.box[2] <= 1
            or not 0 <= self.box[1] < self.box[3] <= 1
        ):
            raise SpecError(
                f"{self.box} is not a part of a frame: use left, top, right and bottom"
                " from 0 to 1"
            )
        if self.speed is not None and not 0.05 <= self.speed <= 20:
            raise SpecError(f"speed {self.speed} is out of range: use 0.05 to 20")
        start_s = self.start_s or 0.0
        if self.end_s is not None and self.end_s <= start_s:
            raise SpecError(
                f"{self.kind} {start_s:g}s to {self.end_s:g}s is empty:"
                " the end must come after the start"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Frames that are known before a clip is made, and stay as they are in it.

    Attributes:
        source: A picture's digest in the store, or the id of a take.
        start: First frame that is taken from the source; -1 is its last.
        num_frames: How many are taken.
        at: The frame of the new clip at which they stand.
        mask: Digest of a picture in the store, white where the frames do not stay;
            of one frame for all of them, or of each frame below the one before. `ALL`
            if none of them stays: the run begins there.
        box: Left, top, width and height of the part of the new clip's frame that they
            fill, in pixels; None is all of it.
        fit: How a source of another shape is placed there: it is to `fill` it, and what
            stands over is cut off evenly, or it is shown `whole`, between borders that
            carry on its edges.
    """

    source: str
    start: int = 0
    num_frames: int = 1
    at: int = 0
    mask: str = ""
    box: tuple[int, ...] | None = None
    fit: Fit = "fill"

    def __post_init__(self) -> None:
        """Refuse a span that means nothing."""
        if self.at < 0 or self.num_frames < 1:
            raise SpecError(
                f"{self.num_frames} frames at {self.at} are not a span: hold one frame or"
                " more, at 0 or later"
            )
        if self.box is not None and (
            len(self.box) != 4 or min(self.box[:2]) < 0 or min(self.box[2:]) < 1
        ):
            raise SpecError(f"{self.box} is not a box: use left, top, width, height")


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One attempt at a shot.

    Attributes:
        operation: `generate` from noise, `remix` from the parent's latents,
            `derive` from the parent's frames by effects alone, `animate` from
            pictures that are held, `blend` from the last frame of one parent to the
            first of another, `join` of the parents' frames one after the other,
            `grid` of them beside each other, `extend` from the parent to what comes
            before or after it, `inpaint` of a part of the parent,
            `reframe` around the parent's picture, `loop` from the parent's end back
            to its beginning, `upscale` of the parent's picture, `redirect` from a step of the parent's own run,
            `camera` over pictures that are held, drawn without a model, `open` of a file
            that somebody brought.
        media: A `video` or a single `image`.
        model: `pocket`, a folder, or a hub id; `model_revision` names its weights.
            Empty for what was opened, or drawn by a camera, and what was cut of it: no
            model rendered it.
        prompt: The effective prompt, as the model reads it.
        request: The user's own words. Not part of the id.
        shot: The structured shot as JSON (see `conversation.shot`).
        num_frames: Frames the model renders, before effects.
        strength: For remix, inpaint, upscale and a film that is set in motion anew,
            0..1; 1 ignores what was there.
        source: For remix, the take whose latents it starts from; empty is its parent.
        edits: For remix and inpaint, the acts that make the shot of the one below it:
            of `source`, in order, or of the clip that a part is made anew in.
        holds: Frames that are known and stay as they are; of a camera, its pictures.
        move: What the camera does; also of what was cut of such a clip.
        redirect_step: For redirect, how many steps of the parent's run are as they
            were, before this take's words hold.
        stop_step: The step of the schedule, from 1, after which the clip is made of
            what it looks like then; None is all steps.
        effects: Applied in order to the rendered frames.
        dissolve_s: For join, how long one clip dissolves into the next; 0 is a cut.
        step_cache: How little must change for blocks to be skipped, a share; 0 is no
            cache.
        cache_kind: Which one it is (see `nbagent.caching`).
        parents: Take ids; the first is the one remixed or derived from.
    """

    operation: Operation
    media: Literal["video", "image"] = "video"
    model: str
    model_revision: str
    prompt: str
    negative_prompt: str = ""
    request: str = ""
    shot: Mapping[str, Any]
    seed: int
    num_frames: int
    height: int
    width: int
    fps: float
    num_inference_steps: int
    guidance_scale: float
    strength: float | None = None
    source: str = ""
    edits: tuple[Mapping[str, Any], ...] = ()
    quality: Quality = "final"
    holds: tuple[Hold, ...] = ()
    move: Move | None = None
    redirect_step: int | None = None
    stop_step: int | None = None
    effects: tuple[Effect, ...] = ()
    dissolve_s: float = 0.0
    step_cache: float = 0.0
    cache_kind: CacheKind = "first"
    parents: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what no model can widen."""
        if not 0 <= self.seed <= MAX_SEED:
            raise SpecError(
                f"seed {self.seed} is out of range: use 0 to {MAX_SEED} (2**32 - 1)"
            )
        sides = {name: getattr(self, name) for name in _SIDES}
        if least := next((name for name in _SIDES if sides[name] <= 0), ""):
            raise SpecError(
                f"{least} {sides[least]:g} is out of range: a clip has more than 0"
            )
        if self.strength is not None and not 0.0 < self.strength <= 1.0:
            raise SpecError(f"strength {self.strength} is out of range: use 0 to 1")
        if self.stop_step is not None and self.stop_step < 1:
            raise SpecError(
                f"a clip cannot stop at step {self.stop_step}: use 1 or later"
            )
        if (self.operation == "redirect") != ((self.redirect_step or 0) > 0):
            raise SpecError(
                f"a run cannot change its course at step {self.redirect_step}: use 1 or"
                " later, of a redirect"
            )
        if not 0.0 <= self.step_cache <= 1.0:
            raise SpecError(
                f"step cache {self.step_cache:g} is out of range: use 0 (off) to 1,"
                " like 0.1"
            )
        self._check_sources()

    def _check_sources(self) -> None:
        for hold in self.holds:
            if hold.at + hold.num_frames > self.num_frames:
                raise SpecError(
                    f"a held frame {hold.at + hold.num_frames} is outside the clip's"
                    f" {self.num_frames} frames: hold an earlier one"
                )
        if self.operation in ("animate", "camera") and not self.holds:
            raise SpecError(f"{self.operation} needs a picture: name one, like @photo")
        if self.operation == "camera" and self.move is None:
            raise SpecError("a camera needs a move: state one, like 'push in'")
        if self.is_joined and len(self.parents) < 2:
            raise SpecError(
                f"a {self.operation} needs two clips or more: name them, like c1 and c2"
            )
        if self.operation in _REFINES and not self.parents:
            raise SpecError(f"{self.operation} needs a parent clip: name one, like c1")

    @property
    def num_run_steps(self) -> int:
        """How many of its steps are run; a remix begins part of the way down."""
        strength = 1.0 if self.strength is None else self.strength
        return run_steps(self.num_inference_steps, strength)

    @property
    def caching(self) -> StepCaching:
        """Its step cache."""
        return StepCaching(self.step_cache, self.cache_kind)

    @property
    def is_recut(self) -> bool:
        """Whether it is made of frames that are there, without any model."""
        return self.operation in ("derive", "open") or self.is_joined

    @property
    def is_brought(self) -> bool:
        """Whether no model rendered it: it is of any size, length and rate."""
        return not self.model

    @property
    def is_joined(self) -> bool:
        """Whether it shows all of its parents, in turn or beside each other."""
        return self.operation in ("join", "grid")

    @property
    def needs(self) -> frozenset[str]:
        """The takes that must be clips before it can be made; pictures may be among them."""
        made_of: tuple[str, ...] = ()
        if self.operation == "derive" or self.is_joined:
            made_of = self.parents
        elif self.operation == "remix":
            made_of = (self.source or self.parents[0],)
        return frozenset((*made_of, *(hold.source for hold in self.holds)))

    @property
    def id(self) -> str:
        """Content hash: the same take has the same id on every machine."""
        recipe = self.to_recipe()
        del recipe["request"]
        return digest(recipe)

    def to_recipe(self) -> dict[str, Any]:
        """Return the take as JSON, enough to render it again."""
        recipe = asdict(self)
        recipe["shot"] = dict(self.shot)
        recipe["holds"] = [
            {n: value for n, value in hold.items() if value not in ("", None, "fill")}
            for hold in recipe["holds"]
        ]
        recipe["effects"] = [
            {name: v for name, v in effect.items() if v is not None or name in _ALWAYS}
            for effect in recipe["effects"]
        ]
        recipe["move"] = None if self.move is None else self.move.to_json()
        for name in _LATER:
            # As in recipes from before there was such a thing; a usual move is {}.
            if not recipe[name] and recipe[name] != {}:
                del recipe[name]
        if self.cache_kind == "first":
            del recipe["cache_kind"]
        recipe["recipe_version"] = RECIPE_VERSION
        return recipe

    @classmethod
    def from_recipe(cls, recipe: Mapping[str, Any]) -> Take:
        """Rebuild a take from untrusted JSON.

        Raises:
            SpecError: If the recipe is of another version, or a field is wrong.
        """
        version = recipe.get("recipe_version")
        if version != RECIPE_VERSION:
            raise SpecError(
                f"recipe version {version!r} is not {RECIPE_VERSION}:"
                " open it with the nbagent that wrote it"
            )
        values = dict(recipe)
        try:
            for name, kind in (("effects", Effect), ("holds", Hold)):
                values[name] = tuple(
                    kind(**_checked(kind, one)) for one in recipe.get(name, ())
                )
            if recipe.get("move") is not None:
                values["move"] = Move(**_checked(Move, recipe["move"]))
            values["parents"] = tuple(recipe.get("parents", ()))
            take = cls(**_checked(cls, values))
            take.id  # noqa: B018  half a character fails here, not when it is stored
        except (TypeError, UnicodeEncodeError) as error:
            raise SpecError(
                f"the recipe is damaged ({error}): it cannot be used"
            ) from error
        return take

    def instead(self, old_id: str, new_id: str) -> Take:
        """Return the same attempt made of another take than one that it was made of."""
        return replace(
            self,
            parents=tuple(new_id if one == old_id else one for one in self.parents),
            source=new_id if self.source == old_id else self.source,
            holds=tuple(
                replace(hold, source=new_id) if hold.source == old_id else hold
                for hold in self.holds
            ),
        )

    def with_seed(self, seed: int) -> Take:
        """Return the same attempt from another seed."""
        return replace(self, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A take on its way through the engine; plain data that travels to the worker.

    Attributes:
        id: Ledger's id of the job, such as `j12`.
        store: Absolute path of the ledger's folder, readable by the worker.
        lane: `interactive` runs before `final`, `final` before `batch`.
        checkpoint_s: Seconds between checkpoints; 0 is every step.
        seeds: What is tried after the take's own seed, in order, where its clip lacks
            something of what was asked: up to two. The best clip is kept.
    """

    id: str
    take: Take
    store: str
    lane: Lane = "interactive"
    checkpoint_s: float = 2.0
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no engine can carry: it would stop the jobs of others too."""
        for name, hint in _hints(Job).items():
            value = getattr(self, name)
            if not is_a(value, hint):
                raise SpecError(
                    f"a job's {name} cannot be {value!r:.40}: see nbagent.take.Job"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a running job last said of itself.

    `eta_s` is None until two steps were timed: a number is measured or absent.
    `has_draft` says that a draft of it is done and can be played meanwhile.
    """

    job: str
    state: JobState
    phase: Phase | None = None
    step: int = 0
    num_steps: int = 0
    elapsed_s: float = 0.0
    eta_s: float | None = None
    message: str = ""
    has_draft: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for the wire (under 500 bytes)."""
        return asdict(self)


def run_steps(num_steps: int, strength: float) -> int:
    """Return how many steps of a schedule are run at a strength.

    As the stock video-to-video pipelines count, but never zero: a weak remix of a short
    draft would return its parent untouched.
    """
    return max(1, min(int(num_steps * strength), num_steps))


def digest(value: object) -> str:
    """Hash JSON content: `b2:` and 32 hex digits of BLAKE2b of its canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "b2:" + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def with_tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields read from JSON, which has lists where we have tuples."""
    return {n: tuple(v) if isinstance(v, list) else v for n, v in data.items()}


_hints = functools.cache(get_type_hints)


def _checked(cls: type, values: object) -> dict[str, Any]:
    """Return the fields of `cls` among untrusted values; a wrong type is a TypeError."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{values!r:.40} is no {cls.__name__.lower()}")
    known = with_tuples({n: values[n] for n in _hints(cls) if n in values})
    for name, value in known.items():
        if not is_a(value, _hints(cls)[name]):
            raise TypeError(f"{name} is {value!r:.40}")
    return known


def is_a(value: object, hint: Any) -> bool:
    """Return whether a value is of an annotation's type; numbers are finite ones."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        return any(is_a(value, one) for one in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        is_as_long = inner[-1] is Ellipsis or len(value) == len(inner)
        return is_as_long and all(is_a(v, inner[0]) for v in value)
    if hint is float:
        # The bounds also keep out NaN, and integers that no float can hold.
        return type(value) in {int, float} and -1e15 < cast("float", value) < 1e15
    if hint is int:
        return type(value) is int  # JSON's true would pass as 1
    return isinstance(value, origin or hint)


def size_text(num_frames: int, width: int, height: int, seconds: float) -> str:
    """Say how large a clip is, in words that are the same on every run.

    >>> size_text(16, 128, 128, 2.0), size_text(1, 128, 128, 0.125)
    ('16 frames, 128x128, 2.0 s', 'a still, 128x128')
    """
    if num_frames == 1:
        return f"a still, {width}x{height}"
    return f"{num_frames} frames, {width}x{height}, {seconds:.1f} s"
