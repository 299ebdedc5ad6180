"""Loading a model, and putting it where its placement wants it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Final

import diffusers
import torch
import transformers
from diffusers import DiffusionPipeline

import nbagent.pocket.vae  # noqa: F401  diffusers loads classes of what is imported
from nbagent.errors import JobFailed
from nbagent.models.cards import ModelCard
from nbagent.models.fit import Placement, WeightType
from nbagent.models.hub import weights_of
from nbagent.models.index import components, denoiser_names
from nbagent.models.loras import Lora
from nbagent.models.memory import Component, needs_of
from nbagent.render.caches import denoisers
from nbagent.render.capability import Capability, capability
from nbagent.render.compiling import compile_blocks
from nbagent.render.decode import decoded, give_ladder, out_of_memory
from nbagent.render.kernels import give_kernels
from nbagent.render.preview import LatentToRgb, fit
from nbagent.render.prompt_cache import TextCache
from nbagent.system.numerics import SAYS, Kernels, has_fast_bf16

_DTYPES: Final[dict[Kernels, torch.dtype]] = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp32": torch.float32,
    "plain": torch.float32,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """A model in memory. Its pipeline is never called: each job opens its own.

    Attributes:
        told: What of its files could not be used, for whoever sees a clip of it.
        wrong: The quicker ways in which its numbers do not hold on this machine.
        failed: Those of them that only a job has met.
    """

    card: ModelCard
    placement: Placement
    pipe: DiffusionPipeline
    ability: Capability
    rgb: LatentToRgb
    told: tuple[str, ...] = ()
    wrong: frozenset[Kernels] = frozenset()
    failed: frozenset[Kernels] = frozenset()
    texts: TextCache = field(default_factory=TextCache)

    def notes(self) -> list[str]:
        """Say how the last clip was made, where that is not the quickest exact way."""
        is_plain = self.placement.is_best and not self.placement.approximation
        how = "" if is_plain else str(self.placement)
        return [note for note in (how, *self.told, decoded(self.pipe.vae)) if note]

    def approximations(self) -> list[str]:
        """Say what may make the last clip other than its recipe would elsewhere."""
        said = (self.placement.approximation, self.computed, decoded(self.pipe.vae))
        return [one for one in said if one]

    @property
    def device(self) -> str:
        """Where it is computed; its weights may lie elsewhere."""
        return "cuda" if torch.cuda.is_available() else "cpu"

    @property
    def kernels(self) -> Kernels:
        """How it is computed."""
        return self.placement.kernels or ladder(self.placement, self.device)[0]

    @property
    def computed(self) -> str:
        """How it is computed instead of in the quickest way; empty if in that."""
        if not self.wrong:
            return ""
        failed = " and ".join(SAYS[one] for one in SAYS if one in self.wrong)
        return (
            f"computed in {SAYS[self.kernels]}, as {failed} gave wrong numbers on"
            " this machine (see nbagent doctor)"
        )

    def rest(self) -> None:
        """Take off the device what is offloaded as a whole; before and after a job.

        Diffusers' hooks move a component out when the next one of their order comes in,
        and another job may have stopped at any place of it. Needs the job's turn.
        """
        self.pipe.maybe_free_model_hooks()


def ladder(placement: Placement, device: str) -> list[Kernels]:
    """Return the ways to compute a model so placed, from the quickest to the surest."""
    first = torch.bfloat16 if placement.weights == "bf16" else best_dtype(device)
    quick = [name for name, dtype in _DTYPES.items() if dtype == first][:1]
    sure: list[Kernels] = ["fp32", "plain"] if device == "cpu" else ["fp32"]
    return list(dict.fromkeys(quick + sure))


def load(card: ModelCard, placement: Placement) -> Loaded:
    """Load a model from its folder: safetensors only, no remote code, no network.

    Raises:
        JobFailed: If it needs a package that is not here, or its files are damaged or
            contradict each other.
        RuntimeError: If memory runs out all the same (see `out_of_memory`).
    """
    missing = [name for name in card.needs if find_spec(name) is None]
    if missing:
        raise JobFailed(
            f"{card.name} needs {', '.join(missing)}, which is not installed:"
            f" pip install {' '.join(missing)}"
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kernels = placement.kernels or ladder(placement, device)[0]
    dtype = _DTYPES[kernels]
    needed = needs_of(card).components
    try:
        pipe = getattr(diffusers, card.pipeline).from_pretrained(
            card.folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            variant=_variant(card),
            **_quantised(placement.weights, needed, dtype),
            **_from_ggufs(card, dtype),
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        if out_of_memory(error):
            raise
        raise JobFailed(
            f"{card.name} does not load ({_first_line(error)}):"
            " download or save the model again"
        ) from error
    if card.sigmas:
        pipe.scheduler = _scheduler_of(card, pipe.scheduler)
    told = _add_loras(pipe, card) if card.loras else ()
    ability = capability(pipe)
    ability.check_card(card)
    give_ladder(pipe.vae)
    if device == "cpu":
        give_kernels(pipe, kernels)
    pipe.vae.to(device)
    rgb = fit(pipe.vae, ability)
    place(pipe, placement, needed, device)
    if placement.compiled and not compile_blocks(denoisers(pipe)):
        raise JobFailed(
            f"{card.pipeline}'s network has no blocks to compile: unset"
            " NBAGENT_COMPILE, then restart the kernel"
        )
    return Loaded(
        card=card, placement=placement, pipe=pipe, ability=ability, rgb=rgb, told=told
    )


def _variant(card: ModelCard) -> str | None:
    """Return the kind of weights to load where a component has no plain ones."""
    index = DiffusionPipeline.load_config(card.folder)
    kinds = {
        weights_of(card.folder / name, library).variant
        for name, library in components(index).items()
    }
    return max(kinds, default="") or None


def _scheduler_of(card: ModelCard, own: Any) -> Any:
    """Return a scheduler that takes a card's noise levels as they are."""
    if not own.config.get("use_flow_sigmas") and not hasattr(own, "scale_noise"):
        raise JobFailed(
            f"{card.name} sets sigmas, which its {type(own).__name__} cannot use:"
            " remove them from its defaults.json"
        )
    return diffusers.FlowMatchEulerDiscreteScheduler(
        num_train_timesteps=own.config.num_train_timesteps,
        stochastic_sampling=card.renoises,
    )


