"""Benches of what is faster or nearly the same: costs, and what pocket's verifier says.

Their figures go out through `nbagent bench` (see `nbagent.measure.bench`).
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbagent.measure.workbench import PROMPT, Workbench, median_ratio
from nbagent.take.caching import step_caching

STEP_CACHES = ("0.05", "0.1", "0.2", "0.4", "sea:0.1", "sea:0.2", "sea:0.4")
Figures = dict[str, Any]


def caches(rounds: int) -> Figures:
    """What is saved by texts that were encoded before, and what a step cache does.

    For `rounds` held-out prompts, each rendered without a step cache and with each kind
    at several thresholds, in turns: the processor time as a share of that without (other
    programs take no part in it), the blocks that ran (counted in the network), the
    distance to the clip without, and what pocket's verifier says: the share of clips
    that show what was asked, and of those of which it says the same as without.
    """
    from nbagent.models.cards import model_card
    from nbagent.pocket import verify
    from nbagent.render.caches import denoisers

    cases, judge = verify.held_out_cases(rounds), verify.load_verifier()
    choices = ("none", *STEP_CACHES)
    seconds: dict[str, list[float]] = {name: [] for name in choices}
    ran = dict.fromkeys(choices, 0)
    clips: dict[str, list[Any]] = {name: [] for name in choices}
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        loaded = bench.renderer.shelf.get(model_card("pocket"))
        for number, case in enumerate(cases):
            bench.cpu_s(bench.take(case.prompt, seed=number + rounds))
            first = number % len(choices)  # none is always measured first
            for name in (*choices[first:], *choices[:first]):
                caching = step_caching("0" if name == "none" else name)
                take = bench.take(
                    case.prompt,
                    seed=number,
                    step_cache=caching.threshold,
                    cache_kind=caching.kind,
                )
                with _counted_blocks(denoisers(loaded.pipe)) as blocks:
                    seconds[name].append(bench.cpu_s(take))
                ran[name] += sum(blocks)
                clips[name].append(bench.frames(take))
        hits, misses = loaded.texts.hits, loaded.texts.misses
    said = {name: verify.judge(judge, clips[name]) for name in choices}
    figures: Figures = {"rounds": rounds, "text_hits": hits, "text_misses": misses}
    for name in choices:
        pairs = zip(seconds[name], seconds["none"], strict=True)
        figures[name] = {
            "cpu_ratio_median": median_ratio(list(pairs)),
            "blocks": ran[name],
            "skipped": ran["none"] - ran[name],
            "psnr_db": _psnr(clips[name], clips["none"]),
            "all_right": verify.score(cases, said[name])["all"],
            "judged_alike": round(
                statistics.mean(
                    one.factors == other.factors
                    for one, other in zip(said[name], said["none"], strict=True)
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
        plain.cpu_s(takes[0])
        first_s = ours.cpu_s(takes[0])
        pairs = [(ours.cpu_s(take), plain.cpu_s(take)) for take in takes[1:]]
        longer_s = [
            ours.cpu_s(replace(take, num_frames=2 * take.num_frames))
            for take in takes[:2]
        ]
    return {
        "cpu_ratio_median": median_ratio(pairs),
        "cpu_ratios": [round(one / other, 3) for one, other in pairs],
        "first_cpu_s": round(first_s, 2),
        "warm_cpu_s": round(statistics.median(pair[0] for pair in pairs), 2),
        "longer_first_cpu_s": round(longer_s[0], 2),
        "longer_second_cpu_s": round(longer_s[1], 2),
        "rounds": rounds,
    }


def drafts(rounds: int) -> Figures:
    """Whether the final of a draft shows the draft again, and is as good as a fresh one.

    For `rounds` held-out prompts: the draft, its final (a remix of its latents, as
    "final quality" makes it) and a final from noise by the same seed. By pocket's
    verifier: the share of clips that show all that was asked, the share of finals of
    which it says of the actor, the place and the motion what it says of the draft, and
    how far apart the actor's paths are, in pixels of 64 (median over clips of the mean
    over frames). The same is said of the fresh one, which has the draft's seed; medians of
    processor seconds stand beside.
    """
    import numpy as np

    from nbagent.acts.quality import Quality
    from nbagent.models.cards import model_card
    from nbagent.pocket import verify

    cases, card = verify.held_out_cases(rounds), model_card("pocket")
    strength = Quality.strength
    clips: dict[str, list[Any]] = {"draft": [], "final": [], "fresh": []}
    seconds: dict[str, list[float]] = {name: [] for name in clips}
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        for number, case in enumerate(cases):
            fresh = bench.take(case.prompt, seed=number)
            draft = replace(
                fresh, quality="draft", num_inference_steps=card.draft_steps
            )
            final = replace(
                fresh, operation="remix", strength=strength, parents=(draft.id,)
            )
            for name, take in (("draft", draft), ("final", final), ("fresh", fresh)):
                seconds[name].append(bench.cpu_s(take))
                clips[name].append(bench.frames(take))
    judge = verify.load_verifier()
    said = {name: verify.judge(judge, made) for name, made in clips.items()}
    figures: Figures = {"rounds": rounds}
    for name in clips:
        figures[f"{name}_all_right"] = verify.score(cases, said[name])["all"]
        figures[f"{name}_cpu_s"] = round(statistics.median(seconds[name]), 3)
    for name in ("final", "fresh"):
        pairs = list(zip(said["draft"], said[name], strict=True))
        for factor in ("actor", "place", "motion"):
            kept = [one.factors[factor] == two.factors[factor] for one, two in pairs]
            figures[f"{name}_keeps_{factor}"] = round(statistics.mean(kept), 3)
        far = [np.hypot(*(one.track - two.track).T).mean() for one, two in pairs]
        figures[f"{name}_path_pixels"] = round(float(np.median(far)), 2)
    return figures


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
