"""`nbagent bench NAME`: the budgets of the design, measured on this machine.

Every figure is a ratio or a count of two things measured in turns in one run, so that
a busy machine slows both; seconds are printed beside them for orientation.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbagent.panel_bench import panel
from nbagent.settings import Settings
from nbagent.take import Hold, Progress, Take
from nbagent.workbench import Workbench

PROMPT = "a red ball crosses the beach, sunset"
Figures = dict[str, Any]
STEP_CACHE_THRESHOLDS = (0.05, 0.1, 0.2, 0.4)


def main(argv: list[str] | None = None) -> int:
    """Run one bench and print its figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="nbagent bench", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--rounds", type=int, default=7, help="measured pairs (7)")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args(argv)
    figures = BENCHES[options.name](options.rounds)
    if options.json:
        sys.stdout.write(json.dumps({"bench": options.name} | figures) + "\n")
    else:
        width = max(map(len, figures))
        for key, value in figures.items():
            sys.stdout.write(f"{key:<{width}}  {value}\n")
    return 0


_LOAD = """
import sys, time, json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
start = time.perf_counter()
shell.run_line_magic("load_ext", "nbagent")
seconds = time.perf_counter() - start
heavy = {"anywidget", "numpy", "pydantic", "torch", "distributed", "av", "PIL"}
print(json.dumps([seconds * 1e3, sorted(heavy & (set(sys.modules) - before))]))
"""


def load(rounds: int) -> Figures:
    """`%load_ext nbagent` in fresh processes: below 15 ms, and nothing heavy."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", _LOAD],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(rounds)
    ]
    milliseconds = [run[0] for run in runs]
    return {
        "load_ext_ms_median": round(statistics.median(milliseconds), 2),
        "load_ext_ms_min": round(min(milliseconds), 2),
        "heavy_imports": sorted({name for run in runs for name in run[1]}),
        "rounds": rounds,
    }


def overhead(rounds: int) -> Figures:
    """A warm job against the same pipeline in a plain diffusers script.

    Both denoise, decode and encode an mp4; the job also writes its checkpoints, the
    final latents, the poster and the ledger.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        plain = _plain_script(bench)
        _timed(bench, bench.take(PROMPT))
        plain(0)
        pairs = [
            (_timed(bench, bench.take(PROMPT, seed=seed)), plain(seed))
            for seed in range(1, rounds + 1)
        ]
    return {
        "ratio_median": _median_ratio(pairs),
        "ratios": [round(job / script, 3) for job, script in pairs],
        "job_s": round(statistics.median(pair[0] for pair in pairs), 3),
        "script_s": round(statistics.median(pair[1] for pair in pairs), 3),
        "steps": bench.take(PROMPT).num_inference_steps,
        "frames": bench.take(PROMPT).num_frames,
        "rounds": rounds,
    }


