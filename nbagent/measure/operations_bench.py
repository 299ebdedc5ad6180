"""`nbagent bench remix` and `operations`: what they cost beside the whole clip."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbagent.measure.workbench import PROMPT, Workbench
from nbagent.take import Hold, Take

Figures = dict[str, Any]
STRENGTHS = (0.25, 0.5, 0.75, 0.9)


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
        bench.timed(usual)
        half = np.zeros((usual.height, usual.width, 3), np.uint8)
        half[:, usual.width // 2 :] = 255
        mask = bench.ledger.put_file(media.png(half), ".png")
        for seed in range(1, rounds + 1):
            parent = bench.take(PROMPT, seed=seed)
            whole_s = bench.timed(parent)
            for name, take in _operations(parent, mask).items():
                shares.setdefault(name, []).append(bench.timed(take) / whole_s)
    medians = {k: round(statistics.median(v), 3) for k, v in shares.items()}
    return medians | {"rounds": rounds}


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

    import nbagent.pocket.vae  # noqa: F401  diffusers loads classes of what is imported
    from nbagent.models.cards import model_card

    card = model_card("pocket")
    pipe = WanPipeline.from_pretrained(card.folder, use_safetensors=True)
    parts = pipe.components | {"transformer": pipe.transformer_2, "transformer_2": None}
    WanPipeline(**parts).save_pretrained(folder)
    shutil.copy(card.folder / "defaults.json", folder)
    return folder


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
