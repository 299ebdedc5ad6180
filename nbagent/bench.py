"""`nbagent bench NAME`: the budgets of the design, measured on this machine.

Every figure is a ratio or a count of two things measured in turns in one run, so that
a busy machine slows both; seconds are printed beside them for orientation.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbagent.busy_bench import busy
from nbagent.chain_bench import chain
from nbagent.panel_bench import panel
from nbagent.player_bench import player
from nbagent.quality_bench import caches, compiled, drafts
from nbagent.settings import Settings
from nbagent.take import Hold, Progress, Take
from nbagent.workbench import PROMPT, Workbench, median_ratio

Figures = dict[str, Any]
STRENGTHS = (0.25, 0.5, 0.75, 0.9)


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
    final latents, the poster and the ledger. They take turns in going first. Processor
    seconds are of this process: other programs take no part in them, nor does a disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        plain = _plain_script(bench)

        def job(seed: int) -> None:
            _timed(bench, bench.take(PROMPT, seed=seed))

        job(0)
        plain(0)
        pairs = []
        for seed in range(1, rounds + 1):
            runs = (job, plain) if seed % 2 else (plain, job)
            spent = {run: _spent(run, seed) for run in runs}
            pairs.append((spent[job], spent[plain]))
    wall, cpu = ([(one[i], other[i]) for one, other in pairs] for i in (0, 1))
    return {
        "ratio_median": median_ratio(wall),
        "ratios": [round(job / script, 3) for job, script in wall],
        "job_s": round(statistics.median(pair[0] for pair in wall), 3),
        "script_s": round(statistics.median(pair[1] for pair in wall), 3),
        "cpu_ratio_median": median_ratio(cpu),
        "job_cpu_s": round(statistics.median(pair[0] for pair in cpu), 3),
        "script_cpu_s": round(statistics.median(pair[1] for pair in cpu), 3),
        "steps": bench.take(PROMPT).num_inference_steps,
        "frames": bench.take(PROMPT).num_frames,
        "rounds": rounds,
    }


def remix(rounds: int) -> Figures:
    """What a remix costs, as a share of the whole clip's processor time.

    Of a strength s it must be at most s and a tenth where steps are equal. Those of
    pocket are not (at high noise they are nearly free), so it is measured twice: on
    pocket, beside the share that the very steps it runs had in the whole clip, and on
    pocket's second network alone, which takes equal steps (and makes no clip to see).
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        models = {"pocket": "pocket", "equal steps": str(_one_network(place / "model"))}
        return {
            name: _remixes(Workbench(place / name, model), rounds)
            for name, model in models.items()
        } | {"rounds": rounds}


def _remixes(bench: Workbench, rounds: int) -> dict[str, dict[str, float]]:
    """Return for each strength what a remix costs, and what its steps cost the parent."""
    costs: dict[float, list[tuple[float, float]]] = {s: [] for s in STRENGTHS}
    for seed in range(rounds + 1):
        parent = bench.take(PROMPT, seed=seed)
        child = replace(
            parent, prompt=f"{PROMPT}, slow", operation="remix", parents=(parent.id,)
        )
        steps: list[float] = []
        whole_s = bench.cpu_s(parent, steps)
        for strength in STRENGTHS:
            take = replace(child, strength=strength)
            own_s = sum(steps[-take.num_run_steps :])
            costs[strength].append((bench.cpu_s(take) / whole_s, own_s / whole_s))
    figures = {}
    for strength, shares in costs.items():
        warm = shares[1:]  # the first parent also encodes its words
        cost, own = (statistics.median(pair[i] for pair in warm) for i in (0, 1))
        figures[f"remix {strength:g}"] = {
            "cost": round(cost, 3),
            "its_steps_in_the_whole": round(own, 3),
            "beyond_them": round(cost - own, 3),
        }
    return figures


