"""The data of a chart: what of a notebook can be one, and what the store keeps of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nbagent.acts.chart import Show
from nbagent.acts.charted import Names
from nbagent.charts.columns import is_time, settled, time_column
from nbagent.charts.intake import table_of as read
from nbagent.charts.names import TableNames, same
from nbagent.charts.recording import Recording
from nbagent.charts.table import Table, offered
from nbagent.charts.wide import lengthened, tidied
from nbagent.conversation import browser_charts, figures, pictures
from nbagent.conversation.clip import Clip
from nbagent.conversation.kinds import is_named_numbers, look_up
from nbagent.conversation.pictures import Shown
from nbagent.conversation.record import Record
from nbagent.conversation.tables import TABLES, table_of
from nbagent.errors import SpecError
from nbagent.language.state import SHOWN
from nbagent.ledger import Ledger
from nbagent.take.chart import TIMED, Chart
from nbagent.take.chart_view import View

_MOST_BARS: Final = 40  # that a chart has room for
_LARGEST: Final = 20  # of more than those
_LINES: Final = 8
_TIME_S: Final = 0.5  # for each time that is gone through
_LONGEST_S: Final = 20.0
_ENOUGH: Final = 20_000  # rows, to know what a column has


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A chart and its data, as they are kept.

    Attributes:
        chart: Perhaps of a table that was summed up.
        file: The bytes of the data.
        suffix: Of its file.
        notes: What was put together or left out.
    """

    chart: Chart
    file: bytes
    suffix: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """What a chart is made of.

    Attributes:
        chart: As it is before anything is asked.
        table: Of a table.
        recording: Of a figure.
        notes: What of it is left out.
        key: The column that a wide table's columns became.
    """

    chart: Chart
    table: Table | None = None
    recording: Recording | None = None
    notes: tuple[str, ...] = ()
    key: str = ""

    @property
    def names(self) -> Names:
        """What things are called in it; of a figure no column is known."""
        if self.recording is not None:
            return _OfFigure(self.recording)
        assert self.table is not None
        return TableNames(self.table)

    def settled(self, chart: Chart) -> Chart:
        """Return a chart with every column that its first view shows."""
        if self.table is None:
            return chart
        return settled(chart, self.table)

    def kept(self, chart: Chart) -> Data:
        """Return a chart and its data as they are kept, once they can be drawn.

        Raises:
            SpecError: If the data cannot be shown so.
        """
        if self.recording is not None:
            from nbagent.charts.figure_drawing import FigureDrawing

            size = chart.height, chart.width
            notes = FigureDrawing(chart, self.recording, *size).notes
            return Data(
                chart=chart,
                file=self.recording.to_bytes(),
                suffix=".npz",
                notes=notes,
            )
        from nbagent.charts.drawing import Drawing
        from nbagent.charts.summary import kept

        assert self.table is not None
        chart, table, notes = kept(chart, self.table)
        drawn = Drawing(chart, table)
        notes = (*notes, *drawn.notes)
        return Data(chart=chart, file=table.to_bytes(), suffix=".csv", notes=notes)


class _OfFigure:
    """The names of a figure: it has parts, but no columns."""

    def __init__(self, recording: Recording) -> None:
        self._parts = tuple(dict.fromkeys(n for p in recording.parts for n in p.names))

    def column(self, said: str) -> str:
        raise _no_table(f"column {said!r:.40}")

    def values(self, said: tuple[str, ...], column: str) -> tuple[str, tuple[str, ...]]:
        if column:
            raise _no_table(f"{column} of {', '.join(said)}")
        for one in said:
            if not same(one, self._parts):
                raise SpecError(
                    f"nothing in the figure is called {one!r:.40}:"
                    f" {offered(one, self._parts or ('nothing with a name',))}"
                )
        return "", tuple(same(one, self._parts) for one in said)

    def place(self, said: str, column: str) -> float | str:
        del column
        raise _no_table(said)


