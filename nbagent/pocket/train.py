"""Train pocket from nothing to shipped weights: one straight script, on CPU or a GPU.

    nbagent train-pocket --out weights

Steps: fit the VAE and the tokenizer; train the high-noise transformer and the text
encoder together on whole clips; then, with the text encoder frozen, the low-noise
transformer on pictures first, a few moments of clips next, whole clips last, both
predicting the clean latents (x0); and last the VAE's decoder, on what these make. The data is
endless: every sample is rendered on the fly from its global index, so nothing is stored
and on a CPU a resumed run continues bit for bit. There, two processes of one thread each
beat one process of two threads; they average gradients through gloo. A GPU has one process
that learns, and others that render ahead of it. What was tried and what it gave:
docs/pocket.md.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as dist
from diffusers import WanTransformer3DModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from nbagent.pocket.codec import Codec, fit_codec, fit_tokens
from nbagent.pocket.faster import Clock, Muon, TrainingAttention
from nbagent.pocket.layers import first_fault, patches_as_matmul
from nbagent.pocket.loop import DECAY_SHARE, Budget, Counters, fit
from nbagent.pocket.model import (
    BOUNDARY,
    DEFAULTS,
    FLOW_SHIFT,
    TINY,
    ModelSize,
    Parts,
    build_tokenizer,
    export,
)
from nbagent.pocket.painter import MADE_SHARE, paint_batch, paint_loss
from nbagent.pocket.samples import MOMENTS, Order, Samples, tokenize
from nbagent.pocket.vae import AutoencoderKLPocket, build_vae, read_codec
from nbagent.system.arguments import Parser
from nbagent.system.numerics import has_fast_bf16

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
PAINT_RATE: Final = 1.5e-3  # of the decoder, by AdamW alone

T_FLOOR: Final = 0.2  # x0 error over max(t, floor): the velocity loss, tamed at t -> 0


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
    device: str
    processes: int
    loaders: int
    export_minutes: float
    batch: float
    tiny: bool
    compile: bool


def main(argv: list[str] | None = None) -> int:
    """Train pocket and write its weights folder; return 0 when the budget is used."""
    parser = Parser(prog="nbagent train-pocket", description=__doc__)
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
    parser.add_argument(
        "--device", default="cpu", choices=("cpu", "cuda"), help="what learns (cpu)"
    )
    parser.add_argument(
        "--processes", type=int, help="that learn, one thread each (2; 1 on a GPU)"
    )
    parser.add_argument(
        "--loaders", type=int, help="that render ahead (0; all cores but 2 for a GPU)"
    )
    parser.add_argument("--export-minutes", type=float, default=20)
    parser.add_argument("--batch", type=float, default=1.0, help="factor on batches")
    parser.add_argument("--tiny", action="store_true", help="a toy model, for tests")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    given = parser.parse_args(argv)
    on_gpu = given.device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no GPU here; leave it out")
    if given.processes is None:
        given.processes = 1 if on_gpu else 2
    if given.loaders is None:
        given.loaders = max(0, (os.cpu_count() or 1) - 2) if on_gpu else 0
    options = Options(**vars(given))

    # 1. What is fitted or built, not trained: VAE and tokenizer. One thread here too: the
    # order of a sum is part of "bit for bit".
    torch.set_num_threads(1)
    fixed = options.work / "fixed"
    if not (fixed / "codec.safetensors").exists():
        if options.start:
            shutil.copytree(options.start / "vae", fixed / "vae", dirs_exist_ok=True)
            codec = read_codec(AutoencoderKLPocket.from_pretrained(fixed / "vae"))
        else:
            codec = fit_codec(300 if options.tiny else 4000)
            build_vae(codec).save_pretrained(fixed / "vae")
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
        self.device = torch.device(options.device)
        codec = load_file(self.fixed / "codec.safetensors", device=options.device)
        self.codec = Codec(**codec)
        self.tokenizer: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(
            self.fixed / "tokenizer"
        )
        self.size = TINY if options.tiny else ModelSize()
        self.parts = Parts(self.size)
        if options.start:
            self.parts.load(options.start)
        self.parts.to(self.device)
        self.ema = {k: v.detach().clone() for k, v in self.parts.state_dict().items()}
        vae = AutoencoderKLPocket.from_pretrained(self.fixed / "vae")
        self.decoder: nn.Module = vae.decoder.to(self.device)
        self.painted = {
            k: v.detach().clone() for k, v in vae.decoder.named_parameters()
        }
        # Those that only hand over to another one too: each is computed with.
        patches_as_matmul(self.parts)
        self.has_bf16 = options.device == "cuda" or self.is_right_in_bf16()

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
        """Return token ids and attention mask, each `(B, 32)`, where they are used."""
        tokens = tokenize(self.tokenizer, texts)
        return {k: v.to(self.device) for k, v in tokens.items()}

    def is_right_in_bf16(self) -> bool:
        """Return whether this CPU is quick in bf16, and right; say so if only quick."""
        if not has_fast_bf16():
            return False
        with torch.autocast("cpu", torch.bfloat16):
            faults = [
                first_fault(name, network, learns=True)
                for name, network in (
                    *self.parts.named_children(),
                    ("decoder", self.decoder),
                )
            ]
        if fault := next(filter(None, faults), ""):
            sys.stderr.write(f"bf16 is wrong on this processor ({fault}): in fp32\n")
        return not fault

    def autocast(self) -> torch.autocast:
        """Compute in bf16 where the device multiplies it itself."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.has_bf16)

    def export(self) -> None:
        """Write the averages as a pipeline folder."""
        if self.rank == 0:
            vae = AutoencoderKLPocket.from_pretrained(self.fixed / "vae")
            vae.decoder.load_state_dict(self.painted)
            # As it was built: ours has taken on the padding of the batches.
            tokenizer = AutoTokenizer.from_pretrained(self.fixed / "tokenizer")
            export(self.options.out, self.size, self.ema, vae, tokenizer)


