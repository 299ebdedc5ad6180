"""Model cards: what a model on disk can do, read from its JSON files alone.

A card answers before anything is loaded: which frame counts and sizes the model
takes, at which rate it plays, how many steps it wants. The kernel makes cards, so
nothing here imports torch, downloads or guesses: a folder that is not a model we
drive is one clear line. `render.capability` checks a loaded pipeline against its card.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nbagent import hub
from nbagent.caching import CacheKind, StepCaching
from nbagent.catalogue import CATALOGUE, Entry
from nbagent.errors import SpecError
from nbagent.families import FAMILIES, STEP_CACHES, TASKS, WAN_5B, Family, Sections
from nbagent.ggufs import Gguf, is_gguf, read_gguf
from nbagent.index import check_folder, check_index, components
from nbagent.loras import Lora, is_lora, read_loras
from nbagent.pocket import WEIGHTS
from nbagent.take import Take

# Above this, hashing every byte costs seconds on each start: sizes and headers
# (names, shapes, offsets of all tensors) stand in for the bytes.
_HASH_ALL_BYTES = 200_000_000
# A clip far longer or larger than the training data is noise, and memory is gone
# before anyone sees it. A model's own `defaults.json` may say better.
_STRETCH = 4
# What a model's own `defaults.json` may say; no model's value comes near the bound.
_NUMBERS: Final = frozenset(
    "fps height width num_frames num_inference_steps guidance_scale sigmas draft_steps"
    " max_sequence_length max_num_frames window_frames".split()
)
_MOST: Final = 1_000_000
# A little more than a model's own length at once is better than a second window.
_WINDOW = 1.25


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
        call: More arguments for the pipeline's call.
        max_tokens: Of a prompt, what its text encoder reads; None if it reads none.
        window_frames: The most frames rendered at once; a longer clip is made of
            several windows that overlap.
        sections: How its pipeline makes a clip in parts by itself, if it does.
        tasks: Operations that the pipeline can do through the seam.
        pictures: What of a take's holds its call is given (see `nbagent.families`).
        needs: Packages beyond `nbagent[local]` that it cannot run without.
        loras: Files that change its weights (see `nbagent.loras`).
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
                f"{num_frames} frames are not a clip: use {self.min_num_frames} or more"
            )
        if num_frames > self.max_num_frames:
            raise SpecError(
                f"{num_frames} frames is more than {self.name} can hold:"
                f" use {self.nearest(self.max_num_frames)[0]} or fewer"
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
                f"{take.num_inference_steps} steps do not fit {self.name}: it was"
                f" distilled to {len(self.sigmas)}, leave the number of steps out"
            )
        whole = [h for h in take.holds if not h.mask and h.box is None]
        begins = any(hold.at == 0 for hold in whole)
        if "image" in self.pictures and "generate" not in self.tasks and not begins:
            raise SpecError(
                f"{self.name} makes a clip from its first frame, and {take.operation}"
                " keeps none here: name a picture, like @photo, or use another model"
            )
        if take.operation not in self.tasks:
            raise SpecError(
                f"{self.name} cannot {take.operation}, only {', '.join(self.tasks)}:"
                " use another model"
            )
        if self.sections is not None:
            ends = {"image": 0, "last_image": take.num_frames - 1}
            given = {ends[name] for name in self.pictures if name in ends}
            one = [h.at for h in whole if h.num_frames == 1 and h.at in given]
            if len(one) < len(take.holds):
                raise SpecError(
                    f"{self.name} makes a clip in sections, where these frames can be"
                    f" given: {' and '.join(self._told())}; leave out the others, or use another"
                    " model"
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
                f"{self.name} cannot have the step cache {caching} ({self.pipeline}'s"
                f" loop does not tell it its noise levels): use {caching.threshold:g}"
            )
        raise SpecError(
            f"{self.name} cannot have a step cache ({self.pipeline}'s network is not"
            " made for one): turn it off with --cache 0 or %nbagent cache off"
        )

    def nearest(self, num_frames: int) -> tuple[int, ...]:
        """Return the allowed frame counts around a number; itself if it is one."""
        num_frames = min(num_frames, self.max_num_frames)
        low = num_frames - (num_frames - self.frames_offset) % self.frames_step
        near = (low,) if low == num_frames else (low, low + self.frames_step)
        allowed = (n for n in near if self.min_num_frames <= n <= self.max_num_frames)
        return tuple(allowed) or (self.min_num_frames,)

    def _check_side(self, side: str, pixels: int, usual: int) -> None:
        multiple, most = self.size_multiple, _STRETCH * usual
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


# Factors (time, space) of VAEs whose older config files do not state them.
_VAE_FACTORS = {
    "AutoencoderKLWan": (4, 8),
    "AutoencoderKLCogVideoX": (4, 8),
    "AutoencoderKLHunyuanVideo": (4, 8),
}


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
    index = _read_json(folder / "model_index.json")
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
            f"{name} is a {pipeline}, which nbagent does not drive yet:"
            f" use one of {', '.join(sorted(FAMILIES))}"
        )
    denoiser = "transformer" if (folder / "transformer").is_dir() else "unet"
    network = _read_json(folder / denoiser / "config.json")
    if network.get("image_condition_type") == "latent_concat":
        raise SpecError(
            f"{name} leaves the first four frames of its clip out, its picture among"
            " them: use hunyuan-i2v, which keeps them"
        )
    vae = _read_json(folder / "vae" / "config.json")
    with _sound_configs(folder):
        frames_step, frames_offset = frames_rule(family, vae, network)
        side = _vae_factors(vae)[1] * _patch(network)[1]
        size_multiple = math.lcm(side, family.size_multiple)
        if not (0 < frames_step < _MOST and 0 < size_multiple < _MOST):
            raise ValueError(f"{frames_step} frames, {size_multiple} pixels")
    if family.sections is not None:
        frames_step, frames_offset = family.sections.makes, family.sections.makes + 1
    defaults = _defaults(folder, family, known)
    return ModelCard(
        name=name,
        folder=folder,
        pipeline=pipeline,
        revision=_with_files(_own_revision(base, folder), loras, ggufs),
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


def split_name(name: str) -> tuple[str, tuple[str, ...]]:
    """Return the model that a name begins with, and the files behind its plus signs.

    Folders and files may have plus signs of their own: the model is the longest
    beginning that is a folder, and a file goes on to its suffix.
    """
    pieces = name.split("+")
    lengths = range(len(pieces), 1, -1)
    start = next((n for n in lengths if _folder("+".join(pieces[:n]))), 1)
    files, part = [], list[str]()
    for piece in pieces[start:]:
        part.append(piece)
        text = "+".join(part)
        if is_lora(text) or is_gguf(text):
            files.append(text)
            part = []
    if part:
        files.append("+".join(part))
    return "+".join(pieces[:start]), tuple(files)


def find_folder(name: str, commit: str | None = None) -> Path:
    """Return the folder that holds a model; nothing is downloaded.

    Args:
        name: Of the model, LoRAs aside.
        commit: Of the hub's repository; None is the one that the name means.

    Raises:
        SpecError: If there is none, with the line that says how to get it.
    """
    if name == "pocket":
        folder = WEIGHTS
        advice = "reinstall nbagent, its wheel carries the weights"
    elif own := _folder(name):
        folder = own
        advice = "name a folder saved by a diffusers pipeline"
    else:
        model = hub.hub_model(name)
        if model is None:
            raise SpecError(
                f"no model is called {name!r}: use pocket, {', '.join(CATALOGUE)}, a"
                " folder, or owner/name"
            )
        folder = model.folder(commit)
        terms = f" (licence: {model.licence})" if model.licence else ""
        branch = f" --revision {model.revision}" if model.revision else ""
        advice = f"download it first with: hf download {model.repo}{branch}{terms}"
    if not (folder / "model_index.json").is_file():
        raise SpecError(f"no model at {name!r} (no model_index.json): {advice}")
    return folder


def _folder(name: str) -> Path | None:
    """Return the folder that a name is the path of, if it is one."""
    try:
        folder = Path(name).expanduser().absolute()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # far too long; the home of nobody
        return None


def working_shape(
    card: ModelCard, num_frames: int, height: int, width: int
) -> tuple[int, int]:
    """Return (tokens, channels of each) that the denoiser works on for a clip.

    Raises:
        SpecError: If a config file of the model is damaged.
    """
    is_transformer = (card.folder / "transformer").is_dir()
    denoiser = "transformer" if is_transformer else "unet"
    network = _read_json(card.folder / denoiser / "config.json")
    vae = _read_json(card.folder / "vae" / "config.json")
    with _sound_configs(card.folder):
        time, space = _vae_factors(vae)
        frames, side = _patch(network)
        tokens = math.ceil(((num_frames - 1) // time + 1) / frames)
        tokens *= math.ceil(height / (space * side)) * math.ceil(width / (space * side))
        if is_transformer:
            channels = int(network.get("num_attention_heads") or 1)
            channels *= int(network.get("attention_head_dim") or 1)
        else:
            channels = int((network.get("block_out_channels") or [1])[0])
        if not 0 < channels < _MOST:
            raise ValueError(f"{channels} channels")
        return tokens, channels


def is_here(name: str) -> bool:
    """Return whether a model is on this machine, with all of its weights."""
    try:
        find_folder(split_name(name)[0])
    except SpecError:
        return False
    model = on_hub(name)
    return model is None or hub.is_whole(model)


def on_hub(name: str) -> hub.HubModel | None:
    """Return the hub's model that a name means, which is no folder and not pocket."""
    base, files = split_name(name)
    if base == "pocket" or _folder(base):
        return None
    model = hub.hub_model(base)
    if model is None or not any(map(is_gguf, files)):
        return model
    return replace(model, without=frozenset(DENOISERS))