def _no_table(said: str) -> SpecError:
    return SpecError(
        f"{said}: a figure is animated as it was drawn, without its table; animate"
        " the table itself, like 'animate @df'"
    )


def is_data(value: object) -> bool:
    """Return whether a value is a table, or a figure that shows some data."""
    if _browser_chart(value) is not None:
        return True
    figure = _figure(value)
    if figure is not None:
        return any(axes.has_data() for axes in figure.axes)
    return _is_table(value)


def source_of(called: str, value: object, said: Iterable[str] = ()) -> Source:
    """Return a value of the notebook as what a chart is made of.

    Args:
        called: What an error calls it.
        value: A table, a figure, a chart of Altair or Plotly, or what has one.
        said: Columns that are named, which a wide table has and a long one may not.

    Raises:
        MissingExtra: If what lays it out is not installed.
        SpecError: If it is neither, or nothing of it can move.
    """
    if (found := _browser_chart(value)) is not None:
        return _of_browser(called, found)
    if (figure := _figure(value)) is not None:
        from nbagent.charts.figure_parts import recording_of

        return _recorded(recording_of(figure, called))
    if isinstance(value, Shown):
        pictures.read(SHOWN, value)  # which may say why it is not even pixels
        raise SpecError(
            f"{called} was shown as pixels, without its data: name the figure or"
            " the table, like 'animate @fig'"
        )
    table = read(value, called)
    long = tidied(table, value, called.removeprefix("@"))
    if long is not None and not set(said) & (set(table.names) - set(long.names)):
        return Source(chart=Chart(data=""), table=long, key=long.names[-2])
    return Source(chart=Chart(data=""), table=table)


def raced(source: Source, shown: Iterable[Show], called: str) -> Source:
    """Return a source whose columns became rows, if those are what is to race."""
    races = [one for one in shown if one.move == "race" and not (one.x or one.y)]
    if source.table is None or not races:
        return source
    long = lengthened(source.table, called, {one.time for one in races})
    return source if long is None else replace(source, table=long)


def _of_browser(called: str, chart: object) -> Source:
    """Return a chart as it is drawn, if it is Altair's, or as its table, if Plotly's."""
    if (spec := browser_charts.vega_of(called, chart)) is not None:
        from nbagent.charts.vega import recording_of

        return _recorded(recording_of(spec, called))
    from nbagent.charts.plotly_figures import chart_of

    made, table, notes = chart_of(browser_charts.plotly_of(chart) or {}, called)
    return Source(chart=made, table=table, notes=notes)


def _recorded(recording: Recording) -> Source:
    chart = Chart(data=".npz", width=recording.width, height=recording.height)
    return Source(chart=chart, recording=recording)


def stored(chart: Chart, ledger: Ledger) -> Source:
    """Return what a chart is made of, out of the store.

    Raises:
        SpecError: If it is not there, or damaged.
    """
    if not ledger.has_file(chart.data):
        raise SpecError(
            "this store does not have the chart's data: animate the variable"
            f" again, like 'animate @{chart.called or 'df'}'"
        )
    kept = _read(ledger.path(chart.data), is_figure=chart.is_figure)
    if isinstance(kept, Recording):
        return Source(chart=chart, recording=kept)
    return Source(chart=chart, table=kept)


@functools.lru_cache(maxsize=8)
def _read(path: Path, *, is_figure: bool) -> Table | Recording:
    """Return the data of a file, which is named by its content."""
    data = path.read_bytes()
    return Recording.from_bytes(data) if is_figure else Table.from_bytes(data)


def tables(
    values: Mapping[str, object], record: Record
) -> Callable[[str], Table | None]:
    """Return what finds the table of a variable, or of a clip, by its name.

    It is what words are read against: of a long table, some rows all over it.
    """
    clips = record.names_to_takes()

    @functools.cache
    def table(name: str) -> Table | None:
        try:
            if name in clips:
                chart = record.ledger.take(clips[name]).chart
                return None if chart is None else stored(chart, record.ledger).table
            if name not in values:
                return None
            if (found := _browser_chart(values[name])) is not None:
                is_plotly = browser_charts.plotly_of(found) is not None
                return _of_browser(name, found).table if is_plotly else None
            if not _is_table(values[name]):
                return None
            table = read(_some(values[name]), name)
            return tidied(table, values[name], name) or table
        except SpecError:
            return None

    return table


