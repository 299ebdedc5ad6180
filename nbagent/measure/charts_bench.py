"""`nbagent bench charts`: seconds that a second of a chart takes, and matplotlib's own.

Bars that grow, lines that draw themselves and a race, 1280x720 at 30 frames a second. The
other side is what a user writes: a figure of pyplot, `FuncAnimation` that sets only what
moves, and `save`. Both films are encoded by the same x264 with the same options in this
process, so that no program called ffmpeg is needed, and nobody's encoder counts.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib import use
from matplotlib.animation import AbstractMovieWriter, FuncAnimation
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbagent.charts.chart_renderer import draw
from nbagent.charts.intake import table_of
from nbagent.ledger import Ledger
from nbagent.measure.workbench import median_ratio
from nbagent.media import write_video
from nbagent.take import Take
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

Spent = tuple[float, float]
"""Seconds, and processor seconds of this process with all its threads."""

SECONDS: Final = 5.0
_YEARS: Final = np.arange(2010, 2025)
_NAMES: Final = "Coal Gas Wind Sun Water Wood Tide Steam Oil Peat".split()
_SHARES: Final = np.abs(
    np.array([[40 - 2.5 * i, 4 * i - 14.5] for i in range(len(_NAMES))])
    @ np.stack([np.ones(len(_YEARS)), np.linspace(0, 1, len(_YEARS))])
)  # (names, years)
_ROWS: Final = [
    {"source": name, "year": int(year), "share": float(share)}
    for name, shares in zip(_NAMES, _SHARES, strict=True)
    for year, share in zip(_YEARS, shares, strict=True)
]
_BARS: Final = {"source": _NAMES, "share": _SHARES[:, -1].tolist()}

Update = Callable[[float], None]
"""Sets what moves to a share of the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A chart, and the same in matplotlib."""

    chart: Chart
    data: Any
    plain: Callable[[Axes], Update]


def charts(rounds: int, seconds: float = SECONDS) -> dict[str, Any]:
    """Compare each chart with matplotlib's own, in turns; all of it moves all the time.

    Args:
        rounds: Measured pairs; one more warms both up.
        seconds: Of each film.

    Returns:
        Of each chart the median of the ratios (matplotlib's seconds to ours), by the clock
        and by the processor, and the seconds that a second of film takes.
    """
    use("agg")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, case in _CASES.items():
            chart = replace(case.chart, seconds=seconds, end_hold_s=0.0)
            own = replace(case, chart=chart)
            pairs = [_pair(own, Path(folder), n) for n in range(rounds + 1)][1:]
            found[name] = _figures(pairs, seconds)
    return found | {"frames": round(seconds * 30), "rounds": rounds}


def _figures(pairs: Sequence[tuple[Spent, Spent]], seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for i, clock in enumerate(("", "cpu_")):
        both = [(theirs[i], ours[i]) for ours, theirs in pairs]
        found[f"{clock}ratio_median"] = median_ratio(both)
        found[f"{clock}ratios"] = [round(theirs / ours, 2) for theirs, ours in both]
        for side, whose in enumerate(("matplotlib", "nbagent")):
            each = [pair[side] / seconds for pair in both]
            found[f"{whose}_{clock}s_per_s"] = round(statistics.median(each), 3)
    return found


def _pair(case: _Case, folder: Path, number: int) -> tuple[Spent, Spent]:
    """Make both films and return what ours and what matplotlib's took."""
    sides = {"ours": _ours, "theirs": _theirs}
    if number % 2:
        sides = dict(reversed(sides.items()))
    spent = {}
    for whose, make in sides.items():
        with tempfile.TemporaryDirectory(dir=folder) as place:
            began_s, began_cpu_s = time.monotonic(), time.process_time()
            make(case, Path(place))
            spent[whose] = (
                time.monotonic() - began_s,
                time.process_time() - began_cpu_s,
            )
    return spent["ours"], spent["theirs"]


def _ours(case: _Case, place: Path) -> None:
    """Draw the film as a worker does, into a store of its own."""
    with Ledger(place) as ledger:
        data = ledger.put_file(table_of(case.data).to_bytes(), ".csv")
        chart = replace(case.chart, data=data)
        take = Take(
            operation="chart",
            model="",
            model_revision="",
            prompt="",
            shot={},
            seed=0,
            num_inference_steps=1,
            guidance_scale=0.0,
            chart=chart,
            **chart.measures(is_draft=False)._asdict(),
        )
        ledger.add_take(take)
        draw(take, ledger, lambda *_: None)


def _theirs(case: _Case, place: Path) -> None:
    """Save the film as a user of matplotlib does."""
    # pyplot's state is a process's own: only here, where nothing else draws.
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(12.8, 7.2), dpi=100)
    update = case.plain(axes)
    frames = case.chart.num_frames

    def moved(index: int) -> Sequence[Artist]:
        update(index / (frames - 1))
        return ()

    film = FuncAnimation(figure, moved, frames=frames, init_func=tuple)
    film.save(place / "plain.mp4", writer=_Writer(fps=round(case.chart.fps)))
    pyplot.close(figure)


