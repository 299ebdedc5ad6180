"""Models of published widths on a GPU: what they take there, and what was foretold.

Weights are random and text encoders thin, since nothing here looks at a clip: a step's
memory and seconds hang on shapes alone. Part of `make gpu-check`.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    LlamaConfig,
    LlamaModel,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

from nbagent.ledger import Ledger
from nbagent.models.cards import ModelCard, model_card
from nbagent.models.fit import Placement, WeightType, installed_quantisers
from nbagent.models.memory import needs_of
from nbagent.render.hook import PipelineHook
from nbagent.render.pipelines import load
from nbagent.render.renderer import Renderer
from nbagent.render.start_states import Fresh
from tests.tiny_parts import cast, flow_euler, tokenizer, unipc

GB = 10**9
STEPS = 3  # the first one is warm-up


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A published shape, and the clip that its authors usually make with it."""

    build: Callable[[str], DiffusionPipeline]
    num_frames: int
    height: int
    width: int
    call: dict[str, Any] = field(default_factory=dict)


def _made(device: str, kind: Any, *config: Any, **more: Any) -> Any:
    """Make a network where it will be: on a CPU, 14 billion numbers take minutes."""
    with torch.device(device):
        made = kind(*config, **more).eval()
    return cast(made, torch.bfloat16)


def _t5(device: str, kind: Any = T5EncoderModel, config: Any = T5Config) -> Any:
    """Make a text encoder of the published width, and of one layer."""
    thin = {"vocab_size": 64, "num_layers": 1, "num_heads": 1, "d_kv": 64, "d_ff": 64}
    return _made(device, kind, config(d_model=4096, **thin))


def _wan(device: str, vae: Any, text: UMT5Config | None, **network: Any) -> Any:
    """Wan around a VAE; its text encoder is thin if none is given."""
    return diffusers.WanPipeline(
        tokenizer=tokenizer(512),
        text_encoder=_made(device, UMT5EncoderModel, text)
        if text
        else _t5(device, UMT5EncoderModel, UMT5Config),
        transformer=_made(device, diffusers.WanTransformer3DModel, **network),
        vae=vae,
        scheduler=unipc(),
    )


def wan(
    device: str,
    heads: int = 12,
    ffn: int = 8960,
    layers: int = 30,
    text: UMT5Config | None = None,
) -> DiffusionPipeline:
    """Wan 2.1: 12 heads in 30 layers are 1.3B, 40 in 40 are 14B."""
    vae = _made(device, diffusers.AutoencoderKLWan)
    network = {"num_attention_heads": heads, "ffn_dim": ffn, "num_layers": layers}
    return _wan(device, vae, text, **network)


def wan_5b(device: str) -> DiffusionPipeline:
    """Wan 2.2's 5B, with a timestep for each token."""
    vae = _made(
        device,
        diffusers.AutoencoderKLWan,
        base_dim=160,
        decoder_base_dim=256,
        z_dim=48,
        in_channels=12,
        out_channels=12,
        is_residual=True,
        patch_size=2,
        scale_factor_spatial=16,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
    )
    network = {"num_attention_heads": 24, "ffn_dim": 14336, "num_layers": 30}
    pipe = _wan(device, vae, None, in_channels=48, out_channels=48, **network)
    pipe.register_to_config(expand_timesteps=True)
    return pipe


def ltx(device: str) -> DiffusionPipeline:
    """LTX 0.9, 1.9B."""
    return diffusers.LTXPipeline(
        tokenizer=tokenizer(128),
        text_encoder=_t5(device),
        transformer=_made(device, diffusers.LTXVideoTransformer3DModel),
        vae=_made(device, diffusers.AutoencoderKLLTXVideo),
        scheduler=flow_euler(),
    )


def cogvideox_5b(device: str) -> DiffusionPipeline:
    """CogVideoX 5B."""
    network = _made(
        device,
        diffusers.CogVideoXTransformer3DModel,
        num_attention_heads=48,
        num_layers=42,
        sample_width=90,
        sample_height=60,
        sample_frames=49,
        use_rotary_positional_embeddings=True,
    )
    return diffusers.CogVideoXPipeline(
        tokenizer=tokenizer(226),
        text_encoder=_t5(device),
        transformer=network,
        vae=_made(device, diffusers.AutoencoderKLCogVideoX),
        scheduler=diffusers.CogVideoXDDIMScheduler(),
    )