def _some(value: Any) -> Any:
    """Return a table with some of its rows, if it has very many."""
    step = len(value) // _ENOUGH if hasattr(value, "iloc") else 0
    return value.iloc[::step] if step > 1 else value


def usual(chart: Chart, source: Source) -> tuple[Chart, list[str]]:
    """Return a chart as such a table is usually shown, if nobody has said how.

    One value for each time is a line; of very many names the largest are shown, which is
    said.
    """
    if source.table is None:
        return chart, []
    if chart.view.mark == "heatmap" and source.key and not chart.view.x:
        view = replace(chart.view, x=source.key)  # what stood across stays across
        return replace(chart, view=view), []
    if chart.view.mark == "line" and not (chart.view.y or chart.view.group):
        view = _all_lines(chart.view, source.table)
        said = f"Shows all {1 + len(view.also)} columns: for one, say 'show"
        notes = [f"{said} {view.y} instead'."] if view.also else []
        return replace(chart, view=view), notes
    if chart.view.mark != "bar" or chart.view.x:
        return chart, []
    times = time_column(source.table)
    if times and not chart.move and source.table[times].count == len(source.table):
        return replace(chart, view=replace(chart.view, mark="line")), []
    along = source.settled(chart).view.x
    count = source.table[along].count
    if count <= _MOST_BARS or chart.view.top is not None or chart.view.keep:
        return chart, []
    view = replace(chart.view, top=_LARGEST)
    said = f"Shows the largest {_LARGEST} of {count:,}; 'the top 20' shows more."
    return replace(chart, view=view), [said]


def _all_lines(view: View, table: Table) -> View:
    """Return a view with a line for each column of a table that has nothing else."""
    numbers = [
        one for one in table.columns if one.kind == "number" and not is_time(one)
    ]
    numbers = [one for one in numbers if one.name != view.x]
    has_words = any(one.kind == "text" for one in table.columns)
    if (
        has_words
        or not 1 < len(numbers) <= _LINES
        or not any(map(is_time, table.columns))
    ):
        return view
    first, *others = (one.name for one in numbers)
    return replace(view, y=first, also=tuple(others))


def paced(chart: Chart, source: Source) -> Chart:
    """Return a chart that goes through its times slowly enough to be followed."""
    if source.table is None or chart.entrance not in TIMED:
        return chart
    view = source.settled(chart).view
    count = source.table[view.time].count
    return replace(chart, seconds=min(_LONGEST_S, max(chart.seconds, count * _TIME_S)))


def others(chart: Chart, source: Source) -> tuple[str, ...]:
    """Return what could have been shown as well, if nobody has said what is."""
    if source.table is None or chart.view.y:
        return ()
    shown = source.settled(chart).view
    used = {*shown.columns.values()}
    return tuple(
        one.name
        for one in source.table.columns
        if one.kind == "number" and one.name not in used and not is_time(one)
    )


def _browser_chart(value: object) -> object | None:
    """Return the chart of Altair or Plotly that a value is, or that a cell showed."""
    if isinstance(value, Shown):
        figure = value.figure
        is_json = isinstance(figure, dict)
        return figure if is_json or browser_charts.is_chart(figure) else None
    return value if browser_charts.is_chart(value) else None


def _figure(value: object) -> Any | None:
    """Return the figure of matplotlib that a value is or has, if its parts can move."""
    if isinstance(value, Shown):
        return value.figure
    if isinstance(value, Clip) or look_up(value, {("matplotlib", "Animation"): True}):
        return None
    return figures.figure_in(value)


def _is_table(value: object) -> bool:
    if look_up(value, TABLES) is None:
        return False
    if isinstance(value, dict | list | tuple):
        return is_named_numbers(value) or table_of(value) is not None
    return True
