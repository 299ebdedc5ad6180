"""Train pocket from nothing to shipped weights: one straight script, on CPU.

    nbagent train-pocket --minutes 240 --out weights

Steps: fit the VAE and build the tokenizer; then train the transformer and the text
encoder together, on whole clips, to predict the clean latents (x0). Two processes of
one thread each beat one process of two threads on CPU; they average gradients through
gloo. The data is endless: every sample is rendered on the fly from its global index, so
nothing is stored and a resumed run continues bit for bit. What was tried and what it
gave: docs/pocket.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKLWan
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.multiprocessing.spawn import spawn
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from nbagent.pocket.captions import caption, draw_scene
from nbagent.pocket.faster import Muon, has_fast_bf16, speed_up
from nbagent.pocket.model import (
    MAX_TOKENS,
    TINY,
    ModelSize,
    Parts,
    build_tokenizer,
    export,
)
from nbagent.pocket.vae import PATCH, Codec, build_vae, fit_codec
from nbagent.pocket.world import render_with_mask

SEED: Final = 30  # of everything; sample i is drawn from [SEED, i]
CLIPS: Final = 16  # per process and step: 4096 tokens

# Noise levels, as shares of noise. Half of sampling's steps lie above .75 (shift 3), and
# pure noise, where only the words tell anything, must be seen often.
CENTRE: Final = 0.8  # of the logit-normal draw
SPREAD: Final = 1.2
PURE_SHARE: Final = 0.15  # of samples, drawn evenly from PURE_FROM to 1
PURE_FROM: Final = 0.9
T_FLOOR: Final = 0.2  # x0 error over max(t, floor): the velocity loss, tamed at t -> 0
# Extra weight of cells that the actors touch; it doubled the accuracy of pictures.
ACTOR_WEIGHT: Final = 4.0
EMPTY_CAPTIONS: Final = 0.1  # for classifier-free guidance

# Optimiser. Muon turns the blocks' matrices and kernels, AdamW the rest; the common rate
# and the warm-up are the measured recipe of the design.
RATE: Final = 1.5e-3
WARMUP_STEPS: Final = 100
DECAY_SHARE: Final = 0.4  # linear to FINAL_RATE over the last share of the budget
FINAL_RATE: Final = 0.02
BETAS: Final = (0.9, 0.98)
EMA: Final = 0.995  # about 200 steps, of the two thousand of an hour
GRAD_CLIP: Final = 1.0

CHECKPOINT_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, parsed."""

    minutes: float
    steps: int | None
    stop_after: int | None
    rate: float
    out: Path
    work: Path
    resume: bool
    start: Path | None
    processes: int
    export_minutes: float
    clips: int
    tiny: bool
    compile: bool


def main(argv: list[str] | None = None) -> int:
    """Train pocket and write its weights folder; return 0 when the budget is used."""
    parser = argparse.ArgumentParser(prog="nbagent train-pocket", description=__doc__)
    parser.add_argument("--minutes", type=float, default=240, help="budget")
    parser.add_argument("--steps", type=int, help="budget in steps instead (exact)")
    parser.add_argument("--stop-after", type=int, help="pause at this step (resume)")
    parser.add_argument("--rate", type=float, default=RATE, help="top learning rate")
    parser.add_argument("--out", type=Path, default=Path("pocket-weights"))
    parser.add_argument("--work", type=Path, default=Path(".runs/pocket"))
    parser.add_argument("--resume", action="store_true", help="continue from --work")
    parser.add_argument("--start", type=Path, help="begin with this folder's weights")
    parser.add_argument("--processes", type=int, default=2, help="one thread each")
    parser.add_argument("--export-minutes", type=float, default=10)
    parser.add_argument("--clips", type=int, default=CLIPS, help="per process and step")
    parser.add_argument("--tiny", action="store_true", help="a toy model, for tests")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    options = Options(**vars(parser.parse_args(argv)))

    # 1. What is fitted or built, not trained: VAE and tokenizer. One thread here too: the
    # order of a sum is part of "bit for bit".
    torch.set_num_threads(1)
    fixed = options.work / "fixed"
    if not (fixed / "codec.safetensors").exists():
        if options.start:
            for name in ("vae", "tokenizer"):
                shutil.copytree(options.start / name, fixed / name, dirs_exist_ok=True)
            codec = Codec.from_vae(AutoencoderKLWan.from_pretrained(fixed / "vae"))
        else:
            codec = fit_codec(300 if options.tiny else 4000)
            build_vae(codec).save_pretrained(fixed / "vae")
            build_tokenizer().save_pretrained(fixed / "tokenizer")
        save_file(codec.state(), fixed / "codec.safetensors")

    # 2. One process per core, one thread each.
    if options.processes == 1:
        train(0, options)
    else:
        os.environ["OMP_NUM_THREADS"] = "1"
        (options.work / "rendezvous").unlink(missing_ok=True)
        spawn(train, (options,), nprocs=options.processes)
    return 0


