"""Train pocket from nothing to shipped weights: one straight script, on CPU.

    nbagent train-pocket --minutes 100 --out weights

Steps: fit the VAE and the tokenizer, then train transformer and text encoder together
to predict the clean latents (x0) from noisy ones: first two-frame clips, then a few
moments of longer ones, then whole clips. Two processes of one thread each beat one process of two
threads on CPU; they average gradients through gloo. The data is endless: every sample
is rendered on the fly from its global index, so nothing is stored and a resumed run
continues bit for bit. What was tried and what it gave: docs/pocket.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKLWan
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from nbagent.pocket.captions import caption, draw_scene
from nbagent.pocket.model import (
    MAX_TOKENS,
    TINY,
    ModelSize,
    Parts,
    build_tokenizer,
    export,
)
from nbagent.pocket.vae import PATCH, Codec, build_vae, fit_codec
from nbagent.pocket.world import NUM_FRAMES, render_with_mask

SEED: Final = 20  # of everything; sample i is drawn from [SEED, i]

# Curriculum, as (end of the stage as a share of the budget, what its clip steps cycle
# through). The unit is the moment: two frames, 64 tokens. Pictures (one moment) first,
# because outlines and colours need hundreds of thousands of looks and a picture costs
# an eighth of a clip; then two or four moments of a clip, picked at random and told
# to the model by their true rotary times, which teach motion at a quarter or half the
# price; then whole clips.
STAGES: Final = ((0.30, (1,)), (0.50, (2, 4)), (1.0, (8, 4, 8, 8)))
PICTURE_SHARE: Final = 0.2  # of steps in the clip stages, so that looks keep improving
MOMENTS: Final = NUM_FRAMES // 2
TOKENS: Final = 4096  # per process and step: 64 pictures, or 8 whole clips
CELLS: Final = 64  # tokens of a moment

# Optimiser. Muon turns 2-D block weights (matched to AdamW's step size), AdamW the
# rest; the common rate 1.5e-3 and the warm-up are the measured recipe of the design.
RATE: Final = 1.5e-3
WARMUP_STEPS: Final = 100
DECAY_SHARE: Final = 0.35  # linear to FINAL_RATE over the last share of the budget
FINAL_RATE: Final = 0.02
BETAS: Final = (0.9, 0.98)
EMA: Final = 0.9985  # about 700 steps, ten minutes
GRAD_CLIP: Final = 1.0

# Loss. t = sigmoid(N(0, 1)) with a shift: more frames hold more redundancy, so the
# same noise destroys less of a clip than of a picture (SD3, section 5.3.2).
SHIFT: Final = {1: 2.0, 2: 2.5, 4: 3.0, 8: 4.0}
T_FLOOR: Final = 0.1  # x0 error over max(t, floor): the velocity loss, tamed at t -> 0
ACTOR_WEIGHT: Final = 4.0  # extra weight of tokens the actor touches; doubled accuracy
EMPTY_CAPTIONS: Final = 0.1  # for classifier-free guidance

CHECKPOINT_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, parsed."""

    minutes: float
    steps: int | None
    stop_after: int | None
    out: Path
    work: Path
    resume: bool
    processes: int
    export_minutes: float
    tokens: int
    tiny: bool
    compile: bool


