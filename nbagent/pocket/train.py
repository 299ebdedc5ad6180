"""Train pocket from nothing to shipped weights: one straight script, on CPU.

    nbagent train-pocket --out weights

Steps: fit the VAE and the tokenizer; train the high-noise transformer and the text
encoder together on whole clips; then, with the text encoder frozen, the low-noise
transformer on pictures first, a few moments of clips next, whole clips last, both
predicting the clean latents (x0); and last the VAE's decoder, on what these make. Two processes of one thread each beat one process of two
threads on CPU; they average gradients through gloo. The data is endless: every sample
is rendered on the fly from its global index, so nothing is stored and a resumed run
continues bit for bit. What was tried and what it gave: docs/pocket.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from nbagent.pocket.captions import caption, draw_scene
from nbagent.pocket.faster import (
    Clock,
    Muon,
    TrainingAttention,
    cut_patches,
    has_fast_bf16,
)
from nbagent.pocket.loop import DECAY_SHARE, Budget, Counters, fit
from nbagent.pocket.model import (
    DEFAULTS,
    MAX_TOKENS,
    TINY,
    ModelSize,
    Parts,
    build_tokenizer,
    export,
)
from nbagent.pocket.painter import (
    flatten_time,
    paint_batch,
    paint_loss,
    unpatchify,
)
from nbagent.pocket.vae import PATCH, Codec, build_vae, fit_codec, fit_tokens
from nbagent.pocket.world import NUM_FRAMES, render_with_mask

# Of everything; sample i of an expert is drawn from [seed, expert, i]. Another one, for
# a run that begins with the weights of an earlier run, shows it other samples.
SEED: Final = 30

# The unit of the low-noise expert is the moment: two frames, 64 tokens. Curriculum, as
# (end of the stage as a share of its budget, what its steps cycle through, in moments).
# Pictures (one moment) first, because outlines and colours need hundreds of thousands
# of looks and a picture costs an eighth of a clip; then four moments of a clip, picked
# at random and told to the model by their true rotary times; then whole clips.
STAGES: Final = ((0.30, (1,)), (0.65, (4,)), (1.0, (8, 4, 8, 8)))
# With --start, outlines are known already: what is left to learn is how they move.
FURTHER: Final = ((0.45, (4,)), (1.0, (8, 4, 8, 8)))
PICTURE_SHARE: Final = 0.25  # of steps after the first stage, so that looks improve
MOMENTS: Final = NUM_FRAMES // 2
CELLS: Final = 64  # tokens of a moment
LOW_TOKENS: Final = 4096  # per process and step: 64 pictures, or 8 whole clips
HIGH_CLIPS: Final = 48  # per process and step; a whole clip is only 8 tokens here
LEVELS: Final = 2  # noise levels at which a rendered clip is shown: rendering costs too

# Noise levels, as shares of noise. The second expert could take over a little above the
# boundary of 0.8; what the first one learns below it would never be asked of it.
HIGH_FROM: Final = 0.78
LOW_TO: Final = 0.9
# What the second expert is given is not a noised clip but what the first one has made of
# noise: blurred rows, of no higher rank than that one is wide. So the second learns on
# clips that the first has taken down to about the boundary, from where it is not settled
# yet what is where; and on true ones, since a remix begins there.
SETTLING: Final = (0.92, 0.97)
HANDED_AT: Final = (0.7, 0.82)
HANDED_STEPS: Final = 3
HANDED_SHARE: Final = 0.75
# Centre of the logit-normal draw: a picture has fewer pixels to see through noise with.
LOW_CENTRE: Final = {1: 0.0, 4: 1.0, 8: 1.0}

# Optimiser. Muon turns 2-D block weights (matched to AdamW's step size), AdamW the
# rest; the common rate 1.5e-3 and the warm-up are the measured recipe of the design.
RATE: Final = 1.5e-3
# The first expert's ends start from principal components; the full rate would undo them.
END_GAIN: Final = 0.1
START_GAIN: Final = 0.3  # of its head: the first guesses stay near the mean clip
BETAS: Final = (0.9, 0.98)
PAINT_RATE: Final = 2e-3  # of the decoder, by AdamW alone

T_FLOOR: Final = 0.2  # x0 error over max(t, floor): the velocity loss, tamed at t -> 0
# Extra weight of cells that the actors touch; it doubled the accuracy of pictures.
ACTOR_WEIGHT: Final = 4.0
EMPTY_CAPTIONS: Final = 0.1  # for classifier-free guidance


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, parsed."""

    high_minutes: float
    low_minutes: float
    paint_minutes: float
    steps: int | None
    stop_after: int | None
    out: Path
    work: Path
    resume: bool
    start: Path | None
    rate: float
    seed: int
    processes: int
    export_minutes: float
    batch: float
    tiny: bool
    compile: bool