@dataclass(slots=True, kw_only=True)
class Counters:
    """How far a run has come."""

    step: int = 0
    samples: int = 0
    spent_s: float = 0.0


def train(rank: int, options: Options) -> None:
    """Train until the budget is used, as one of the processes."""
    torch.set_num_threads(1)
    world = options.processes
    if world > 1:
        store = (options.work / "rendezvous").resolve().as_uri()
        dist.init_process_group("gloo", init_method=store, rank=rank, world_size=world)
    torch.manual_seed(SEED)

    # 3. What is trained, and what is not.
    fixed = options.work / "fixed"
    codec = Codec(**load_file(fixed / "codec.safetensors"))
    tokenizer: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(
        fixed / "tokenizer"
    )
    size = TINY if options.tiny else ModelSize()
    parts = Parts(size)
    if options.start:
        parts.load(options.start)
    transformer = parts.transformer
    speed_up(transformer)
    if options.compile:
        for block in transformer.transformer_blocks:
            block.compile(dynamic=False)
    parameters = dict(parts.named_parameters())
    turned = {
        k for k, p in parameters.items() if ".transformer_blocks." in k and p.ndim > 1
    }
    # A table is a list of vectors, a depthwise kernel a list of filters: no matrices.
    turned -= {k for k in turned if "scale_shift_table" in k or "conv_depth" in k}
    optimizers: tuple[torch.optim.Optimizer, ...] = (
        Muon([parameters[k] for k in sorted(turned)], RATE, weight_decay=0.01),
        torch.optim.AdamW(
            [p for k, p in parameters.items() if k not in turned],
            RATE,
            betas=BETAS,
            weight_decay=0.0,
        ),
    )
    ema = {k: p.detach().clone() for k, p in parameters.items()}

    # 4. Where a former run stopped.
    count = Counters()
    checkpoint = options.work / "checkpoint.pt"
    if options.resume and checkpoint.exists():
        saved: dict[str, Any] = torch.load(checkpoint, weights_only=True)
        for k, p in parameters.items():
            p.data.copy_(saved["model"][k])
            ema[k].copy_(saved["ema"][k])
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        count = Counters(**saved["count"])

    def save() -> None:
        if rank == 0:
            state = {
                "model": {k: p.data for k, p in parameters.items()},
                "ema": ema,
                "optimizers": [o.state_dict() for o in optimizers],
                "count": asdict(count),
            }
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)

    def write() -> None:
        if rank == 0:
            vae = AutoencoderKLWan.from_pretrained(fixed / "vae")
            weights = parts.state_dict() | ema
            export(options.out, size, weights, vae, tokenizer)

    # 5. The loop. Progress is what rank 0 says, so that all ranks do the same.
    fast = has_fast_bf16()
    last = time.monotonic()
    next_save = count.spent_s + CHECKPOINT_S
    next_export = count.spent_s + 60 * options.export_minutes
    shown_s, shown_samples = count.spent_s, count.samples
    losses: list[Tensor] = []
    while True:
        now = time.monotonic()
        count.spent_s, last = count.spent_s + now - last, now
        share = (
            count.step / options.steps
            if options.steps
            else count.spent_s / (60 * options.minutes)
        )
        if world > 1:
            shared = torch.tensor([share, count.spent_s], dtype=torch.float64)
            dist.broadcast(shared, 0)
            share, count.spent_s = shared.tolist()
        if share >= 1 or count.step == options.stop_after:
            break
        rate = options.rate * schedule(share, count.step)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate

        # 5a. A batch.
        first = count.samples + rank * options.clips
        seeds = [[SEED, i] for i in range(first, first + options.clips)]
        x0, weight, ids, mask = make_batch(seeds, codec, tokenizer)
        count.samples += world * options.clips
        generator = torch.Generator().manual_seed(SEED + 1_000_003 * count.step + rank)
        t = draw_noise_levels(len(x0), generator)
        noise = torch.randn(x0.shape, generator=generator)

        # 5b. Loss of predicting the clean latents.
        tb = t.view(-1, 1, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            predicted = transformer(
                (1 - tb) * x0 + tb * noise,
                timestep=1000 * t,
                encoder_hidden_states=parts.text_encoder(ids, mask).last_hidden_state,
                encoder_attention_mask=mask,
                return_dict=False,
            )[0]
        error = (predicted.float() - x0) / tb.clamp_min(T_FLOOR)
        each = (error.square() * weight).mean((1, 2, 3, 4))
        each.mean().backward()

        # 5c. Average gradients, clip, step.
        grads = [p.grad for p in parameters.values() if p.grad is not None]
        if world > 1:
            average(grads, world)
        torch.nn.utils.clip_grad_norm_(parameters.values(), GRAD_CLIP)
        for optimizer in optimizers:
            optimizer.step()
        for p in parameters.values():
            p.grad = None
        count.step += 1
        keep = min(EMA, (1 + count.step) / (10 + count.step))
        current = [p.data for p in parameters.values()]
        torch._foreach_lerp_(list(ema.values()), current, 1 - keep)

        # 5d. Log, checkpoint, export.
        losses.append(torch.stack([t, each.detach()]))
        if rank == 0 and (count.step % 25 == 0 or count.step in (1, 5)):
            passed = max(count.spent_s - shown_s, 1e-6)
            line = {
                "step": count.step,
                "minutes": round(count.spent_s / 60, 2),
                "loss": loss_by_noise(torch.cat(losses, 1)),
                "samples": count.samples,
                "samples_per_s": round((count.samples - shown_samples) / passed, 1),
                "rate": round(rate, 6),
            }
            print(json.dumps(line), flush=True)
            losses.clear()
            shown_s, shown_samples = count.spent_s, count.samples
        if options.steps is None and count.spent_s >= next_save:
            save()
            next_save += CHECKPOINT_S
            if count.spent_s >= next_export:
                write()
                next_export += 60 * options.export_minutes

    # 6. The average is what ships.
    save()
    write()
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


def average(grads: list[Tensor], world: int) -> None:
    """Replace gradients by their mean over the processes, in place; bf16 on the way."""
    flat = torch.cat([g.flatten() for g in grads]).bfloat16()
    dist.all_reduce(flat)
    pieces = flat.float().div_(world).split([g.numel() for g in grads])
    for g, piece in zip(grads, pieces, strict=True):
        g.copy_(piece.view_as(g))


def schedule(share: float, step: int) -> float:
    """Return the share of the top rate: warm-up by steps, flat, then linear decay."""
    decay = min(1.0, (1 - share) / DECAY_SHARE)
    return min(1.0, (step + 1) / WARMUP_STEPS) * max(FINAL_RATE, decay)


def draw_noise_levels(n: int, generator: torch.Generator) -> Tensor:
    """Draw `n` shares of noise, 0..1."""
    t = torch.sigmoid(CENTRE + SPREAD * torch.randn(n, generator=generator))
    pure = PURE_FROM + (1 - PURE_FROM) * torch.rand(n, generator=generator)
    return torch.where(torch.rand(n, generator=generator) < PURE_SHARE, pure, t)


def loss_by_noise(pairs: Tensor) -> dict[str, float]:
    """Return the mean loss in bands of the noise level; `pairs` is (2, N)."""
    t, loss = pairs
    bands = ((0.0, 0.3), (0.3, 0.6), (0.6, 0.9), (0.9, 1.0))
    return {
        f"{low:g}-{high:g}": round(loss[inside].mean().item(), 4)
        for low, high in bands
        if (inside := (t >= low) & (t < high)).any()
    }


def make_batch(
    seeds: list[list[int]], codec: Codec, tokenizer: PreTrainedTokenizerFast
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Render and say the samples with these seeds.

    Returns:
        Latents `(B, 48, F, 8, 8)`, loss weights `(B, 1, F, 8, 8)` of mean 1 over the
        batch, token ids and attention mask `(B, 32)`.
    """
    pixels, touched, texts = [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        scene = draw_scene(rng)
        clip, mask = render_with_mask(scene)
        pixels.append(clip)
        touched.append(mask.reshape(-1, 8, PATCH, 8, PATCH).any((2, 4)))
        said = caption(scene, rng)
        texts.append("" if rng.random() < EMPTY_CAPTIONS else said)
    weight = 1 + ACTOR_WEIGHT * torch.from_numpy(np.stack(touched)).float()
    weight = (weight / weight.mean())[:, None]
    tokens = tokenizer(
        texts,
        padding="max_length",
        max_length=MAX_TOKENS,
        truncation=True,
        return_tensors="pt",
    )
    latents = codec.encode(np.stack(pixels))
    return latents, weight, tokens.input_ids, tokens.attention_mask


if __name__ == "__main__":
    raise SystemExit(main())