def hunyuan(device: str) -> DiffusionPipeline:
    """HunyuanVideo 1.0, 13B."""
    llama = LlamaConfig(
        vocab_size=64,
        hidden_size=4096,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=32,
    )
    clip = CLIPTextConfig(
        vocab_size=64,
        hidden_size=768,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=12,
        projection_dim=768,
        bos_token_id=0,
        eos_token_id=1,
    )
    return diffusers.HunyuanVideoPipeline(
        tokenizer=tokenizer(256),
        text_encoder=_made(device, LlamaModel, llama),
        tokenizer_2=tokenizer(77),
        text_encoder_2=_made(device, CLIPTextModel, clip),
        transformer=_made(device, diffusers.HunyuanVideoTransformer3DModel),
        vae=_made(device, diffusers.AutoencoderKLHunyuanVideo),
        scheduler=flow_euler(),
    )


def mochi(device: str) -> DiffusionPipeline:
    """Mochi 1, 10B."""
    return diffusers.MochiPipeline(
        tokenizer=tokenizer(256),
        text_encoder=_t5(device),
        transformer=_made(device, diffusers.MochiTransformer3DModel),
        vae=_made(device, diffusers.AutoencoderKLMochi),
        scheduler=flow_euler(),
    )


SIZES = {
    "wan2.1-1.3b": Size(build=wan, num_frames=81, height=480, width=832),
    "wan2.1-14b": Size(
        build=partial(wan, heads=40, ffn=13824, layers=40),
        num_frames=81,
        height=480,
        width=832,
    ),
    "wan2.2-5b": Size(build=wan_5b, num_frames=121, height=704, width=1280),
    "ltx": Size(build=ltx, num_frames=161, height=512, width=704),
    "cogvideox-5b": Size(build=cogvideox_5b, num_frames=49, height=480, width=720),
    "mochi": Size(build=mochi, num_frames=85, height=480, width=848),
    "hunyuan": Size(  # half of its usual 129 frames, which take minutes a step
        build=hunyuan,
        num_frames=61,
        height=720,
        width=1280,
        # The published one cuts its template's words off; the thin one has none.
        call={"prompt_template": {"template": "{}", "crop_start": 0}},
    ),
}


def figures() -> dict[str, dict[str, Any]]:
    """Measure all of it: some 15 minutes on an H100, and 15 GB of disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        card = save_wan(folder / "wan")
        return {
            "cards": {
                f"{gb} GB": on_card(card, gb, folder / f"store-{gb}")
                for gb in (24, 16, 12, 8)
            },
            "weights": by_weights(card),
            "sizes": {name: measure(size) for name, size in SIZES.items()},
        }


def by_weights(card: ModelCard) -> dict[str, dict[str, Any]]:
    """Run a model in every placement that can be had here; how far each is from exact."""
    found: dict[str, dict[str, Any]] = {}
    exact: torch.Tensor | None = None
    for name, placement in placements().items():
        facts, latents = by_placement(card, placement)
        exact = latents if exact is None else exact
        far = (latents - exact).square().mean() / exact.square().mean()
        found[name] = facts | {"far": round(float(far.sqrt()), 4)}
        _let_go()
    return found


def measure(size: Size) -> dict[str, Any]:
    """Run some steps plainly and through the hook: seconds, memory, and if they agree."""
    pipe: Any = size.build("cuda")
    pipe.set_progress_bar_config(disable=True)
    weights = torch.cuda.memory_allocated()
    arguments = _arguments(size) | {"output_type": "latent"}
    clock = Clock()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    latents = pipe(
        **arguments,
        callback_on_step_end=clock.callback,
        generator=torch.Generator().manual_seed(1),
    ).frames
    step = torch.cuda.max_memory_allocated() - weights
    ours = Clock()
    again = _run(pipe, arguments, ours)
    found = foretold(pipe, size) | {
        "weights_gb": _gb(weights),
        "step_gb": _gb(step),
        "step_s": clock.step_s(),
        "hook_ratio": round(ours.step_s() / clock.step_s(), 3),
        "equal": bool(torch.equal(latents, again)),
    }
    del pipe, latents, again
    _let_go()
    return found


def foretold(pipe: Any, size: Size) -> dict[str, float]:
    """Return what `nbagent.models.memory` says a step of this clip takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pipe.save_config(folder)
        for part in ("transformer", "vae", "scheduler"):
            getattr(pipe, part).save_config(folder / part)
        needs = needs_of(model_card(name), size.num_frames, size.height, size.width)
    return {"step_foretold_gb": _gb(needs.step_bytes)}


def save_wan(folder: Path) -> ModelCard:
    """Save Wan 2.1 1.3B with its text encoder of 5.7B, 15 GB, as a user has it."""
    text = UMT5Config(
        vocab_size=256384,
        d_model=4096,
        d_kv=64,
        d_ff=10240,
        num_layers=24,
        num_heads=64,
        feed_forward_proj="gated-gelu",
    )
    wan("cuda", text=text).save_pretrained(folder)
    _let_go()
    return model_card(str(folder))