def _add_loras(pipe: Any, card: ModelCard) -> tuple[str, ...]:
    """Let LoRAs act on a pipeline's weights; return what of them cannot."""
    if not hasattr(pipe, "load_lora_weights"):
        raise JobFailed(f"{card.pipeline} takes no LoRA: use {card.base} alone")
    names = [f"lora{i}" for i in range(len(card.loras))]
    told = []
    for name, lora in zip(names, card.loras, strict=True):
        file: dict[str, Any] = {
            "pretrained_model_name_or_path_or_dict": str(lora.path.parent),
            "weight_name": lora.path.name,
            "use_safetensors": True,
            "local_files_only": True,
        }
        try:
            with warnings.catch_warnings():
                # peft wonders whether a second LoRA is meant: it is.
                warnings.filterwarnings("ignore", "Already found a `peft_config`")
                for where in _experts(pipe, lora):
                    pipe.load_lora_weights(**file, **where, adapter_name=name)
            left, layers = _without_place(pipe, pipe.lora_state_dict(**file))
        except Exception as error:  # the border: three packages look for its keys
            raise _no_lora(lora, card, _first_line(error)) from error
        if left:
            told.append(
                f"{left} of {lora.path.name}'s {layers} layers do not fit"
                f" {card.base} and were skipped"
            )
        if lora.noise and "transformer_2" in pipe.components:
            told.append(f"{lora.path.name} changes only the {lora.noise}-noise expert")
        if hollow := _hollow(pipe, name):
            raise _no_lora(lora, card, f"{hollow} of its layers have no weights")
    acting = {name for found in pipe.get_list_adapters().values() for name in found}
    if idle := set(names) - acting:
        lora = card.loras[names.index(min(idle))]
        raise JobFailed(
            f"{lora.path.name} does not change anything in {card.base}: name a LoRA"
            " trained for it"
        )
    pipe.set_adapters(names, [lora.weight for lora in card.loras])
    return tuple(told)


def _no_lora(lora: Lora, card: ModelCard, reason: str) -> JobFailed:
    return JobFailed(
        f"{lora.path.name} is not a LoRA for {card.base} ({reason}): name one"
        " trained for it"
    )