def preview(rounds: int) -> Figures:
    """Time spent in previews, one after every step, as a share of the job without.

    A player asks at most four times a second, which is less often than that.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        _timed(bench, bench.take(PROMPT), [])
        shares, first, each = [], [], []
        for seed in range(1, rounds + 1):
            seen: list[tuple[int, float]] = []
            seconds = _timed(bench, bench.take(PROMPT, seed=seed), seen)
            spent = sum(cost for _, cost in seen)
            shares.append(spent / (seconds - spent))
            first.append(seen[0][0])
            each += [cost for _, cost in seen]
    return {
        "share_median": round(statistics.median(shares), 4),
        "shares": [round(share, 4) for share in shares],
        "first_preview_after_step": max(first),
        "preview_ms_median": round(statistics.median(each) * 1e3, 2),
        "rounds": rounds,
    }


def cancel(rounds: int) -> Figures:
    """Steps that a job still takes after it was told to stop, through the engine."""
    from nbagent.jobs.engine import Engine

    after, seconds, step_s = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(
            Settings.from_env({}), store=Path(folder), runtime=Path(folder), grace_s=2.0
        )
        bench = Workbench(settings.store)
        with Engine(settings) as engine:
            for seed in range(rounds):
                job = bench.job(bench.take(PROMPT, seed=seed, num_inference_steps=100))
                steps: list[tuple[float, int]] = []

                def listen(
                    progress: Progress, steps: list[tuple[float, int]] = steps
                ) -> None:
                    if progress.phase == "denoise":
                        steps.append((time.monotonic(), progress.step))

                engine.submit(job, listen)
                while not steps or steps[-1][1] < 5:
                    time.sleep(0.001)
                told_at, told_step = time.monotonic(), steps[-1][1]
                engine.cancel(job.id)
                end = engine.wait(job.id, 60)
                seconds.append(time.monotonic() - told_at)
                after.append(max(steps[-1][1], end.step) - told_step)
                times = [at for at, _ in steps]
                step_s += [b - a for a, b in itertools.pairwise(times)]
    return {
        "steps_after_cancel_max": max(after),
        "steps_after_cancel": after,
        "cancel_s_median": round(statistics.median(seconds), 3),
        "cancel_s_max": round(max(seconds), 3),
        "step_s_median": round(statistics.median(step_s), 4),
        "rounds": rounds,
    }


def operations(rounds: int) -> Figures:
    """What each operation costs, as a share of making the whole clip anew.

    A remix and an inpaint run `strength` of the steps; pocket's steps are not equal,
    those at high noise are nearly free.
    """
    import numpy as np

    from nbagent import media

    shares: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        _timed(bench, bench.take(PROMPT))
        half = np.zeros((64, 64, 3), np.uint8)
        half[:, 32:] = 255
        mask = bench.ledger.put_file(media.png(half), ".png")
        for seed in range(1, rounds + 1):
            parent = bench.take(PROMPT, seed=seed)
            whole_s = _timed(bench, parent)
            for name, take in _operations(parent, mask).items():
                shares.setdefault(name, []).append(_timed(bench, take) / whole_s)
    medians = {k: round(statistics.median(v), 3) for k, v in shares.items()}
    return medians | {"rounds": rounds}


def caches(rounds: int) -> Figures:
    """What is saved by texts that were encoded before, and what a step cache would do.

    diffusers' first-block cache is no option of nbagent yet. Here it is put on pocket's
    two experts, for `rounds` held-out prompts: the blocks that still run, the distance
    of the latents to those without it, and the share of clips that show what was asked.
    """
    from diffusers import FirstBlockCacheConfig

    from nbagent.models import model_card
    from nbagent.pocket import verify

    cases, judge = verify.held_out_cases(rounds), verify.load_verifier()
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder) / "texts")
        loaded = bench.renderer.shelf.get(model_card("pocket"))
        takes = [bench.take(case.prompt, seed=n) for n, case in enumerate(cases)]
        for take in takes:
            bench.run(bench.job(take))
            bench.run(bench.job(take.with_seed(take.seed + rounds)))
        figures: Figures = {"rounds": rounds}
        figures["text_hits"] = loaded.texts.hits
        figures["text_misses"] = loaded.texts.misses
        experts = (loaded.pipe.transformer, loaded.pipe.transformer_2)
        exact = None
        for threshold in (0.0, *STEP_CACHE_THRESHOLDS):
            store = Workbench(Path(folder) / f"{threshold:g}")
            store.renderer = bench.renderer
            for expert in experts:
                if threshold:
                    expert.enable_cache(FirstBlockCacheConfig(threshold=threshold))
            with _counted_blocks(experts) as blocks:
                clips = [store.frames(take) for take in takes]
            for expert in experts:
                if threshold:
                    expert.disable_cache()
            latents = [_latents(store, take) for take in takes]
            exact = exact or latents
            figures[f"threshold {threshold:g}"] = {
                "blocks": blocks,
                "latents_error": round(_distance(latents, exact), 4),
                "all_right": verify.score(cases, verify.judge(judge, clips))["all"],
            }
    return figures


@contextlib.contextmanager
def _counted_blocks(experts: Sequence[Any]) -> Iterator[list[int]]:
    """Count the blocks of each expert that run, not those that a cache stands in for."""
    counts = [0] * len(experts)

    def count(number: int) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            counts[number] += 1

        return hook

    hooks = [
        block.ffn.register_forward_hook(count(number))
        for number, expert in enumerate(experts)
        for block in expert.blocks
    ]
    yield counts
    for hook in hooks:
        hook.remove()


def _latents(bench: Workbench, take: Take) -> Any:
    from safetensors.torch import load_file

    artifact = bench.ledger.artifact(take.id)
    assert artifact is not None
    assert artifact.latents is not None
    return load_file(bench.ledger.path(artifact.latents))["latents"].float()


def _distance(some: Sequence[Any], others: Sequence[Any]) -> float:
    """Return the relative distance of latents to others."""
    pairs = list(zip(some, others, strict=True))
    gone = sum(float((one - other).square().sum()) for one, other in pairs)
    return math.sqrt(gone / sum(float(other.square().sum()) for _, other in pairs))


def _operations(parent: Take, mask: str) -> dict[str, Take]:
    """Return one take of each operation on a parent of pocket's usual size."""
    child = replace(parent, prompt=f"{PROMPT}, slow", parents=(parent.id,))
    whole = Hold(source=parent.id, num_frames=parent.num_frames)
    half = replace(whole, mask=mask)
    remixes = {
        f"remix {s}": replace(child, operation="remix", strength=s)
        for s in (0.25, 0.5, 0.75, 0.9)
    }
    frames = 2 * parent.num_frames
    middle = replace(whole, box=(32, 0, parent.width, parent.height))
    return remixes | {
        "inpaint 0.5": replace(child, operation="inpaint", strength=0.5, holds=(half,)),
        "animate": replace(child, operation="animate", holds=(Hold(source=parent.id),)),
        "extend to twice": replace(
            child, operation="extend", num_frames=frames, holds=(whole,)
        ),
        "reframe to twice": replace(
            child, operation="reframe", width=2 * parent.width, holds=(middle,)
        ),
    }


