"""How many turns about data end in the right animation: `python -m tests.moves FILE...`.

A line of a file is a notebook in small: `setup` is code that makes the variables, `turns` is
what is typed, and `expect` says, for each turn, what a reasonable user must then see. The
turns go the whole way to a chart; frames are put into the store as if they had been drawn.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import matplotlib.pyplot as plt
from matplotlib.colors import is_color_like, same_color

from nbagent.charts.cells import kept_rows
from nbagent.charts.names import fold
from nbagent.charts.table import Table
from nbagent.conversation import charted_data
from nbagent.conversation.context import variables
from nbagent.conversation.pictures import Shown
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import NbagentError
from nbagent.jobs.engine import Engine
from nbagent.language.state import SHOWN
from nbagent.settings import Settings
from nbagent.take.chart import Chart
from tests.test_session import store

_COLUMNS: Final = ("x", "y", "group")
_NEAR: Final = 0.15  # of a length that was said


def main(argv: list[str] | None = None) -> int:
    """Print what is wrong, and how many cases and turns are right.

    Turns are counted as far as the first that fails: those behind it have no chart to change.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.moves", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(argv)
    lines = [line for path in options.files for line in path.read_text().splitlines()]
    rows = [json.loads(line) for line in lines if line.strip()]
    right = right_turns = turns = 0
    for row in rows:
        heard = [*played(row)]
        wrong = heard[-1]
        right += not wrong
        turns += len(heard)
        right_turns += len(heard) - bool(wrong)
        for fault in wrong:
            sys.stdout.write(f"{row['id']}: {fault}\n")
        sys.stdout.flush()
    sys.stdout.write(
        f"{right} of {len(rows)} right; {right_turns} of {turns} turns right\n"
    )
    return 0


