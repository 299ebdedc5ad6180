"""`nbagent bench NAME`: the budgets of the design, measured on this machine.

Every figure is a ratio or a count of two things measured in turns in one run, so that
a busy machine slows both; seconds are printed beside them for orientation.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbagent.measure.busy_bench import busy
from nbagent.measure.chain_bench import chain
from nbagent.measure.charts_bench import charts
from nbagent.measure.operations_bench import operations, remix
from nbagent.measure.panel_bench import panel
from nbagent.measure.player_bench import player
from nbagent.measure.quality_bench import caches, compiled, drafts
from nbagent.measure.takes_bench import takes
from nbagent.measure.workbench import PROMPT, Workbench, median_ratio
from nbagent.settings import Settings
from nbagent.system.arguments import Parser
from nbagent.take import Progress

Figures = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    """Run one bench and print its figures; return the exit code."""
    parser = Parser(prog="nbagent bench", description=__doc__)
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
shell.kernel = None  # as a notebook's shell has one: it answers, and warms the engine
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
                env={**os.environ, "NBAGENT_WARM": "0"},  # started, and left at once
            ).stdout.splitlines()[-1]
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
            bench.timed(bench.take(PROMPT, seed=seed))

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


def preview(rounds: int) -> Figures:
    """Time spent in previews, one after every step, as a share of the job without.

    A player asks at most four times a second, which is less often than that.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        bench.timed(bench.take(PROMPT), [])
        shares, first, each = [], [], []
        for seed in range(1, rounds + 1):
            seen: list[tuple[int, float]] = []
            seconds = bench.timed(bench.take(PROMPT, seed=seed), seen)
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
    from nbagent.models.cards import model_card
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
    "charts": charts,
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
    "takes": takes,
}