class _Writer(AbstractMovieWriter):
    """Grabs frames as matplotlib's writer of ffmpeg does, and encodes them as clips are."""

    def setup(self, fig: Figure, outfile: Any, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi)
        self._frames: list[npt.NDArray[np.uint8]] = []

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        pixels = io.BytesIO()
        self.fig.savefig(pixels, format="rgba", dpi=self.dpi, **savefig_kwargs)
        width, height = self.frame_size
        frame = np.frombuffer(pixels.getbuffer(), np.uint8)
        self._frames.append(frame.reshape(height, width, 4)[..., :3])

    def finish(self) -> None:
        write_video(Path(self.outfile), np.stack(self._frames), self.fps, None)


def _bars(axes: Axes) -> Update:
    values = _SHARES[:, -1]
    bars = axes.bar(_NAMES, values, color="#0072b2")
    words = axes.bar_label(bars, fmt="%.1f")
    axes.set_ylim(0, 1.1 * values.max())

    def update(share: float) -> None:
        for bar, word, value in zip(bars, words, values, strict=True):
            bar.set_height(share * value)
            word.set_text(f"{share * value:.1f}")
            word.xy = (word.xy[0], share * value)

    return update


def _lines(axes: Axes) -> Update:
    lines = [axes.plot([], [], lw=2.5)[0] for _ in _NAMES]
    words = [axes.text(0, 0, name) for name in _NAMES]
    axes.set_xlim(_YEARS[0], _YEARS[-1] + 1)
    axes.set_ylim(0, 1.1 * _SHARES.max())

    def update(share: float) -> None:
        end = _YEARS[0] + share * (_YEARS[-1] - _YEARS[0])
        x = np.append(_YEARS[end > _YEARS], end)
        for line, word, values in zip(lines, words, _SHARES, strict=True):
            y = np.interp(x, _YEARS, values)
            line.set_data(x, y)
            word.set_position((end, y[-1]))

    return update


def _race(axes: Axes) -> Update:
    bars = axes.barh(range(len(_NAMES)), _SHARES[:, 0], color="#0072b2")
    names = [axes.text(0, 0, name, ha="right", va="center") for name in _NAMES]
    words = [axes.text(0, 0, "", va="center") for _ in _NAMES]
    year = axes.text(0.95, 0.05, "", size=44, ha="right", transform=axes.transAxes)
    axes.set_yticks([])
    axes.invert_yaxis()

    def update(share: float) -> None:
        at = _YEARS[0] + share * (_YEARS[-1] - _YEARS[0])
        values = np.array([np.interp(at, _YEARS, one) for one in _SHARES])
        ranks = np.argsort(np.argsort(-values))
        for i, (rank, value) in enumerate(zip(ranks, values, strict=True)):
            bars[i].set_width(value)
            bars[i].set_y(rank - 0.4)
            names[i].set_position((-0.2, rank))
            words[i].set_position((value + 0.2, rank))
            words[i].set_text(f"{value:.1f}")
        axes.set_xlim(0, 1.1 * values.max())
        year.set_text(str(int(at)))

    return update


_CASES: Final[Mapping[str, _Case]] = {
    "bars grow": _Case(
        chart=Chart(data="", view=View(x="source", y="share")),
        data=_BARS,
        plain=_bars,
    ),
    "lines are drawn": _Case(
        chart=Chart(
            data="", view=View(mark="line", x="year", y="share", group="source")
        ),
        data=_ROWS,
        plain=_lines,
    ),
    "a race": _Case(
        chart=Chart(
            data="", view=View(x="source", y="share", time="year"), move="race"
        ),
        data=_ROWS,
        plain=_race,
    ),
}
