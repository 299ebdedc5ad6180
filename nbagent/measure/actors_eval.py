"""`nbagent eval actors`: is each of pocket's actors recognised where it was never shown?

    nbagent eval actors
    nbagent eval actors --n 12 --json
    nbagent eval actors --actors butterfly elephant horse --n 20

Each actor is asked for at places that were held out of its training, in motions, hours and
paces by lot. The first try and what a notebook shows, which tries up to three seeds, are
read by the verifier; its own reading of true renders of the same scenes stands beside. What
is printed is a table of Markdown.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from nbagent.acts.plan import Plan
from nbagent.errors import SpecError
from nbagent.measure.workbench import Frames, Workbench
from nbagent.pocket import captions, verify
from nbagent.pocket import vocabulary as words
from nbagent.pocket.taught import taught
from nbagent.pocket.world import Scene, render
from nbagent.system.arguments import Parser
from nbagent.take import Take

ASKED: Final = 0.9
_COLUMNS: Final = 3  # actors in a row of the table
_SAID: Final = ("actor", "place", "time", "motion", "pace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the verifier takes an actor for in one scene.

    Attributes:
        first: In the first try.
        shown: In the clip that a notebook shows.
        true: In a true render.
    """

    first: str
    shown: str
    true: str


def main(argv: list[str] | None = None) -> int:
    """Make the clips, judge them and print the table; return the exit code."""
    parser = Parser(prog="nbagent eval actors", description=__doc__)
    parser.add_argument("--n", type=int, default=6, help="clips of each actor (6)")
    parser.add_argument("--actors", nargs="+", help="these alone, like cat 'red ball'")
    parser.add_argument("--model", default="pocket", help="pocket, or a folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    actors = tuple(options.actors or words.ACTORS)
    if unknown := [one for one in actors if one not in words.ACTORS]:
        raise SpecError(
            f"pocket has no actor {unknown[0]!r}: it has {', '.join(words.ACTORS)}"
        )
    if options.n < 1:
        raise SpecError(f"{options.n} clips of each actor prove nothing: use 1 or more")
    judge = verify.load_verifier()
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder), options.model)
        seen = {
            actor: [_seen(bench, judge, one) for one in scenes(actor, options.n)]
            for actor in actors
        }
    report = _report(seen) | {"n": options.n}
    sys.stdout.write(json.dumps(report) + "\n" if options.json else _table(report))
    return 0


def scenes(actor: str, n: int) -> list[Scene]:
    """Draw scenes of an actor at the places where training never showed it, in turn."""
    places = [
        place
        for place in words.PLACES
        if words.is_held_out_pair(actor, place)
        and place != f"plain {words.colour_and_noun(actor)[0]}"  # nobody could see it
    ]
    rng = np.random.default_rng([77, words.ACTORS.index(actor)])
    drawn = []
    for number in range(n):
        place = places[number % len(places)]
        motion = captions.pick(rng, words.MOTIONS)
        time, pace = captions.pick(rng, words.TIMES), captions.pick(rng, words.PACES)
        drawn.append(
            Scene(
                actor=actor,
                place=place,
                time=time if words.has_time(place) else "day",
                motion=motion,
                pace=pace if motion != "stay" else "normal",
                seed=number,
            )
        )
    return drawn


def asked(bench: Workbench, scene: Scene) -> Take:
    """Return the take of a turn that asks for a scene."""
    prompt = taught({name: str(getattr(scene, name)) for name in _SAID})
    plan = Plan(intent="generate_video", prompt=prompt)
    return bench.composed(plan, seed=1000 + scene.seed).takes[0]


def _seen(bench: Workbench, judge: verify.Verifier, scene: Scene) -> Seen:
    """Make the clip of a scene, and say what its actor is taken for."""
    take = asked(bench, scene)
    shown, frames = bench.shown(take)
    first: Frames = frames
    if shown.id != take.id:  # without a scene nobody looks, and the first try stays
        first = bench.frames(replace(take, shot={}))
    clips = [first, frames, render(scene)]
    # One by one: a true render may be of another size.
    found = [verify.judge(judge, [clip])[0].factors["actor"] for clip in clips]
    return Seen(first=found[0], shown=found[1], true=found[2])


def _report(seen: dict[str, list[Seen]]) -> dict[str, Any]:
    rows = dict[str, dict[str, Any]]()
    for actor, ones in seen.items():
        others = Counter(one.first for one in ones if one.first != actor)
        rows[actor] = {
            "first": _share([one.first == actor for one in ones]),
            "best of 3": _share([one.shown == actor for one in ones]),
            "verifier": _share([one.true == actor for one in ones]),
            "taken for": [name for name, _ in others.most_common()],
        }
    return {
        "actors": rows,
        "mean": {
            column: _share([row[column] for row in rows.values()])
            for column in ("first", "best of 3", "verifier")
        },
        f"below {ASKED}": [a for a, row in rows.items() if row["best of 3"] < ASKED],
    }


def _share(marks: Sequence[float]) -> float:
    return round(float(np.mean(marks)), 3)


def _table(report: dict[str, Any]) -> str:
    """Write the report as a table of Markdown, and what is mistaken below it."""
    rows = report["actors"]
    cells = [
        f"{actor} | {row['first']:.2f} | {row['best of 3']:.2f}"
        for actor, row in rows.items()
    ]
    lines = [
        "|" + " actor | first try | best of 3 |" * _COLUMNS,
        "|" + " --- | --- | --- |" * _COLUMNS,
    ]
    height = -(-len(cells) // _COLUMNS)
    for at in range(height):
        of_row = cells[at::height] + ["| |"] * _COLUMNS
        lines.append(f"| {' | '.join(of_row[:_COLUMNS])} |")
    mistaken = [
        f"{actor} ({row['first']:.2f}: {', '.join(row['taken for'])})"
        for actor, row in rows.items()
        if row["taken for"]
    ]
    mean = report["mean"]
    lines += [
        "",
        f"Mean of {len(rows)} actors: {mean['first']:.3f} at the first try,"
        f" {mean['best of 3']:.3f} of three; the verifier on true renders"
        f" {mean['verifier']:.3f}; {report['n']} clips of each.",
        f"Below {ASKED} of three: {', '.join(report[f'below {ASKED}']) or 'none'}.",
        f"Taken for another at the first try: {'; '.join(mistaken) or 'none'}.",
    ]
    return "\n".join(lines) + "\n"