def train_expert(expert: str, run: Run) -> None:
    """Train one expert until its budget is used."""
    options, rank, parts, device = run.options, run.rank, run.parts, run.device
    minutes = options.high_minutes if expert == "high" else options.low_minutes
    budget = run.budget(expert, minutes, options.rate)
    if budget.is_empty:
        return  # it keeps what it has from --start

    # What is trained: a transformer, and with the first one the text encoder.
    name = "transformer" if expert == "high" else "transformer_2"
    transformer = getattr(parts, name)
    if device.type == "cpu":
        transformer.set_attn_processor(TrainingAttention())
    clock = Clock(transformer.rope, MOMENTS) if expert == "low" else None
    if clock:
        transformer.rope = clock
    if options.compile:
        torch._dynamo.config.recompile_limit = 16  # noqa: SLF001 (three clip lengths)
        transformer.compile_repeated_blocks(dynamic=False)
    # What a second expert reads that is not trained after it, stays as it is.
    has_text = expert == "high" and not (options.start and not options.low_minutes)
    prefixes = (f"{name}.", "text_encoder.") if has_text else (f"{name}.",)
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

    # The second expert's text is fixed by now; that of no words is the same for all.
    with torch.no_grad():
        wordless = parts.encode_text(**run.tokenize([""]))
    stages = FURTHER if options.start else STAGES

    def orders(count: Counters) -> Iterator[Order]:
        # What kind a batch is, is a function of progress and step alone.
        step, first = count.step, count.samples
        while True:
            share = budget.share(step, count.spent_s)
            moments = MOMENTS if expert == "high" else low_moments(share, step, stages)
            clips = HIGH_CLIPS if expert == "high" else LOW_TOKENS // (CELLS * moments)
            clips = max(1, round(clips * options.batch))
            own = range(first + rank * clips, first + (rank + 1) * clips)
            seeds = [[options.seed, expert == "low", i] for i in own]
            yield Order(seeds, moments)
            step += 1
            first += options.processes * clips

    samples = Samples(orders, run.tokenizer, options.loaders)

    def lesson(count: Counters, share: float) -> tuple[Tensor, int, int]:
        batch = samples.next(count)
        clips, moments = len(batch.clips), batch.moments
        times = np.random.default_rng([options.seed, 9, count.step]).permutation(
            MOMENTS
        )
        times = np.sort(times[:moments])
        if clock:
            clock.times = times
        x0 = run.codec.encode(batch.clips)
        weight, held = batch.weight.to(device), batch.held.to(device)
        tokens = {"ids": batch.ids.to(device), "mask": batch.mask.to(device)}
        generator = torch.Generator(device).manual_seed(
            options.seed + 1_000_003 * count.step + rank
        )
        if expert == "high":
            # It does not know yet where the actor is, and a weight makes it see the
            # actor in too many places: none is left when the rate has decayed.
            weight = 1 + (weight - 1) * min(1.0, (1 - share) / DECAY_SHARE)
            x0 = x0.repeat(LEVELS, 1, 1, 1, 1)
            weight = weight.repeat(LEVELS, 1, 1, 1, 1)
            held = held.repeat(LEVELS, 1, 1, 1, 1)
            tokens = {k: v.repeat(LEVELS, 1) for k, v in tokens.items()}
            # One level from each slice of the range: every step sees all of it.
            drawn = torch.rand(len(x0), generator=generator, device=device)
            slices = torch.arange(len(x0), device=device) + drawn
            t, top = HIGH_FROM + (1 - HIGH_FROM) * slices / len(x0), 1.0
        else:
            draw = torch.randn(len(x0), generator=generator, device=device)
            draw += LOW_CENTRE[moments]
            top = LOW_TO if moments == 1 else uniform(HANDED_AT, generator)
            t = top * torch.sigmoid(draw)

        # The loss of predicting the clean latents, from between them and `above`.
        noise = torch.randn(x0.shape, generator=generator, device=device)
        above = (1 - top) * x0 + top * noise
        with run.autocast():
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
                    known=(held[handed], x0[handed]),
                )
                shown = np.stack([2 * times, 2 * times + 1], axis=1).flatten()
                x0, above, weight, held = (
                    each[:, :, shown] for each in (x0, above, weight, held)
                )
            noisy = torch.lerp(x0, above, (t / top).view(-1, 1, 1, 1, 1))
            noisy = torch.where(held, x0, noisy)
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
    parameters = dict(run.decoder.named_parameters())
    optimizer = torch.optim.AdamW(
        parameters.values(), PAINT_RATE, betas=BETAS, weight_decay=0.0
    )
    with torch.no_grad():
        wordless = parts.encode_text(**run.tokenize([""]))

    # As pocket samples, but for the solver.
    steps = np.linspace(1, 0, int(DEFAULTS["num_inference_steps"]) + 1)
    levels = (FLOW_SHIFT * steps / (1 + (FLOW_SHIFT - 1) * steps)).tolist()
    above = sum(level >= BOUNDARY for level in levels)

    def make(noise: Tensor, words: str) -> Tensor:
        with torch.no_grad():
            text = parts.encode_text(**run.tokenize([words]))
        handed = hand_over(
            parts.transformer, noise, levels[: above + 1], text, wordless
        )
        return hand_over(parts.transformer_2, handed, levels[above:], text, wordless)

    def lesson(count: Counters, share: float) -> tuple[Tensor, int, int]:
        del share  # its steps are all of one kind
        seed = [options.seed, 2, count.samples + rank]
        with run.autocast():
            # All processes learn of one kind in a step: clips that are made take longest.
            has_made = spread(count.step) < MADE_SHARE
            latents, picture, weight = paint_batch(
                seed, run.codec, make if has_made else None
            )
            painted = run.decoder(latents * run.codec.std.view(1, -1, 1, 1))
        return paint_loss(painted.float(), picture, weight), 1, 1

    fit("paint", parameters, [optimizer], run.painted, lesson, budget, run.export)