def _timed(
    bench: Workbench, take: Take, previews: list[tuple[int, float]] | None = None
) -> float:
    """Render a take and return its seconds; collect each preview's step and cost."""
    job = bench.job(take)

    def report(progress: Progress) -> None:
        if previews is None or progress.phase != "denoise" or not progress.step:
            return
        began = time.monotonic()
        if bench.renderer.preview(job):
            previews.append((progress.step, time.monotonic() - began))

    start = time.monotonic()
    bench.run(job, report)
    return time.monotonic() - start


def _plain_script(bench: Workbench) -> Callable[[int], float]:
    """What a user would write with diffusers alone, for the same clip."""
    import diffusers
    import numpy as np
    import torch

    from nbagent import media
    from nbagent.models import model_card
    from nbagent.render.pipelines import best_dtype

    card, take = model_card("pocket"), bench.take(PROMPT)
    pipe = getattr(diffusers, card.pipeline).from_pretrained(
        card.folder, dtype=best_dtype("cpu"), use_safetensors=True
    )
    pipe.set_progress_bar_config(disable=True)
    path = bench.folder / "plain.mp4"

    def run(seed: int) -> float:
        start = time.monotonic()
        frames = pipe(
            prompt=take.prompt,
            num_frames=take.num_frames - 1,  # WanPipeline renders one more
            height=take.height,
            width=take.width,
            num_inference_steps=take.num_inference_steps,
            guidance_scale=take.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
            **card.call,
        ).frames[0]
        frames = (frames * 255).round().astype(np.uint8)
        media.write_video(path, frames, take.fps, None)
        return time.monotonic() - start

    return run


def _median_ratio(pairs: list[tuple[float, float]]) -> float:
    return round(statistics.median(one / other for one, other in pairs), 3)


BENCHES: dict[str, Callable[[int], Figures]] = {
    "caches": caches,
    "load": load,
    "overhead": overhead,
    "preview": preview,
    "cancel": cancel,
    "operations": operations,
    "panel": panel,
}