def main(argv: list[str] | None = None) -> int:
    """Train pocket and write its weights folder; return 0 when the budget is used."""
    parser = argparse.ArgumentParser(prog="nbagent train-pocket", description=__doc__)
    parser.add_argument(
        "--high-minutes", type=float, default=280, help="budget of the first expert"
    )
    parser.add_argument(
        "--low-minutes", type=float, default=300, help="budget of the second expert"
    )
    parser.add_argument(
        "--paint-minutes", type=float, default=52, help="budget of the decoder"
    )
    parser.add_argument("--steps", type=int, help="budgets in steps instead (exact)")
    parser.add_argument("--stop-after", type=int, help="pause at this step (resume)")
    parser.add_argument("--out", type=Path, default=Path("pocket-weights"))
    parser.add_argument("--work", type=Path, default=Path(".runs/pocket"))
    parser.add_argument("--resume", action="store_true", help="continue from --work")
    parser.add_argument("--start", type=Path, help="begin with this folder's weights")
    parser.add_argument("--rate", type=float, default=RATE, help="top learning rate")
    parser.add_argument("--seed", type=int, default=SEED, help="of the samples")
    parser.add_argument("--processes", type=int, default=2, help="one thread each")
    parser.add_argument("--export-minutes", type=float, default=20)
    parser.add_argument("--batch", type=float, default=1.0, help="factor on batches")
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
            vae = build_vae(codec, num_scenes=64 if options.tiny else 1600)
            vae.save_pretrained(fixed / "vae")
            build_tokenizer().save_pretrained(fixed / "tokenizer")
        save_file(codec.state(), fixed / "codec.safetensors")
    if not options.start and not (fixed / "tokens.safetensors").exists():
        high = (TINY if options.tiny else ModelSize()).high
        tokens = fit_tokens(
            Codec(**load_file(fixed / "codec.safetensors")),
            high.patch,
            high.width,
            num_scenes=64 if options.tiny else 1600,
        )
        save_file(tokens, fixed / "tokens.safetensors")

    # 2. One process per core, one thread each.
    if options.processes == 1:
        train(0, options)
    else:
        os.environ["OMP_NUM_THREADS"] = "1"
        (options.work / "rendezvous").unlink(missing_ok=True)
        spawn(train, (options,), nprocs=options.processes)
    return 0


def train(rank: int, options: Options) -> None:
    """Train both experts, one after the other, as one of the processes."""
    torch.set_num_threads(1)
    if options.processes > 1:
        store = (options.work / "rendezvous").resolve().as_uri()
        dist.init_process_group(
            "gloo", init_method=store, rank=rank, world_size=options.processes
        )
    torch.manual_seed(options.seed)
    run = Run(rank=rank, options=options)
    for expert in ("high", "low"):
        train_expert(expert, run)
    train_decoder(run)
    run.export()
    if options.processes > 1:
        dist.barrier()
        dist.destroy_process_group()