def main(argv: list[str] | None = None) -> int:
    """Train pocket and write its weights folder; return 0 when the budget is used."""
    parser = argparse.ArgumentParser(prog="nbagent train-pocket", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=100, help="budget of wall time"
    )
    parser.add_argument("--steps", type=int, help="budget in steps instead (exact)")
    parser.add_argument("--stop-after", type=int, help="pause at this step (resume)")
    parser.add_argument("--out", type=Path, default=Path("pocket-weights"))
    parser.add_argument("--work", type=Path, default=Path(".runs/pocket"))
    parser.add_argument("--resume", action="store_true", help="continue from --work")
    parser.add_argument("--processes", type=int, default=2, help="one thread each")
    parser.add_argument("--export-minutes", type=float, default=20)
    parser.add_argument("--tokens", type=int, default=TOKENS, help="per process, step")
    parser.add_argument("--tiny", action="store_true", help="a toy model, for tests")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    options = Options(**vars(parser.parse_args(argv)))

    # 1. What is fitted or built, not trained: VAE and tokenizer. One thread here too: the
    # order of a sum is part of "bit for bit".
    torch.set_num_threads(1)
    fixed = options.work / "fixed"
    if not (fixed / "codec.safetensors").exists():
        codec = fit_codec(300 if options.tiny else 4000)
        build_vae(codec).save_pretrained(fixed / "vae")
        build_tokenizer().save_pretrained(fixed / "tokenizer")
        save_file(codec.state(), fixed / "codec.safetensors")

    # 2. One process per core, one thread each.
    if options.processes == 1:
        train(0, options)
    else:
        os.environ["OMP_NUM_THREADS"] = "1"
        rendezvous = options.work / "rendezvous"
        rendezvous.unlink(missing_ok=True)
        spawn(train, (options,), nprocs=options.processes)
    return 0