def played(row: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield what each of a case's turns does not come to, as far as the first that fails."""
    values = notebook(row["setup"])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NBAGENT_STORE"] = folder
        settings = Settings.from_env()
        session = Session(settings=settings, engine=Engine(settings))
        try:
            for turn, expected in zip(row["turns"], row["expect"], strict=True):
                wrong = list(_off(session, turn, values, expected))
                yield [f"{turn!r}: {fault}" for fault in wrong]
                if wrong:
                    return
        finally:
            session.close()


def notebook(setup: str) -> dict[str, Any]:
    """Run the code that makes the variables; return them, and what was shown last."""
    plt.close("all")
    values: dict[str, Any] = {}
    exec(setup, values)
    values = {n: v for n, v in values.items() if not n.startswith("__")}
    if plt.get_fignums():
        values[SHOWN] = Shown(is_figure=True, figure=plt.gcf())
    return values


def _off(
    session: Session, turn: str, values: dict[str, Any], expected: Mapping[str, Any]
) -> Iterator[str]:
    """Yield how a turn's end differs from what is expected."""
    try:
        reply = session.hear(
            turn,
            {"draft": True},
            cell_id=uuid4().hex,
            variables=variables(values),
            values=values,
        )
    except NbagentError as error:
        if not expected.get("error"):
            yield f"refused: {error}"
        return
    if expected.get("error") and not (reply.plan.offers and not reply.takes):
        yield f"not refused: {_told(reply)}"
    elif expected.get("asks") or expected.get("error"):
        # A guess that is said, with what else there is, is an answer to that.
        if not (reply.answer or any("say" in note for note in reply.notes)):
            yield f"not asked: {_told(reply)}"
        store(session, reply)
    elif expected.get("checks", {}).get("undo") and len(reply.shows) == 1:
        # What is gone back to is shown again, and no new clip.
        takes = session.record.names_to_takes()
        chart = session.ledger.take(takes[reply.shows[0]]).chart
        assert chart is not None
        source = charted_data.stored(chart, session.ledger)
        yield from differences(source.settled(chart), expected, source.table)
    elif len(reply.takes) != 1:
        yield f"no clip: {_told(reply)}"
    elif reply.takes[0].chart is None:
        yield f"no chart: {_told(reply)}"
    else:
        chart = reply.takes[0].chart
        source = charted_data.stored(chart, session.ledger)
        settled = source.settled(chart)
        yield from differences(settled, expected, source.table)
        store(session, reply)


def _told(reply: Reply) -> str:
    shown = [take.prompt for take in reply.takes]
    return f"{reply.plan.intent}: {reply.answer or shown}"


def differences(
    chart: Chart, expected: Mapping[str, Any], table: Table | None
) -> Iterator[str]:
    """Yield what a chart has otherwise than expected."""
    last = chart.views[-1]
    mark = "figure" if chart.is_figure else last.mark
    if (said := expected.get("mark")) and mark not in (said, "figure"):
        yield f"mark {mark}, not {said}"
    if (
        (said := expected.get("move"))
        and not chart.is_figure
        and chart.entrance != said
    ):
        yield f"move {chart.entrance}, not {said}"
    for name in () if chart.is_figure else _COLUMNS:
        said, found = expected.get(name), getattr(last, name)
        if mark == "histogram" and name != "group":  # whichever of its axes is meant
            found = last.y or last.x
        seen = {fold(found), fold(last.colour)} if name == "group" else {fold(found)}
        if name == "y" and str(said) in _kept(chart):  # a year that was a column
            continue
        if name == "y" and mark == "heatmap":  # or what stands along its side
            seen.add(fold(last.group))
        if isinstance(said, list):  # several measures are there, and no other
            is_off = {*map(fold, said)} != {*map(fold, (last.y, *last.also))}
        else:
            is_off = bool(said) and fold(str(said)) not in seen
        if is_off:
            yield f"{name} {found}, not {said}"
    yield from _unchecked(chart, expected.get("checks", {}), table)


def _unchecked(
    chart: Chart, checks: Mapping[str, Any], table: Table | None
) -> Iterator[str]:
    """Yield what else was said, and is otherwise."""
    for name, said in checks.items():
        if chart.is_figure and name not in _OF_ANY:
            continue
        found = _FOUND[name](chart) if name in _FOUND else None
        if name == "keep" and (_is_kept(chart, said) or _is_left(chart, said, table)):
            continue
        if name == "seconds" and _agrees(name, chart.duration_s, said):
            continue  # all of it, with what stands at its ends
        if name in _FOUND and not _agrees(name, found, said):
            yield f"{name} {found}, not {said}"


def _agrees(name: str, found: Any, said: Any) -> bool:
    if name in ("colours", "colour"):
        named = said if isinstance(said, list) else [said]
        return all(
            not is_color_like(a) or any(same_color(a, b) for b in found) for a in named
        )
    if name in ("seconds", "hold", "threshold"):
        return bool(found) and math.isclose(float(found), float(said), rel_tol=_NEAR)
    if name in ("keep", "others", "highlight", "series"):
        return {*map(_text, said)} <= {*map(_text, found)}
    if name in ("log", "trend", "still", "stacked", "grouped", "stagger"):
        return bool(found) == bool(said)
    if name == "aspect":
        wide, high = (float(n) for n in str(said).split(":"))
        return math.isclose(found, wide / high, rel_tol=0.02)
    return fold(str(found)) == fold(str(said))


def _text(value: Any) -> str:
    """Return a value as it is compared: 13.0 is 13."""
    return fold(f"{value:g}" if isinstance(value, float) else str(value))


_OF_ANY: Final = ("seconds", "hold", "aspect", "stagger", "still")
"""What a figure can be told, too."""


def _kept(chart: Chart) -> list[str]:
    said = [v for one in chart.views[-1].keep for v in one.values]
    return [f"{v:g}" if isinstance(v, float) else str(v) for v in said]


def _is_kept(chart: Chart, said: list[str]) -> bool:
    """Return whether filters leave these values, and name them or those that go."""
    found = {fold(one) for one in _kept(chart)}
    wanted = {fold(str(one)) for one in said}
    is_out = all(one.test == "not" for one in chart.views[-1].keep)
    return bool(found) and (not wanted & found if is_out else wanted <= found)


def _is_left(chart: Chart, said: list[str], table: Table | None) -> bool:
    """Return whether these values, and no others, are in the rows that filters leave."""
    if table is None or not chart.views[-1].keep:
        return False
    wanted = {fold(str(one)) for one in said}
    left = kept_rows(chart.views[-1], table)
    return any(
        {fold(text) for text in column.texts if text is not None} == wanted
        for column in left.columns
    )


def _colours(chart: Chart) -> tuple[str, ...]:
    """Return the colours of a chart, those of single values with them."""
    own = (one.colour for one in chart.views[-1].own_colours)
    return (*chart.palette, *own)


_FOUND: Final[dict[str, Any]] = {
    "top": lambda chart: chart.views[-1].top,
    "keep": _kept,
    "sort": lambda chart: chart.views[-1].sort,
    "highlight": lambda chart: (*chart.views[-1].highlight, *chart.views[-1].span),
    "seconds": lambda chart: chart.seconds,
    "hold": lambda chart: chart.end_hold_s,
    "title": lambda chart: chart.title,
    "theme": lambda chart: chart.theme,
    "aspect": lambda chart: chart.width / chart.height,
    "colours": _colours,
    "colour": _colours,
    "threshold": lambda chart: chart.views[-1].threshold,
    "trend": lambda chart: chart.views[-1].has_trend,
    "log": lambda chart: chart.views[-1].log or chart.views[-1].log_x,
    "size": lambda chart: chart.views[-1].size,
    "time": lambda chart: chart.views[-1].time or chart.views[-1].x,
    "bins": lambda chart: chart.views[-1].bins,
    "aggregate": lambda chart: chart.views[-1].way,
    "stacked": lambda chart: chart.views[-1].stacking == "stacked",
    "grouped": lambda chart: chart.views[-1].stacking == "grouped",
    "stagger": lambda chart: chart.turns == "in turn",
    "panel": lambda chart: chart.views[-1].facet,
    "still": lambda chart: chart.is_still,
    "series": lambda chart: (
        chart.views[-1].y,
        *chart.views[-1].also,
    ),
}


if __name__ == "__main__":
    raise SystemExit(main())