class Run:
    """What all lessons share: the networks, their averages, the fixed parts."""

    def __init__(self, *, rank: int, options: Options) -> None:
        self.rank = rank
        self.options = options
        self.fixed = options.work / "fixed"
        self.codec = Codec(**load_file(self.fixed / "codec.safetensors"))
        self.tokenizer: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(
            self.fixed / "tokenizer"
        )
        self.size = TINY if options.tiny else ModelSize()
        self.parts = Parts(self.size)
        if options.start:
            self.parts.load(options.start)
        self.ema = {k: v.detach().clone() for k, v in self.parts.state_dict().items()}
        vae = AutoencoderKLWan.from_pretrained(self.fixed / "vae")
        self.decoder: nn.Module = vae.decoder
        self.painted = {
            k: v.detach().clone() for k, v in vae.decoder.named_parameters()
        }

    def budget(self, name: str, minutes: float, rate: float) -> Budget:
        """Return when the training of one network ends, and where it writes."""
        options = self.options
        return Budget(
            minutes=minutes,
            steps=options.steps,
            stop_after=options.stop_after,
            checkpoint=options.work / f"{name}.pt",
            resume=options.resume,
            rate=rate,
            export_minutes=options.export_minutes,
        )

    def tokenize(self, texts: list[str]) -> dict[str, Tensor]:
        """Return token ids and attention mask, each `(B, 32)`."""
        tokens = self.tokenizer(
            texts,
            padding="max_length",
            max_length=MAX_TOKENS,
            truncation=True,
            return_tensors="pt",
        )
        return {"ids": tokens.input_ids, "mask": tokens.attention_mask}

    def export(self) -> None:
        """Write the averages as a pipeline folder."""
        if self.rank == 0:
            vae = AutoencoderKLWan.from_pretrained(self.fixed / "vae")
            vae.decoder.load_state_dict(self.painted)
            # As it was built: ours has taken on the padding of the batches.
            tokenizer = AutoTokenizer.from_pretrained(self.fixed / "tokenizer")
            export(self.options.out, self.size, self.ema, vae, tokenizer)