def train(rank: int, options: Options) -> None:
    """Run the training loop of one process."""
    torch.set_num_threads(1)
    world = options.processes
    if world > 1:
        store = (options.work / "rendezvous").resolve().as_uri()
        dist.init_process_group("gloo", init_method=store, rank=rank, world_size=world)
    fixed = options.work / "fixed"
    codec = Codec(**load_file(fixed / "codec.safetensors"))
    tokenizer = AutoTokenizer.from_pretrained(fixed / "tokenizer")

    # 3. Model, optimisers, and where a former run stopped.
    torch.manual_seed(SEED)
    size = TINY if options.tiny else ModelSize()
    parts = Parts(size)
    parts.transformer.set_attn_processor(TrainingAttention())
    clock = Clock(parts.transformer.rope)
    parts.transformer.rope = clock
    if options.compile:
        torch._dynamo.config.recompile_limit = 16  # noqa: SLF001 (three clip lengths)
        parts.transformer.compile_repeated_blocks(dynamic=False)
    parameters = dict(parts.named_parameters())
    turned = {
        name: p for name, p in parameters.items() if ".blocks." in name and p.ndim == 2
    }
    optimizers = (
        torch.optim.Muon(
            list(turned.values()),
            RATE,
            weight_decay=0.01,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(
            [p for name, p in parameters.items() if name not in turned],
            RATE,
            betas=BETAS,
            weight_decay=0.0,
        ),
    )
    ema = {name: v.detach().clone() for name, v in parts.state_dict().items()}
    step, samples, clips, spent_s = 0, 0, 0, 0.0
    checkpoint = options.work / "checkpoint.pt"
    if options.resume and checkpoint.exists():
        saved: dict[str, Any] = torch.load(checkpoint, weights_only=True)
        parts.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        ema = saved["ema"]
        step, samples, clips = saved["step"], saved["samples"], saved["clips"]
        spent_s = saved["spent_s"]

    def save(*, ship: bool) -> None:
        if rank:
            return
        state = {
            "model": parts.state_dict(),
            "optimizers": [o.state_dict() for o in optimizers],
            "ema": ema,
            "step": step,
            "samples": samples,
            "clips": clips,
            "spent_s": spent_s,
        }
        torch.save(state, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").replace(checkpoint)
        if ship:
            vae = AutoencoderKLWan.from_pretrained(fixed / "vae")
            export(options.out, size, ema, vae, tokenizer)

    # 4. The loop. Progress is what rank 0 says, so that all ranks do the same.
    budget_s = options.minutes * 60
    last = time.monotonic()
    next_save, next_ship = spent_s + CHECKPOINT_S, spent_s + options.export_minutes * 60
    window: dict[int, list[float]] = {}
    window_start, window_samples, stage = spent_s, samples, 0
    while True:
        now = time.monotonic()
        spent_s, last = spent_s + now - last, now
        progress = step / options.steps if options.steps else spent_s / budget_s
        if world > 1:
            shared = torch.tensor([progress, spent_s], dtype=torch.float64)
            dist.broadcast(shared, 0)
            progress, spent_s = shared.tolist()
        if progress >= 1 or step == options.stop_after:
            break
        rate = schedule(progress, step)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate

        # 4a. A batch: what kind is a function of progress and step alone.
        moments, at_stage = batch_kind(progress, step)
        if at_stage != stage:  # keep the end of each stage, and show it
            stage = at_stage
            save(ship=True)
        batch = max(1, options.tokens // (CELLS * moments))
        first = samples + rank * batch
        times = np.random.default_rng([SEED, 1, step]).permutation(MOMENTS)[:moments]
        times.sort()
        clock.times = times
        x0, weight, ids, mask = make_batch(
            range(first, first + batch), times, codec, tokenizer
        )
        samples += world * batch
        clips += world * batch * (moments > 1)

        # 4b. Loss of predicting the clean latents.
        generator = torch.Generator().manual_seed(SEED + 1_000_003 * step + rank)
        t = torch.sigmoid(torch.randn(batch, generator=generator))
        shift = SHIFT[moments]
        t = shift * t / (1 + (shift - 1) * t)
        noise = torch.randn(x0.shape, generator=generator)
        tb = t.view(-1, 1, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16):
            text = parts.encode_text(ids, mask)
            predicted = parts.transformer(
                (1 - tb) * x0 + tb * noise, 1000 * t, text, return_dict=False
            )[0]
        error = (predicted.float() - x0) / tb.clamp_min(T_FLOOR)
        loss = (error.square() * weight).mean()
        loss.backward()

        # 4c. Average gradients, clip, step.
        grads = [p.grad for p in parameters.values() if p.grad is not None]
        if world > 1:
            flat = torch.cat([g.flatten() for g in grads]).bfloat16()
            dist.all_reduce(flat)
            sizes = [g.numel() for g in grads]
            for g, piece in zip(
                grads, flat.float().div_(world).split(sizes), strict=True
            ):
                g.copy_(piece.view_as(g))
        torch.nn.utils.clip_grad_norm_(parameters.values(), GRAD_CLIP)
        for optimizer in optimizers:
            optimizer.step()
        for p in parameters.values():
            p.grad = None
        step += 1
        keep = min(EMA, (1 + step) / (10 + step))
        current = list(parts.state_dict().values())
        torch._foreach_lerp_(list(ema.values()), current, 1 - keep)

        # 4d. Log, checkpoint, ship.
        window.setdefault(moments, []).append(loss.item())
        if rank == 0 and (step % 50 == 0 or step in (1, 5, 20)):
            speed = (samples - window_samples) / max(spent_s - window_start, 1e-6)
            losses = {k: round(sum(v) / len(v), 4) for k, v in sorted(window.items())}
            line = {
                "step": step,
                "minutes": round(spent_s / 60, 2),
                "progress": round(progress, 4),
                "loss": losses,
                "samples": samples,
                "clips": clips,
                "samples_per_s": round(speed, 1),
                "rate": rate,
            }
            print(json.dumps(line), flush=True)
            window, window_start, window_samples = {}, spent_s, samples
        if options.steps is None and spent_s >= next_save:
            ship = spent_s >= next_ship
            save(ship=ship)
            next_save = spent_s + CHECKPOINT_S
            next_ship += options.export_minutes * 60 * ship

    # 5. The final, decayed average is what ships.
    save(ship=True)
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


def schedule(progress: float, step: int) -> float:
    """Return the learning rate: warm-up by steps, then flat, then linear decay."""
    decay = min(1.0, (1 - progress) / DECAY_SHARE)
    return RATE * min(1.0, (step + 1) / WARMUP_STEPS) * max(FINAL_RATE, decay)


def batch_kind(progress: float, step: int) -> tuple[int, int]:
    """Return the number of moments in this step's clips, and the stage it belongs to."""
    stage = next(i for i, (end, _) in enumerate(STAGES) if progress < end)
    # The golden ratio's multiples spread evenly: a fixed share without a random draw.
    is_picture = (step * 0.6180339887) % 1 < PICTURE_SHARE
    kinds = STAGES[stage][1]
    return (1 if is_picture else kinds[step % len(kinds)]), stage


def make_batch(
    indices: range,
    times: NDArray[np.int64],
    codec: Codec,
    tokenizer: PreTrainedTokenizerFast,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Render and say the samples with these global indices, at these moments.

    Returns:
        Latents `(B, 48, F, 8, 8)`, loss weights `(B, 1, F, 8, 8)` of mean 1 over the
        batch, token ids and attention mask `(B, 32)`.
    """
    pixels, touched, texts = [], [], []
    for index in indices:
        rng = np.random.default_rng([SEED, index])
        scene = draw_scene(rng)
        # Rotary time is relative: a lone moment cannot know when it is, so any will do.
        own = times if len(times) > 1 else rng.integers(MOMENTS, size=1)
        shots = [render_with_mask(scene, 2, start=2 * int(k)) for k in own]
        pixels.append(np.concatenate([clip for clip, _ in shots]))
        mask = np.stack([m for _, m in shots])  # (moments, 2, 64, 64)
        touched.append(mask.reshape(-1, 2, 8, PATCH, 8, PATCH).any((1, 3, 5)))
        said = caption(scene, rng)
        texts.append("" if rng.random() < EMPTY_CAPTIONS else said)
    weight = 1 + ACTOR_WEIGHT * torch.from_numpy(np.stack(touched)).float()
    weight = (weight / weight.mean()).repeat_interleave(2, 1)[:, None]
    tokens = tokenizer(
        texts,
        padding="max_length",
        max_length=MAX_TOKENS,
        truncation=True,
        return_tensors="pt",
    )
    latents = codec.encode(np.stack(pixels))
    return latents, weight, tokens.input_ids, tokens.attention_mask


class Clock(nn.Module):
    """Wan's rotary embedding, at picked moments of a clip instead of 0, 1, 2, ..."""

    def __init__(self, rope: nn.Module) -> None:
        super().__init__()
        self.rope = rope
        self.times: NDArray[np.int64] = np.arange(MOMENTS)

    def forward(self, hidden_states: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosines and sines `(1, tokens, 1, D)` of the picked moments."""
        whole = hidden_states.new_empty(1, 1, 2 * MOMENTS, *hidden_states.shape[3:])
        picked = torch.from_numpy(self.times)
        cos, sin = (
            f.unflatten(1, (MOMENTS, -1))[:, picked].flatten(1, 2)
            for f in self.rope(whole)
        )
        return cos, sin


class TrainingAttention:
    """Wan's attention as plain matmuls: on CPU, 2.4x faster than flash SDPA's backward.

    For training only; the weights know nothing of it.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,  # noqa: ARG002
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Attend; the signature is diffusers'. Masks are not used by Wan."""
        context = (
            hidden_states if encoder_hidden_states is None else encoder_hidden_states
        )
        query = _rms(attn.to_q(hidden_states), attn.norm_q)
        key = _rms(attn.to_k(context), attn.norm_k)
        value = attn.to_v(context)
        # (B, L, H * D) -> (B, H, L, D)
        query, key, value = (
            x.unflatten(2, (attn.heads, -1)).transpose(1, 2)
            for x in (query, key, value)
        )
        if rotary_emb is not None:
            cos, sin = (f.transpose(1, 2).float() for f in rotary_emb)
            query, key = _rotate(query, cos, sin), _rotate(key, cos, sin)
        query = query.to(value.dtype) * (1 / math.sqrt(query.shape[-1]))
        scores = query @ key.to(value.dtype).transpose(-1, -2)
        mixed = scores.float().softmax(-1).to(value.dtype) @ value
        return attn.to_out[0](mixed.transpose(1, 2).flatten(2))


def _rms(x: Tensor, norm: Any) -> Tensor:
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + norm.eps) * norm.weight


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate pairs of channels; cos and sin hold each value twice."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((-odd, even), -1).flatten(-2)
    return x * cos + turned * sin


if __name__ == "__main__":
    raise SystemExit(main())