def on_card(card: ModelCard, card_gb: float, store: Path) -> dict[str, Any]:
    """Render a clip as on a GPU with so much memory: more of it is not to be had here."""
    from tests.test_render_renderer import job, run, take

    size = SIZES["wan2.1-1.3b"]
    whole = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(card_gb * GB / whole)
    asked = take(
        card,
        num_frames=size.num_frames,
        height=size.height,
        width=size.width,
        fps=16.0,
        num_inference_steps=STEPS,
    )
    torch.cuda.reset_peak_memory_stats()
    try:
        with Ledger(store) as ledger:
            start = time.perf_counter()
            renderer = Renderer(memory_bytes=int(card_gb * GB))
            made = run(renderer, job(ledger, asked))
            placement = renderer.shelf.kept[0].placement
        return {
            "plan": str(placement) or "resident",
            "foretold_gb": _gb(placement.peak_bytes),
            "peak_gb": _gb(torch.cuda.max_memory_allocated()),
            "reserved_gb": _gb(torch.cuda.max_memory_reserved()),
            "note": made.get("message", ""),
            "seconds": round(time.perf_counter() - start, 1),
        }
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        _let_go()


def by_placement(
    card: ModelCard, placement: Placement
) -> tuple[dict[str, Any], torch.Tensor]:
    """Load a model so placed and run some steps: seconds, memory, and the latents."""
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    loaded = load(card, placement)
    load_s, held = time.perf_counter() - start, torch.cuda.memory_allocated()
    arguments = _arguments(SIZES["wan2.1-1.3b"]) | {"output_type": "latent"}
    pipe: Any = loaded.pipe
    pipe.set_progress_bar_config(disable=True)
    if placement.compiled:  # the first steps are spent on compiling
        _run(pipe, arguments, Clock())
    torch.cuda.reset_peak_memory_stats()
    clock = Clock()
    latents = _run(pipe, arguments, clock)
    loaded.rest()
    return {
        "load_s": round(load_s, 1),
        "held_gb": _gb(held),
        "peak_gb": _gb(torch.cuda.max_memory_allocated()),
        "step_s": clock.step_s(),
    }, latents.float().cpu()


def placements() -> dict[str, Placement]:
    """Return the placements whose packages are here."""
    here = installed_quantisers()
    packages = {"int8-torchao": "torchao", "nf4": "bitsandbytes"}
    weights: tuple[WeightType, ...] = ("fp8", "int8-torchao", "nf4")
    resident = Placement(
        where="resident", weights="own", held_bytes=0, peak_bytes=0, host_bytes=0
    )
    return {
        "resident": resident,
        "compiled": replace(resident, compiled=True),
        "model offload": replace(resident, where="model offload"),
        "group offload": replace(resident, where="group offload"),
    } | {
        name: replace(resident, weights=name)
        for name in weights
        if name == "fp8" or packages[name] in here
    }


class Clock:
    """Seconds from step to step, the device's work included."""

    def __init__(self) -> None:
        self._ticks: list[float] = []

    def tick(self, *_: Any) -> None:
        """Note the end of a step."""
        torch.cuda.synchronize()
        self._ticks.append(time.perf_counter())

    def callback(self, *_: Any) -> dict[str, Any]:
        """Do the same, as a callback of diffusers, which changes nothing."""
        self.tick()
        return {}

    def step_s(self) -> float:
        """Return the median step; what comes before the first one's end is no part."""
        pairs = zip(self._ticks, self._ticks[1:], strict=False)
        return round(statistics.median(after - before for before, after in pairs), 3)


def _arguments(size: Size) -> dict[str, Any]:
    return {
        "prompt": "a red ball on the beach",
        "num_frames": size.num_frames,
        "height": size.height,
        "width": size.width,
        "num_inference_steps": STEPS,
    } | size.call


def _run(pipe: Any, arguments: dict[str, Any], clock: Clock) -> torch.Tensor:
    """Run a pipeline through the hook."""
    hook = PipelineHook(
        generator=torch.Generator().manual_seed(1),
        start=Fresh(),
        before_step=lambda: None,
        after_step=clock.tick,
    )
    session: Any = hook.open(pipe)
    made: torch.Tensor = session(
        **arguments, **hook.callback(), generator=hook.generator
    ).frames
    return made


def _let_go() -> None:
    """Give the memory of what was measured back, before the next is."""
    gc.collect()
    torch.cuda.empty_cache()


def _gb(size_bytes: float) -> float:
    return round(size_bytes / GB, 2)
