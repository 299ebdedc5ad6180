"""`nbagent bench NAME`: the budgets of the design, measured on this machine.

Every figure is a ratio or a count of two things measured in turns in one run, so that
a busy machine slows both; seconds are printed beside them for orientation.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
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
    """What is saved by texts that were encoded before, and what a step cache does.

    For `rounds` held-out prompts, each rendered without a step cache and with it at
    several thresholds, in turns: the processor time as a share of that without (other
    programs take no part in it), the blocks that ran (counted in the network), the
    distance to the clip without, and what pocket's verifier says: the share of clips
    that show what was asked, and of those of which it says the same as without.
    """
    from nbagent.models import model_card
    from nbagent.pocket import verify
    from nbagent.render.caches import denoisers

    cases, judge = verify.held_out_cases(rounds), verify.load_verifier()
    thresholds = (0.0, *STEP_CACHE_THRESHOLDS)
    seconds: dict[float, list[float]] = {t: [] for t in thresholds}
    ran = dict.fromkeys(thresholds, 0)
    clips: dict[float, list[Any]] = {t: [] for t in thresholds}
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        loaded = bench.renderer.shelf.get(model_card("pocket"))
        for number, case in enumerate(cases):
            _timed(bench, bench.take(case.prompt, seed=number + rounds))
            first = number % len(thresholds)  # none is always measured first
            for threshold in (*thresholds[first:], *thresholds[:first]):
                take = bench.take(case.prompt, seed=number, step_cache=threshold)
                with _counted_blocks(denoisers(loaded.pipe)) as blocks:
                    seconds[threshold].append(_cpu_s(bench, take))
                ran[threshold] += sum(blocks)
                clips[threshold].append(bench.frames(take))
        hits, misses = loaded.texts.hits, loaded.texts.misses
    said = {t: verify.judge(judge, clips[t]) for t in thresholds}
    figures: Figures = {"rounds": rounds, "text_hits": hits, "text_misses": misses}
    for threshold in thresholds:
        pairs = zip(seconds[threshold], seconds[0.0], strict=True)
        figures[f"threshold {threshold:g}"] = {
            "cpu_ratio_median": _median_ratio(list(pairs)),
            "blocks": ran[threshold],
            "skipped": ran[0.0] - ran[threshold],
            "psnr_db": _psnr(clips[threshold], clips[0.0]),
            "all_right": verify.score(cases, said[threshold])["all"],
            "judged_alike": round(
                statistics.mean(
                    one.factors == other.factors
                    for one, other in zip(said[threshold], said[0.0], strict=True)
                ),
                3,
            ),
        }
    return figures


def compiled(rounds: int) -> Figures:
    """A warm job whose blocks are compiled against one whose are not, in turns.

    By processor time, which other programs take no part in. Also what the first such
    clip costs, the first of another length, and the second one of that length.
    """
    from nbagent.render.renderer import Renderer

    with tempfile.TemporaryDirectory() as folder:
        plain, ours = (Workbench(Path(folder) / n) for n in ("plain", "compiled"))
        ours.renderer = Renderer(compiles=True)
        takes = [ours.take(PROMPT, seed=seed) for seed in range(rounds + 1)]
        _cpu_s(plain, takes[0])
        first_s = _cpu_s(ours, takes[0])
        pairs = [(_cpu_s(ours, take), _cpu_s(plain, take)) for take in takes[1:]]
        longer_s = [
            _cpu_s(ours, replace(take, num_frames=2 * take.num_frames))
            for take in takes[:2]
        ]
    return {
        "cpu_ratio_median": _median_ratio(pairs),
        "cpu_ratios": [round(one / other, 3) for one, other in pairs],
        "first_cpu_s": round(first_s, 2),
        "warm_cpu_s": round(statistics.median(pair[0] for pair in pairs), 2),
        "longer_first_cpu_s": round(longer_s[0], 2),
        "longer_second_cpu_s": round(longer_s[1], 2),
        "rounds": rounds,
    }


@contextlib.contextmanager
def _counted_blocks(networks: Sequence[Any]) -> Iterator[list[int]]:
    """Count the blocks of each network that run, not those that a cache stands in for."""
    counts = [0] * len(networks)

    def count(number: int) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            counts[number] += 1

        return hook

    hooks = [
        block.ffn.register_forward_hook(count(number))
        for number, network in enumerate(networks)
        for block in network.blocks
    ]
    yield counts
    for hook in hooks:
        hook.remove()


def _psnr(some: Sequence[Any], others: Sequence[Any]) -> float | None:
    """Return the ratio of 255 to the root of all clips' mean square, in dB; None: equal."""
    import numpy as np

    pairs = zip(some, others, strict=True)
    error = np.mean([np.square(one.astype(float) - two).mean() for one, two in pairs])
    return round(float(10 * np.log10(255**2 / error)), 2) if error else None


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


def _cpu_s(bench: Workbench, take: Take) -> float:
    """Render a take and return the processor seconds that this process spent."""
    began_s = time.process_time()
    _timed(bench, take)
    return time.process_time() - began_s


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
    "compile": compiled,
    "load": load,
    "overhead": overhead,
    "preview": preview,
    "cancel": cancel,
    "operations": operations,
    "panel": panel,
}