def hub_commit(revision: str) -> str | None:
    """Return the hub's commit in the revision of a card or a take; None without one."""
    found = re.fullmatch(r"hub:([0-9a-f]{40})(\+.*)?", revision)
    return found[1] if found else None


def frames_rule(
    family: Family, vae: Mapping[str, Any], network: Mapping[str, Any]
) -> tuple[int, int]:
    """Return (step, offset) of the allowed frame counts.

    A VAE with temporal factor f makes (n - 1) / f + 1 latent frames of n, and the
    denoiser cuts those into whole patches of p: n = f*p*k - f + 1 with k >= 1.
    """
    factor = _vae_factors(vae)[0]
    patch = 1 if family.pads_latent_frames else _patch(network)[0]
    step = factor * patch
    return step, (step - factor + 1) % step


def _pictures(family: Family, network: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a model is given of held frames: of Wan 2.1's, few read two of them."""
    if network.get("image_dim") and not network.get("pos_embed_seq_len"):
        return tuple(name for name in family.pictures if name != "last_image")
    return family.pictures


def _vae_factors(vae: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many frames, and how many pixels a side, one latent stands for."""
    time, space = _VAE_FACTORS.get(str(vae.get("_class_name")), (1, 1))
    if scaling := vae.get("spatio_temporal_scaling"):  # LTX
        octaves = 2 ** sum(map(bool, scaling))
        time = int(vae.get("patch_size_t") or 1) * octaves
        space = int(vae.get("patch_size") or 1) * octaves
    elif expansions := vae.get("temporal_expansions"):  # Mochi
        time = math.prod(expansions)
        space = math.prod(vae.get("spatial_expansions") or ())
    elif blocks := vae.get("block_out_channels"):  # one halving between blocks
        space = 2 ** (len(blocks) - 1)
    for key in ("scale_factor_temporal", "temporal_compression_ratio"):
        time = int(vae.get(key) or time)
    for key in ("scale_factor_spatial", "spatial_compression_ratio"):
        space = int(vae.get(key) or space)
    return time, space


def _patch(network: Mapping[str, Any]) -> tuple[int, int]:
    """Return the denoiser's patch as (latent frames, latent pixels a side)."""
    patch = network.get("patch_size") or 1
    if isinstance(patch, int):
        return int(network.get("patch_size_t") or 1), patch
    return int(patch[0]), math.lcm(int(patch[1]), int(patch[2]))


def _defaults(folder: Path, family: Family, known: Entry | None) -> dict[str, Any]:
    """Merge the family's values with those of the model, and of the folder itself."""
    path = folder / "defaults.json"
    own = dict(known.defaults) if known else {}
    if path.is_file():
        own |= _checked(_read_json(path), path)
    sigmas = tuple(map(float, own.get("sigmas", ())))
    if sigmas:
        if sigmas[0] > 1 or sigmas[-1] <= 0 or list(sigmas) != sorted(sigmas)[::-1]:
            raise SpecError(
                f"sigmas {', '.join(f'{s:g}' for s in sigmas)} of {path} do not fall"
                " from 1 to above 0: correct that file"
            )
        own |= {"num_inference_steps": len(sigmas), "draft_steps": len(sigmas)}
    numbers = {
        key: own.get(key, getattr(family, key))
        for key in (
            "fps",
            "height",
            "width",
            "num_frames",
            "num_inference_steps",
            "guidance_scale",
        )
    }
    length = own.get("max_sequence_length", family.max_sequence_length)
    call = {} if length is None else {"max_sequence_length": length}
    call |= dict(known.call if known else {})
    most = own.get("max_num_frames", _STRETCH * numbers["num_frames"])
    window = most if family.sections else round(_WINDOW * numbers["num_frames"])
    return numbers | {
        "draft_steps": own.get(
            "draft_steps", max(4, numbers["num_inference_steps"] // 3)
        ),
        "window_frames": own.get("window_frames", window),
        "max_num_frames": most,
        "sigmas": sigmas,
        "renoises": bool(own.get("renoises", False)),
        "call": call,
        "max_tokens": call.get("max_sequence_length", family.max_tokens),
    }


def _checked(own: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a folder's defaults, if each is a number that a clip can have."""
    for key in _NUMBERS & own.keys():
        numbers = own[key] if key == "sigmas" else [own[key]]
        least = 0 if key in ("guidance_scale", "sigmas") else 0.01
        if not isinstance(numbers, list) or not all(
            isinstance(one, int | float) and least <= one < _MOST for one in numbers
        ):
            raise SpecError(
                f"{key} {json.dumps(own[key])[:40]} of {path} is not a number that a model"
                " can have: correct that file"
            )
    return own


@contextmanager
def _sound_configs(folder: Path) -> Iterator[None]:
    """Turn what ill-typed values of a model's configs raise into one line."""
    try:
        yield
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as no:
        raise SpecError(
            f"the configs of {folder.name} hold what no model has ({no!s:.80}):"
            " download or save the model again"
        ) from no


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = "it is missing" if isinstance(error, FileNotFoundError) else str(error)
        raise SpecError(
            f"{path.parent.name}/{path.name} of the model cannot be read ({reason}):"
            " download or save the model again"
        ) from error
    if not isinstance(value, dict):
        raise SpecError(
            f"{path.parent.name}/{path.name} of the model is no JSON object:"
            " download or save the model again"
        )
    return value


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return (name, bytes, time) of each file that decides what a model renders."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in {".json", ".safetensors", ".txt", ".model"}
    )
    return tuple(
        (str(path.relative_to(folder)), stat.st_size, stat.st_mtime_ns)
        for path, stat in ((path, path.stat()) for path in files)
    )


# What a pipeline calls its denoisers, in the order of its loop.
DENOISERS: Final = ("transformer", "transformer_2", "unet")


def denoiser_names(index: Mapping[str, Any]) -> list[str]:
    """Return the names of a pipeline's denoisers, in the order of its loop."""
    return [name for name in DENOISERS if name in components(index)]


def _check_ggufs(base: str, index: Mapping[str, Any], ggufs: tuple[Gguf, ...]) -> None:
    number = len(denoiser_names(index))
    if ggufs and len(ggufs) != number:
        raise SpecError(
            f"{base} has {number} denoisers and {len(ggufs)} GGUF files"
            " are named: name one for each, that for high noise first"
        )


def _own_revision(base: str, folder: Path) -> str:
    """Return what a model without LoRAs is: the hub's commit, or a hash of its files."""
    if on_hub(base) is not None:
        return f"hub:{folder.name}"
    return _revision(folder, _stamp(folder))


def _with_files(revision: str, loras: tuple[Lora, ...], ggufs: tuple[Gguf, ...]) -> str:
    """Return the revision of a model whose weights LoRAs change, or GGUF files are."""
    if not loras and not ggufs:
        return revision
    hasher = hashlib.blake2b(revision.encode(), digest_size=16)
    for lora in loras:
        with lora.path.open("rb") as weights:
            hasher.update(hashlib.file_digest(weights, "blake2b").digest())
        hasher.update(f"{lora.weight:g}{lora.noise or ''}".encode())
    for file in ggufs:  # of gigabytes: its header and its size stand in for the bytes
        hasher.update(file.header + f"{file.size_bytes}".encode())
    ours = "b2:" + hasher.hexdigest()
    return f"{revision}+{ours}" if revision.startswith("hub:") else ours


@functools.lru_cache(maxsize=8)
def _revision(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    """Hash what a model is; the stamp makes a folder refreshed in place a new one."""
    total_bytes = sum(size for _, size, _ in stamp)
    hasher = hashlib.blake2b(digest_size=16)
    for name, size, _ in stamp:
        hasher.update(f"{name}\0{size}\0".encode())
        with (folder / name).open("rb") as file:
            if name.endswith(".safetensors") and total_bytes > _HASH_ALL_BYTES:
                header_bytes = int.from_bytes(file.read(8), "little")
                # A damaged header must not make us read the whole disk.
                hasher.update(file.read(min(header_bytes, size)))
            else:
                while block := file.read(1 << 20):
                    hasher.update(block)
    return "b2:" + hasher.hexdigest()