def train_expert(expert: str, run: Run) -> None:
    """Train one expert until its budget is used."""
    options, rank, parts = run.options, run.rank, run.parts
    minutes = options.high_minutes if expert == "high" else options.low_minutes
    budget = run.budget(expert, minutes, options.rate)
    if budget.is_empty:
        return  # it keeps what it has from --start

    # What is trained: a transformer, and with the first one the text encoder.
    name = "transformer" if expert == "high" else "transformer_2"
    transformer = getattr(parts, name)
    transformer.set_attn_processor(TrainingAttention())
    transformer.patch_embedding.forward = partial(
        cut_patches, transformer.patch_embedding
    )
    clock = Clock(transformer.rope, MOMENTS) if expert == "low" else None
    if clock:
        transformer.rope = clock
    if options.compile:
        torch._dynamo.config.recompile_limit = 16  # noqa: SLF001 (three clip lengths)
        transformer.compile_repeated_blocks(dynamic=False)
    prefixes = (f"{name}.", "text_encoder.") if expert == "high" else (f"{name}.",)
    parameters = {k: p for k, p in parts.named_parameters() if k.startswith(prefixes)}
    for k, p in parts.named_parameters():
        p.requires_grad_(k in parameters)
    if expert == "high" and not options.start:
        start_from_tokens(transformer, run.fixed / "tokens.safetensors")
    ends = {k for k in parameters if ".patch_embedding." in k or ".proj_out." in k}
    turned = {k for k, p in parameters.items() if ".blocks." in k and p.ndim == 2}
    rest = parameters.keys() - turned - ends
    groups: list[dict[str, Any]] = [
        {"params": [parameters[k] for k in parameters if k in rest], "gain": 1.0},
        {"params": [parameters[k] for k in parameters if k in ends]}
        | {"gain": END_GAIN if expert == "high" else 1.0},
    ]
    optimizers = (
        Muon(
            [p for k, p in parameters.items() if k in turned], RATE, weight_decay=0.01
        ),
        torch.optim.AdamW(groups, RATE, betas=BETAS, weight_decay=0.0),
    )
    ema = {k: v for k, v in run.ema.items() if k in parameters}

    fast = has_fast_bf16()
    # The second expert's text is fixed by now; that of no words is the same for all.
    with torch.no_grad():
        wordless = parts.encode_text(**run.tokenize([""]))
    stages = FURTHER if options.start else STAGES

    def lesson(count: Counters, share: float) -> tuple[Tensor, int, int]:
        # A batch: what kind is a function of progress and step alone.
        moments = (
            MOMENTS if expert == "high" else low_moments(share, count.step, stages)
        )
        clips = HIGH_CLIPS if expert == "high" else LOW_TOKENS // (CELLS * moments)
        clips = max(1, round(clips * options.batch))
        first = count.samples + rank * clips
        times = np.random.default_rng([options.seed, 9, count.step]).permutation(
            MOMENTS
        )
        times = np.sort(times[:moments])
        if clock:
            clock.times = times
        seeds = [
            [options.seed, expert == "low", i] for i in range(first, first + clips)
        ]
        x0, weight, texts = make_batch(seeds, run.codec, picture=moments == 1)
        tokens = run.tokenize(texts)
        generator = torch.Generator().manual_seed(
            options.seed + 1_000_003 * count.step + rank
        )
        if expert == "high":
            # It does not know yet where the actor is, and a weight makes it see the
            # actor in too many places: none is left when the rate has decayed.
            weight = 1 + (weight - 1) * min(1.0, (1 - share) / DECAY_SHARE)
            x0 = x0.repeat(LEVELS, 1, 1, 1, 1)
            weight = weight.repeat(LEVELS, 1, 1, 1, 1)
            tokens = {k: v.repeat(LEVELS, 1) for k, v in tokens.items()}
            # One level from each slice of the range: every step sees all of it.
            slices = torch.arange(len(x0)) + torch.rand(len(x0), generator=generator)
            t, top = HIGH_FROM + (1 - HIGH_FROM) * slices / len(x0), 1.0
        else:
            draw = LOW_CENTRE[moments] + torch.randn(len(x0), generator=generator)
            top = LOW_TO if moments == 1 else uniform(HANDED_AT, generator)
            t = top * torch.sigmoid(draw)

        # The loss of predicting the clean latents, from between them and `above`.
        noise = torch.randn(x0.shape, generator=generator)
        above = (1 - top) * x0 + top * noise
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            text = parts.encode_text(**tokens)
            if expert == "low" and moments > 1:
                handed = slice(round(HANDED_SHARE * len(x0)))
                level = uniform(SETTLING, generator)
                above[handed] = hand_over(
                    parts.transformer,
                    (1 - level) * x0[handed] + level * noise[handed],
                    np.linspace(level, top, HANDED_STEPS + 1).tolist(),
                    text[handed],
                    wordless,
                )
                shown = np.stack([2 * times, 2 * times + 1], axis=1).flatten()
                x0, above, weight = (
                    x0[:, :, shown],
                    above[:, :, shown],
                    weight[:, :, shown],
                )
            noisy = torch.lerp(x0, above, (t / top).view(-1, 1, 1, 1, 1))
            predicted = transformer(noisy, 1000 * t, text, return_dict=False)[0]
        error = (predicted.float() - x0) / t.clamp_min(T_FLOOR).view(-1, 1, 1, 1, 1)
        loss = (error.square() * weight).mean()

        return loss, clips, moments

    fit(expert, parameters, optimizers, ema, lesson, budget, run.export)
    if clock:
        transformer.rope = clock.rope


def train_decoder(run: Run) -> None:
    """Train the VAE's decoder until its budget is used."""
    options, rank, parts = run.options, run.rank, run.parts
    budget = run.budget("paint", options.paint_minutes, PAINT_RATE)
    if budget.is_empty:
        return
    flatten_time(run.decoder)
    parameters = dict(run.decoder.named_parameters())
    optimizer = torch.optim.AdamW(
        parameters.values(), PAINT_RATE, betas=BETAS, weight_decay=0.0
    )
    fast = has_fast_bf16()
    with torch.no_grad():
        wordless = parts.encode_text(**run.tokenize([""]))

    def remake(noisy: Tensor, levels: list[float], words: str) -> Tensor:
        with torch.no_grad():
            text = parts.encode_text(**run.tokenize([words]))
        return hand_over(parts.transformer_2, noisy, levels, text, wordless)

    def lesson(count: Counters, share: float) -> tuple[Tensor, int, int]:
        del share  # its steps are all of one kind
        seed = [options.seed, 2, count.samples + rank]
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            latents, picture, weight = paint_batch(seed, run.codec, remake)
            painted = run.decoder(latents * run.codec.std.view(1, -1, 1, 1, 1))
        return paint_loss(unpatchify(painted.float()), picture, weight), 1, 1

    fit("paint", parameters, [optimizer], run.painted, lesson, budget, run.export)