def _one_network(folder: Path) -> Path:
    """Save pocket without its first network, so that all of its steps are equal."""
    from diffusers import WanPipeline

    from nbagent.models import model_card

    card = model_card("pocket")
    pipe = WanPipeline.from_pretrained(card.folder, use_safetensors=True)
    parts = pipe.components | {"transformer": pipe.transformer_2, "transformer_2": None}
    WanPipeline(**parts).save_pretrained(folder)
    shutil.copy(card.folder / "defaults.json", folder)
    return folder


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
        usual = bench.take(PROMPT)
        _timed(bench, usual)
        half = np.zeros((usual.height, usual.width, 3), np.uint8)
        half[:, usual.width // 2 :] = 255
        mask = bench.ledger.put_file(media.png(half), ".png")
        for seed in range(1, rounds + 1):
            parent = bench.take(PROMPT, seed=seed)
            whole_s = _timed(bench, parent)
            for name, take in _operations(parent, mask).items():
                shares.setdefault(name, []).append(_timed(bench, take) / whole_s)
    medians = {k: round(statistics.median(v), 3) for k, v in shares.items()}
    return medians | {"rounds": rounds}


def _operations(parent: Take, mask: str) -> dict[str, Take]:
    """Return one take of each operation on a parent of pocket's usual size."""
    child = replace(parent, prompt=f"{PROMPT}, slow", parents=(parent.id,))
    whole = Hold(source=parent.id, num_frames=parent.num_frames)
    half = replace(whole, mask=mask)
    remixes = {
        f"remix {s}": replace(child, operation="remix", strength=s) for s in STRENGTHS
    }
    frames = 2 * parent.num_frames
    middle = replace(whole, box=(parent.width // 2, 0, parent.width, parent.height))
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


def _spent(run: Callable[[int], object], seed: int) -> tuple[float, float]:
    """Return the seconds and the processor seconds of a run with a seed."""
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    run(seed)
    return time.monotonic() - began_s, time.process_time() - began_cpu_s


def _plain_script(bench: Workbench) -> Callable[[int], None]:
    """What a user would write with diffusers alone, for the same clip."""
    import diffusers
    import numpy as np
    import torch

    from nbagent import media
    from nbagent.models import model_card
    from nbagent.pocket.layers import patches_as_matmul
    from nbagent.render.pipelines import best_dtype

    card, take = model_card("pocket"), bench.take(PROMPT)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    pipe = getattr(diffusers, card.pipeline).from_pretrained(
        card.folder, dtype=best_dtype(device), use_safetensors=True
    )
    pipe.to(device)
    if device == "cpu":  # or on one with AMX the script would make noise
        patches_as_matmul(pipe.transformer)
    pipe.set_progress_bar_config(disable=True)
    path = bench.folder / "plain.mp4"

    def run(seed: int) -> None:
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

    return run


def memory(rounds: int) -> Figures:
    """The most that an engine's processes have held while pocket rendered (Linux).

    `rounds` clips in a fresh engine: resident bytes at their peak, shared libraries
    counted in each process.
    """
    import psutil

    from nbagent.conversation.session import Session
    from nbagent.jobs.engine import Engine

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings.from_env({})
        settings = replace(
            settings, store=home / "store", runtime=home / "run", grace_s=1.0
        )
        engine = Engine(settings)
        session = Session(settings=settings, engine=engine)
        for seed in range(rounds):
            rendering = session.render(session.hear(PROMPT, {"seed": seed}))
            rendering.start(lambda *_: None)
            rendering.wait()
        host = psutil.Process(engine.info()["pid"])
        figures = {"host_mb": _peak_mb(host.pid)}
        for child in host.children(recursive=True):
            if peak := _peak_mb(child.pid):
                figures[f"child_{len(figures)}_mb"] = peak
        session.close()
    return {**figures, "clips": rounds}


def _peak_mb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next((line for line in lines if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return round(int(peak.split()[1]) / 1000)


BENCHES: dict[str, Callable[[int], Figures]] = {
    "busy": busy,
    "caches": caches,
    "chain": chain,
    "compile": compiled,
    "drafts": drafts,
    "load": load,
    "memory": memory,
    "overhead": overhead,
    "preview": preview,
    "cancel": cancel,
    "operations": operations,
    "panel": panel,
    "player": player,
    "remix": remix,
}
