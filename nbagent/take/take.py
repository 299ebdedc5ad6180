"""The take: one attempt at a shot, as an immutable value that every room shares.

A take says everything that is needed to render it again. Its id is a hash of that
content, so the same words in the same state give the same take, and a take that was
rendered once need not be rendered twice. Nothing here renders, stores or talks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from nbagent.errors import SpecError
from nbagent.take.caching import CacheKind, StepCaching
from nbagent.take.chart import Chart
from nbagent.take.effect import Effect
from nbagent.take.hold import Hold
from nbagent.take.move import Move
from nbagent.take.typed import checked

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
    "chart",
    "open",
]
Quality = Literal["draft", "final"]

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
    *("source", "edits", "chart"),
)
TEXTS = "texts"
"""What of a shot lies over the frames, and is drawn last."""
MAX_SEED = 2**32 - 1  # torch.Generator takes 64 bits, numpy 32: keep what both take


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
            `camera` over pictures that are held and `chart` of data, both drawn without
            a model, `open` of a file
            that somebody brought.
        media: A `video` or a single `image`.
        model: `pocket`, a folder, or a hub id; `model_revision` names its weights.
            Empty for what was opened, or drawn, and what was cut of it: no model
            rendered it.
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
        chart: What a chart shows, and how it moves; also of what was cut of such a clip.
        redirect_step: For redirect, how many steps of the parent's run are as they
            were, before this take's words hold.
        stop_step: The step of the schedule, from 1, after which the clip is made of
            what it looks like then; None is all steps.
        effects: Applied in order to the rendered frames.
        dissolve_s: For join, how long one clip dissolves into the next; 0 is a cut.
        step_cache: How little must change for blocks to be skipped, a share; 0 is no
            cache.
        cache_kind: Which one it is (see `nbagent.take.caching`).
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
    chart: Chart | None = None
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
                f"{least} {sides[least]:g} is out of range: use more than 0"
            )
        if self.strength is not None and not 0.0 < self.strength <= 1.0:
            raise SpecError(f"strength {self.strength} is out of range: use 0 to 1")
        if self.stop_step is not None and self.stop_step < 1:
            raise SpecError(
                f"a clip cannot stop at step {self.stop_step}: use 1 or later"
            )
        if (self.operation == "redirect") != ((self.redirect_step or 0) > 0):
            raise SpecError(
                f"a run cannot change course at step {self.redirect_step}: use 1 or"
                " later, in a redirect"
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
        if self.operation == "chart" and self.chart is None:
            raise SpecError("a chart shows data: name a table, like @df")
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
    def is_lettered(self) -> bool:
        """Whether texts lie over its frames."""
        return bool(self.shot.get(TEXTS))

    @property
    def bare(self) -> Take:
        """The same attempt without the texts over it: what other takes are made of."""
        if not self.is_lettered:
            return self
        return replace(self, shot={k: v for k, v in self.shot.items() if k != TEXTS})

    @property
    def is_drawn(self) -> bool:
        """Whether it is drawn exactly, without a model and without torch."""
        return self.operation in ("camera", "chart")

    @property
    def is_brought(self) -> bool:
        """Whether no model rendered it: it is of any size, length and rate."""
        return not self.model

    @property
    def is_joined(self) -> bool:
        """Whether it shows all of its parents, in turn or beside each other."""
        return self.operation in ("join", "grid")

    def shows(self, take_id: str) -> bool:
        """Return whether it is joined of that take's clip, and others."""
        return self.is_joined and take_id in self.parents

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
        recipe["chart"] = None if self.chart is None else self.chart.to_json()
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
                    kind(**checked(kind, one)) for one in recipe.get(name, ())
                )
            if recipe.get("move") is not None:
                values["move"] = Move(**checked(Move, recipe["move"]))
            if recipe.get("chart") is not None:
                values["chart"] = Chart.from_json(recipe["chart"])
            values["parents"] = tuple(recipe.get("parents", ()))
            take = cls(**checked(cls, values))
            take.id  # noqa: B018  half a character fails here, not when it is stored
        except (TypeError, UnicodeEncodeError) as error:
            raise SpecError(
                f"the recipe is damaged ({error}): save the clip again from its"
                " notebook"
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


def size_text(num_frames: int, width: int, height: int, seconds: float) -> str:
    """Say how large a clip is, in words that are the same on every run.

    >>> size_text(16, 128, 128, 2.0), size_text(1, 128, 128, 0.125)
    ('16 frames, 128x128, 2.0 s', 'a still, 128x128')
    """
    if num_frames == 1:
        return f"a still, {width}x{height}"
    return f"{num_frames} frames, {width}x{height}, {seconds:.1f} s"
