"""Model cards: what a model on disk can do, read from its JSON files alone.

A card answers before anything is loaded: which frame counts and sizes the model
takes, at which rate it plays, how many steps it wants. The kernel makes cards, so
nothing here imports torch, downloads or guesses: a folder that is not a model we
drive is one clear line. `render.capability` checks a loaded pipeline against its card.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbagent.errors import SpecError
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.configs import (
    MOST,
    frames_rule,
    patch_of,
    read_json,
    sound_configs,
    vae_factors,
)
from nbagent.models.defaults import STRETCH, own_defaults
from nbagent.models.families import (
    FAMILIES,
    STEP_CACHES,
    TASKS,
    WAN_5B,
    Family,
    Sections,
)
from nbagent.models.ggufs import Gguf, is_gguf, read_gguf
from nbagent.models.index import check_folder, check_index, denoiser_names
from nbagent.models.loras import Lora, read_loras
from nbagent.models.names import find_folder, hub_commit, split_name
from nbagent.models.revision import own_revision, with_files
from nbagent.take import Take, words
from nbagent.take.caching import CacheKind, StepCaching


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one model takes and what it prefers.

    Attributes:
        name: As the user wrote it: `pocket`, a folder, or a hub id.
        pipeline: Class name of its diffusers pipeline.
        revision: The hub's commit, or a hash of its configs and weights; part of a take's
            identity.
        frames_step: A frame count is `frames_step * k + frames_offset`.
        frames_offset: Zero means that k starts at 1, else k starts at 0. The frames of
            the shortest clip, where it is made of sections.
        size_multiple: Height and width are multiples of this, in pixels.
        draft_steps: `num_inference_steps` of a draft.
        sigmas: Noise levels of its steps, from 1, where it was distilled to these: it
            takes no other number of steps. None: its scheduler makes them of a number.
        renoises: Each of those steps goes to the clean end and back with fresh noise.
        holds_clean: It was taught with what is held standing in its input without noise.
        call: More arguments for the pipeline's call.
        max_tokens: Of a prompt, what its text encoder reads; None if it reads none.
        window_frames: The most frames rendered at once; a longer clip is made of
            several windows that overlap.
        sections: How its pipeline makes a clip in parts by itself, if it does.
        tasks: Operations that the pipeline can do through the hook.
        pictures: What of a take's holds its call is given (see `nbagent.models.families`).
        needs: Packages beyond `nbagent[local]` that it cannot run without.
        loras: Files that change its weights (see `nbagent.models.loras`).
        ggufs: Files that its denoisers are loaded from, in their order.
        caches: Step caches that a take of it may have.
        is_one_size: Whether other sizes than its own are asked for at one's own risk.
    """

    name: str
    folder: Path
    pipeline: str
    revision: str
    frames_step: int
    frames_offset: int
    size_multiple: int
    fps: float
    height: int
    width: int
    num_frames: int
    num_inference_steps: int
    draft_steps: int
    guidance_scale: float
    call: Mapping[str, Any]
    max_num_frames: int
    window_frames: int
    max_tokens: int | None = None
    sigmas: tuple[float, ...] = ()
    renoises: bool = False
    holds_clean: bool = False
    sections: Sections | None = None
    tasks: tuple[str, ...] = TASKS
    pictures: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    loras: tuple[Lora, ...] = ()
    ggufs: tuple[Gguf, ...] = ()
    caches: tuple[CacheKind, ...] = ()
    is_one_size: bool = False

    @property
    def base(self) -> str:
        """Its name without LoRAs and GGUF files."""
        return split_name(self.name)[0]

    @property
    def overlap(self) -> int:
        """Frames that a window sees of what it goes on from: a quarter of a clip."""
        return self.nearest(self.num_frames // 4)[0]

    @property
    def min_num_frames(self) -> int:
        """Smallest clip the model makes; an image is the first frame of it."""
        return self.frames_offset or self.frames_step

    def check(self, num_frames: int, height: int, width: int) -> None:
        """Refuse what the model cannot render, naming the nearest that it can.

        Raises:
            SpecError: If the frame count or the size is not one of the model's.
        """
        if num_frames < 1:
            raise SpecError(
                f"{num_frames} frames are too few for a clip: use"
                f" {self.min_num_frames} or more"
            )
        if num_frames > self.max_num_frames:
            raise SpecError(
                f"{num_frames} frames are more than {self.name} can render: use"
                f" {self.nearest(self.max_num_frames)[0]} or fewer"
            )
        nearest = self.nearest(num_frames)
        if num_frames not in nearest:
            raise SpecError(
                f"{num_frames} frames do not fit {self.name}: use"
                f" {' or '.join(map(str, nearest))}"
            )
        for side, pixels, usual in (
            ("height", height, self.height),
            ("width", width, self.width),
        ):
            self._check_side(side, pixels, max(usual, self.size_multiple))

    def check_take(self, take: Take) -> None:
        """Refuse what the model's family cannot do; re-cuts need no model.

        Raises:
            SpecError: If the operation is not one of `tasks`, the model starts from a
                picture and the take holds none as its whole first frame, the take has
                a step cache and the model cannot, or steps that it was not made for.
        """
        if take.is_recut:
            return
        self.check_cache(take.caching)
        if self.sigmas and take.num_inference_steps != len(self.sigmas):
            raise SpecError(
                f"{take.num_inference_steps} steps do not fit {self.name}, which"
                f" was distilled to {len(self.sigmas)}: leave the number of steps"
                " out"
            )
        whole = [h for h in take.holds if not h.mask and h.box is None]
        begins = any(hold.at == 0 for hold in whole)
        if "image" in self.pictures and "generate" not in self.tasks and not begins:
            raise SpecError(
                f"{self.name} starts a clip from a picture, and this turn has"
                " none: name one, like @photo, or use a different model"
            )
        if take.operation not in self.tasks:
            raise SpecError(
                f"{self.name} cannot {words.can(take.operation)}, only"
                f" {', '.join(map(words.can, self.tasks))}: use a different model"
            )
        if self.sections is not None:
            ends = {"image": 0, "last_image": take.num_frames - 1}
            given = {ends[name] for name in self.pictures if name in ends}
            one = [h.at for h in whole if h.num_frames == 1 and h.at in given]
            if len(one) < len(take.holds):
                raise SpecError(
                    f"{self.name} makes a clip in sections and takes only these"
                    f" frames: {' and '.join(self._told())}; leave out the others,"
                    " or use a different model"
                )

    def _told(self) -> list[str]:
        words = {"image": "the first", "last_image": "the last"}
        return [words[name] for name in self.pictures if name in words] or ["none"]

    def num_sections(self, num_frames: int) -> int | None:
        """Return in how many sections a clip is made; None if in one loop for all."""
        return None if self.sections is None else self.sections.count(num_frames)

    def check_cache(self, caching: StepCaching) -> None:
        """Refuse a step cache that does not fit the model's network and loop.

        Raises:
            SpecError: If it does not.
        """
        if not caching or caching.kind in self.caches:
            return
        if self.caches:
            raise SpecError(
                f"{self.name} cannot use the step cache {caching} ({self.pipeline}"
                f" does not report its noise levels): use {caching.threshold:g}"
            )
        raise SpecError(
            f"{self.name} cannot use a step cache ({self.pipeline}'s network does"
            " not support one): turn it off with --cache 0 or %nbagent cache off"
        )

    def nearest(self, num_frames: int) -> tuple[int, ...]:
        """Return the allowed frame counts around a number; itself if it is one."""
        num_frames = min(num_frames, self.max_num_frames)
        low = num_frames - (num_frames - self.frames_offset) % self.frames_step
        near = (low,) if low == num_frames else (low, low + self.frames_step)
        allowed = (n for n in near if self.min_num_frames <= n <= self.max_num_frames)
        return tuple(allowed) or (self.min_num_frames,)

    def _check_side(self, side: str, pixels: int, usual: int) -> None:
        multiple, most = self.size_multiple, STRETCH * usual
        if pixels % multiple or pixels < multiple:
            low = max(pixels // multiple, 1) * multiple
            high = low if low > pixels else low + multiple
            raise SpecError(
                f"{side} {pixels} does not fit {self.name}: use"
                f" {low if low == high else f'{low} or {high}'}"
            )
        if pixels > most:
            raise SpecError(
                f"{side} {pixels} is too large for {self.name} (its own is {usual}):"
                f" use {most // multiple * multiple} or less"
            )


def model_card(name: str, revision: str = "") -> ModelCard:
    """Return the card of a model.

    Args:
        name: `pocket`, a short name of the catalogue, a diffusers folder, or a hub id,
            of which at least its configs are here; `@REVISION` may follow the last two,
            and LoRAs behind plus signs.
        revision: A card's or a take's own, to find the same commit again.

    Raises:
        SpecError: If there is no such model here, or it is none that we drive.
    """
    base, files = split_name(name)
    ggufs = tuple(read_gguf(part) for part in files if is_gguf(part))
    loras = read_loras([part for part in files if not is_gguf(part)])
    folder = find_folder(base, hub_commit(revision))
    index = read_json(folder / "model_index.json")
    check_index(name, index)
    check_folder(name, folder, index)
    known = CATALOGUE.get(base.partition("@")[0])
    pipeline = known.pipeline if known else str(index.get("_class_name"))
    family = FAMILIES.get(pipeline)
    _check_ggufs(base, index, ggufs)
    if index.get("expand_timesteps"):
        family = WAN_5B if pipeline == "WanPipeline" else None
    if family is None:
        raise SpecError(
            f"{name} is a {pipeline}, which nbagent does not support yet: use one"
            f" of {', '.join(sorted(FAMILIES))}"
        )
    denoiser = "transformer" if (folder / "transformer").is_dir() else "unet"
    network = read_json(folder / denoiser / "config.json")
    if network.get("image_condition_type") == "latent_concat":
        raise SpecError(
            f"{name} drops the first four frames of its clip, the picture among"
            " them: use hunyuan-i2v, which keeps them"
        )
    vae = read_json(folder / "vae" / "config.json")
    with sound_configs(folder):
        frames_step, frames_offset = frames_rule(family, vae, network)
        side = vae_factors(vae)[1] * patch_of(network)[1]
        size_multiple = math.lcm(side, family.size_multiple)
        if not (0 < frames_step < MOST and 0 < size_multiple < MOST):
            raise ValueError(f"{frames_step} frames, {size_multiple} pixels")
    if family.sections is not None:
        frames_step, frames_offset = family.sections.makes, family.sections.makes + 1
    defaults = own_defaults(folder, family, known)
    return ModelCard(
        name=name,
        folder=folder,
        pipeline=pipeline,
        revision=with_files(own_revision(base, folder), loras, ggufs),
        frames_step=frames_step,
        frames_offset=frames_offset,
        size_multiple=size_multiple,
        sections=family.sections,
        tasks=family.tasks,
        pictures=_pictures(family, network),
        needs=(
            *family.needs,
            *(("peft",) if loras else ()),
            *(("gguf",) if ggufs else ()),
        ),
        loras=loras,
        ggufs=ggufs,
        caches=STEP_CACHES.get(pipeline, ()),
        # Its places were learnt for one size, or its steps are as large as its picture.
        is_one_size=bool(network.get("use_learned_positional_embeddings"))
        or size_multiple >= min(defaults["height"], defaults["width"]),
        **defaults,
    )


def working_shape(
    card: ModelCard, num_frames: int, height: int, width: int
) -> tuple[int, int]:
    """Return (tokens, channels of each) that the denoiser works on for a clip.

    Raises:
        SpecError: If a config file of the model is damaged.
    """
    is_transformer = (card.folder / "transformer").is_dir()
    denoiser = "transformer" if is_transformer else "unet"
    network = read_json(card.folder / denoiser / "config.json")
    vae = read_json(card.folder / "vae" / "config.json")
    with sound_configs(card.folder):
        time, space = vae_factors(vae)
        frames, side = patch_of(network)
        tokens = math.ceil(((num_frames - 1) // time + 1) / frames)
        tokens *= math.ceil(height / (space * side)) * math.ceil(width / (space * side))
        if is_transformer:
            channels = int(network.get("num_attention_heads") or 1)
            channels *= int(network.get("attention_head_dim") or 1)
        else:
            channels = int((network.get("block_out_channels") or [1])[0])
        if not 0 < channels < MOST:
            raise ValueError(f"{channels} channels")
        return tokens, channels


def _pictures(family: Family, network: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a model is given of held frames: of Wan 2.1's, few read two of them."""
    if network.get("image_dim") and not network.get("pos_embed_seq_len"):
        return tuple(name for name in family.pictures if name != "last_image")
    return family.pictures


def _check_ggufs(base: str, index: Mapping[str, Any], ggufs: tuple[Gguf, ...]) -> None:
    number = len(denoiser_names(index))
    if ggufs and len(ggufs) != number:
        raise SpecError(
            f"{base} has {number} denoisers, and you named {len(ggufs)} GGUF files:"
            " name one for each, the one for high noise first"
        )