def low_moments(
    share: float, step: int, stages: tuple[tuple[float, tuple[int, ...]], ...]
) -> int:
    """Return the number of moments in the clips of this step of the low-noise expert."""
    kinds = next(kinds for end, kinds in stages if share < end)
    # The golden ratio's multiples spread evenly: a fixed share without a random draw.
    is_picture = (step * 0.6180339887) % 1 < PICTURE_SHARE
    return 1 if is_picture else kinds[step % len(kinds)]


def make_batch(
    seeds: list[list[int]], codec: Codec, *, picture: bool
) -> tuple[Tensor, Tensor, list[str]]:
    """Render and say the samples with these seeds: clips, or one moment of each.

    Returns:
        Latents `(B, 48, F, 8, 8)`, loss weights `(B, 1, F, 8, 8)` of mean 1 over the
        batch, and captions.
    """
    pixels, touched, texts = [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        scene = draw_scene(rng)
        if picture:
            # Rotary time is relative: a lone moment cannot know when it is.
            moment = int(rng.integers(MOMENTS))
            clip, mask = render_with_mask(scene, 2, start=2 * moment)
        else:
            clip, mask = render_with_mask(scene)
        pixels.append(clip)
        touched.append(mask.reshape(-1, 2, 8, PATCH, 8, PATCH).any((1, 3, 5)))
        said = caption(scene, rng)
        texts.append("" if rng.random() < EMPTY_CAPTIONS else said)
    weight = 1 + ACTOR_WEIGHT * torch.from_numpy(np.stack(touched)).float()
    weight = (weight / weight.mean()).repeat_interleave(2, 1)[:, None]
    return codec.encode(np.stack(pixels)), weight, texts


@torch.no_grad()
def hand_over(
    expert: WanTransformer3DModel,
    noisy: Tensor,
    levels: list[float],
    text: Tensor,
    wordless: Tensor,
) -> Tensor:
    """Let an expert take noisy latents down through these levels of noise.

    With guidance, as pocket samples; by Euler steps, which add no noise of their own.
    """
    both = torch.cat([text, wordless.expand_as(text)])
    for level, lower in pairwise(levels):
        t = torch.full((2 * len(noisy),), 1000 * level)
        said, unsaid = expert(noisy.repeat(2, 1, 1, 1, 1), t, both, return_dict=False)[
            0
        ].chunk(2)
        clean = unsaid + DEFAULTS["guidance_scale"] * (said - unsaid)
        noisy = torch.lerp(clean, noisy, lower / level)
    return noisy


def uniform(bounds: tuple[float, float], generator: torch.Generator) -> float:
    """Draw a number between bounds."""
    low, high = bounds
    return low + (high - low) * torch.rand((), generator=generator).item()


@torch.no_grad()
def start_from_tokens(transformer: WanTransformer3DModel, tokens: Path) -> None:
    """Let a transformer read and write its tokens in their principal components.

    It then need not find out which patterns clips are made of, only which to use.
    """
    fit = load_file(tokens)
    spread = fit["variance"].sqrt()
    middle = (HIGH_FROM + 1) / 2  # the noise at which what it reads has unit variance
    seen = (middle**2 + ((1 - middle) * spread) ** 2).sqrt()
    conv = transformer.patch_embedding
    conv.weight.copy_((fit["basis"] / seen).T.view_as(conv.weight))
    conv.bias.copy_(-(1 - middle) * (fit["mean"] @ fit["basis"]) / seen)
    # The head's channels are ordered (frames, down, across, latent channel).
    volume = conv.kernel_size
    order = (
        torch.arange(len(fit["mean"])).view(-1, *volume).permute(1, 2, 3, 0).flatten()
    )
    transformer.proj_out.weight.copy_((fit["basis"] * spread)[order] * START_GAIN)
    transformer.proj_out.bias.copy_(fit["mean"][order])


if __name__ == "__main__":
    raise SystemExit(main())
