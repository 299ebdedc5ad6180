"""`make gpu-check`: what the battery, the plans and the benches do on this machine's GPU.

    python -m tests.gpu_check     runs them and writes docs/gpu.md and docs/gpu.json

Nothing here runs without CUDA, and no figure is written that was not measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nbagent.models.fit import Where
from tests.battery import TOLERANCE

DOCS = Path(__file__).parents[1] / "docs"
DTYPES = ("fp32", "bf16")
OFFLOADS: tuple[Where, ...] = ("model offload", "group offload")
# One of each sort: a plain one, one of few large parts, one with a second stream.
OFFLOADED = ("wan-unipc", "ltx", "ltx-2", "hunyuan-i2v")
# `load` and `cancel` are the kernel's and the engine's, not the device's.
BENCHES = ("overhead", "preview", "operations", "caches")
NO_CUDA = (
    "gpu-check needs a GPU that torch drives by CUDA, and there is none here:"
    " run it on a machine that has one"
)

_PAGE = """# On a GPU

Made by `make gpu-check` on {device}, torch {torch}, diffusers {diffusers}.

The battery of [models.md](models.md) there, tiny pipelines in each type. "Same" is within
a distance (root mean square, as a share), since a GPU need not add in the same order twice:
{tolerance}.
A class is named with the columns that failed; those that models.md marks as **no** are
no failure.

{battery}

Offloaded as each plan does it, the largest distance from the latents without:

{plans}

Models of published widths, with random weights, at their usual size and length
(`tests/gpu_sizes.py`): what a step takes beside the weights and what was foretold, GB.

{sizes}

Wan 2.1 1.3B with its text encoder, by each plan; "far" is the distance of its latents
from the resident plan's, as a share.

{weights}

The same clip on a card of so many GB, by the plan that is chosen there.

{cards}

Benches of pocket (`nbagent bench NAME`):

{benches}
"""


def main() -> int:
    """Check all there is, write it down; return 0 if nothing failed, 2 without CUDA."""
    if not torch.cuda.is_available():
        sys.stderr.write(NO_CUDA + "\n")
        return 2
    from tests import gpu_sizes

    figures = {
        "device": torch.cuda.get_device_name(),
        "battery": {dtype: battery("cuda", dtype) for dtype in DTYPES},
        "plans": {name: offloaded(name, "cuda") for name in OFFLOADED},
        **gpu_sizes.figures(),
        "benches": {name: bench(name) for name in BENCHES},
    }
    write(DOCS, figures)
    return int(has_failed(figures))


def battery(device: str, dtype: str, *options: str) -> dict[str, bool]:
    """Run the battery in a process of its own; return what passed, by test and column."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.battery", *options],
        env=os.environ | {"BATTERY_DEVICE": device, "BATTERY_DTYPE": dtype},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    did: dict[str, bool] = json.loads(ran.stdout.splitlines()[-1])
    return did


def offloaded(name: str, device: str) -> dict[str, float]:
    """Return how far a tiny pipeline's latents are from its own, offloaded by each plan."""
    from nbagent.models.fit import Placement
    from nbagent.models.memory import Component
    from nbagent.render.hook import PipelineHook
    from nbagent.render.pipelines import place
    from nbagent.render.start_states import Fresh
    from tests.tiny_pipelines import TINY

    def latents(pipe: Any) -> torch.Tensor:
        hook = PipelineHook(
            generator=torch.Generator().manual_seed(1),
            start=Fresh(),
            before_step=lambda: None,
            after_step=lambda _: None,
        )
        session = hook.open(pipe)
        made = session(
            **TINY[name].arguments(), **hook.callback(), generator=hook.generator
        ).frames
        pipe.maybe_free_model_hooks()
        found: torch.Tensor = made.float().cpu()
        return found

    resident = Placement(
        where="resident", weights="own", held_bytes=0, peak_bytes=0, host_bytes=0
    )
    wanted = latents(TINY[name].build().to(device))
    far: dict[str, float] = {}
    for where in OFFLOADS:
        pipe = TINY[name].build()
        others = [Component(name="vae", role="other", values=0, largest=0)]
        pipe.vae.to(device)  # as `load` does, which fits the preview on it
        place(pipe, replace(resident, where=where), others, device)
        far[where] = float((latents(pipe) - wanted).abs().max())
    return far


def bench(name: str) -> dict[str, Any]:
    """Return the figures of a bench, from a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "nbagent.cli", "bench", name, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def failures(did: dict[str, bool]) -> list[str]:
    """Return which tests of a battery failed that pass on a CPU."""
    from tests.tiny_pipelines import TINY

    named = [key.split() for key, passed in did.items() if not passed]
    return [f"{n} {c}" for n, c in named if c not in TINY[n].cannot]


def has_failed(figures: dict[str, Any]) -> bool:
    """Return whether a battery failed, or a plan changed what it must not."""
    batteries = any(failures(did) for did in figures["battery"].values())
    far = [value for plans in figures["plans"].values() for value in plans.values()]
    return batteries or max(far) > TOLERANCE["fp32"]


def write(folder: Path, figures: dict[str, Any]) -> None:
    """Write the figures as JSON, and as a page that says them."""
    from importlib.metadata import version

    text = json.dumps(figures, indent=2, sort_keys=True) + "\n"
    (folder / "gpu.json").write_text(text, encoding="utf-8")
    said = {
        dtype: f"{sum(did.values())} of {len(did)} columns passed"
        + "".join(f"; **failed: {one}**" for one in failures(did))
        for dtype, did in figures["battery"].items()
    }
    plans = [
        (name, f"{where}: {far:.2g}")
        for name, each in figures["plans"].items()
        for where, far in each.items()
    ]
    page = _PAGE.format(
        device=figures["device"],
        torch=torch.__version__,
        diffusers=version("diffusers"),
        tolerance=", ".join(f"{v:g} in {k}" for k, v in TOLERANCE.items()),
        battery=_list(said.items()),
        plans=_list(plans),
        **{
            part: _list((name, _facts(facts)) for name, facts in figures[part].items())
            for part in ("sizes", "weights", "cards")
        },
        benches=_list((k, f"`{json.dumps(v)}`") for k, v in figures["benches"].items()),
    )
    (folder / "gpu.md").write_text(page, encoding="utf-8")


def _facts(facts: dict[str, Any]) -> str:
    return ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in facts.items() if v != "")


def _list(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"* {name}: {text}" for name, text in rows)


if __name__ == "__main__":
    raise SystemExit(main())