def _hollow(pipe: Any, name: str) -> int:
    """Count layers that were made for a LoRA whose weights its file does not have."""
    return sum(
        parameter.is_meta
        for model in pipe.components.values()
        if isinstance(model, torch.nn.Module)
        for key, parameter in model.named_parameters()
        if f".{name}." in key
    )


def _experts(pipe: Any, lora: Lora) -> list[dict[str, bool]]:
    """Return how a LoRA is loaded for each expert that it is for."""
    if pipe.components.get("transformer_2") is None:
        return [{}]
    first: dict[str, bool] = {}
    second = {"load_into_transformer_2": True}
    by_noise = {"high": [first], "low": [second], None: [first, second]}
    return by_noise[lora.noise]


def _without_place(pipe: Any, loaded: Any) -> tuple[int, int]:
    """Return how many layers of a LoRA the pipeline lacks, and how many it has in all."""
    weights = (
        loaded[0] if isinstance(loaded, tuple) else loaded
    )  # scales come with some
    layers = {key.partition(".lora")[0] for key in weights if ".lora" in key}
    known = {
        f"{part}.{name}"
        for part, model in pipe.components.items()
        if isinstance(model, torch.nn.Module)
        for name, _ in model.named_modules()
    }
    return len(layers - known), len(layers)


def _from_ggufs(card: ModelCard, dtype: torch.dtype) -> dict[str, Any]:
    """Load the denoisers that a model's name gives GGUF files for."""
    index = DiffusionPipeline.load_config(card.folder)
    made = {}
    for name, file in zip(denoiser_names(index), card.ggufs, strict=False):
        kind = getattr(diffusers, index[name][1])
        if not hasattr(kind, "from_single_file"):
            raise JobFailed(
                f"{card.pipeline} takes no GGUF file: use {card.base} alone"
            )
        try:
            made[name] = kind.from_single_file(
                str(file.path),
                config=str(card.folder),
                subfolder=name,
                quantization_config=diffusers.GGUFQuantizationConfig(
                    compute_dtype=dtype
                ),
                dtype=dtype,
                local_files_only=True,
            )
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            if out_of_memory(error):
                raise
            raise JobFailed(
                f"{file.path.name} is not a {name} for {card.base}"
                f" ({_first_line(error)}): name one made from it"
            ) from error
    return made


def place(
    pipe: Any, placement: Placement, needed: Sequence[Component], device: str
) -> None:
    """Put a pipeline's weights where its placement wants them."""
    if placement.weights == "fp8":
        for component in needed:
            if component.role == "denoiser":
                denoiser = pipe.components[component.name]
                denoiser.enable_layerwise_casting(
                    storage_dtype=torch.float8_e4m3fn, compute_dtype=denoiser.dtype
                )
    if placement.where == "model offload":
        pipe.enable_model_cpu_offload(device=device)
    elif placement.where == "group offload":
        pipe.enable_group_offload(
            onload_device=torch.device(device),
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=device == "cuda",
            # Pinned as it goes: pinning all of it first would take the memory twice.
            low_cpu_mem_usage=device == "cuda",
            exclude_modules=[
                component.name for component in needed if component.role == "other"
            ],
        )
    else:
        pipe.to(device)


def _quantised(
    weights: WeightType, needed: Sequence[Component], dtype: torch.dtype
) -> dict[str, Any]:
    """Return the loading argument that makes weights smaller, if a package does it."""
    makes = {"int8-torchao": _torchao, "nf4": _bitsandbytes}
    if weights not in makes:
        return {}
    mapping = {
        component.name: makes[weights](
            transformers if component.role == "text" else diffusers, dtype
        )
        for component in needed
        if component.role != "other"
    }
    return {
        "quantization_config": diffusers.PipelineQuantizationConfig(
            quant_mapping=mapping
        )
    }


def _torchao(library: Any, _dtype: torch.dtype) -> Any:
    from torchao.quantization import Int8WeightOnlyConfig

    return library.TorchAoConfig(Int8WeightOnlyConfig())


def _bitsandbytes(library: Any, dtype: torch.dtype) -> Any:
    return library.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


def best_dtype(device: str) -> torch.dtype:
    """Return the fastest type in which the device renders well."""
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if has_fast_bf16() else torch.float32


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