def low_moments(
    share: float, step: int, stages: tuple[tuple[float, tuple[int, ...]], ...]
) -> int:
    """Return the number of moments in the clips of this step of the low-noise expert."""
    kinds = next((kinds for end, kinds in stages if share < end), stages[-1][1])
    return 1 if spread(step) < PICTURE_SHARE else kinds[step % len(kinds)]


def spread(step: int) -> float:
    """Return a number in 0..1: a fixed share of steps without a random draw.

    The golden ratio's multiples are spread evenly.
    """
    return (step * 0.6180339887) % 1


@torch.no_grad()
def hand_over(
    expert: WanTransformer3DModel,
    noisy: Tensor,
    levels: list[float],
    text: Tensor,
    wordless: Tensor,
    *,
    known: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Let an expert take noisy latents down through these levels of noise.

    With guidance, as pocket samples; by Euler steps, which add no noise of their own.
    What is `known`, a mask and clean latents, stands in them as it is.
    """
    both = torch.cat([text, wordless.expand_as(text)])
    for level, lower in pairwise(levels):
        if known is not None:
            noisy = torch.where(known[0], known[1], noisy)
        t = torch.full((2 * len(noisy),), 1000 * level, device=noisy.device)
        guess = expert(noisy.repeat(2, 1, 1, 1, 1), t, both, return_dict=False)[0]
        said, unsaid = guess.float().chunk(2)  # bf16 where it computes in that
        clean = unsaid + DEFAULTS["guidance_scale"] * (said - unsaid)
        noisy = torch.lerp(clean, noisy, lower / level)
    return noisy


def uniform(bounds: tuple[float, float], generator: torch.Generator) -> float:
    """Draw a number between bounds."""
    low, high = bounds
    drawn = torch.rand((), generator=generator, device=generator.device)
    return low + (high - low) * drawn.item()


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
