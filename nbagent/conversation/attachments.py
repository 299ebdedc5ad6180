"""What is sent of a variable that a turn names: text, within a budget for each.

A value is looked at, never asked to describe itself: no `repr` or `str` of a user's own
class is called, which may raise, take a minute, or say what it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nbagent.conversation.clip import Clip
from nbagent.conversation.figures import figure_in
from nbagent.conversation.kinds import look_up
from nbagent.conversation.pictures import Shown

MAX_CHARS: Final = 2_000
"""The budget of one variable: its schema and summary fit, a whole table does not."""

_MAX_ROWS: Final = 100_000  # a summary of more would be waited for
_MAX_COLUMNS: Final = 40
_MAX_ITEMS: Final = 20
_MAX_DEPTH: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A variable as it is sent.

    Attributes:
        name: Its name in the turn, without the @.
        type: Class name.
        text: What is sent.
        whole_chars: How long the text was before it was cut to the budget.
    """

    name: str
    type: str
    text: str
    whole_chars: int

    @property
    def is_cut(self) -> bool:
        """Whether a part is left out."""
        return self.whole_chars > len(self.text)


def attached(names: Iterable[str], values: Mapping[str, object]) -> list[Attachment]:
    """Return what is sent of variables; of names that are none, nothing."""
    known = [name for name in dict.fromkeys(names) if name in values]
    return [attach(name, values[name]) for name in known]


def attach(name: str, value: object) -> Attachment:
    """Return what is sent of a variable."""
    kind = type(value).__name__
    try:
        text = _text(value)
    except Exception as error:  # noqa: BLE001  the border: a value may do anything
        text = f"it cannot be looked at ({type(error).__name__})"
    return Attachment(
        name=name, type=kind, text=text[:MAX_CHARS], whole_chars=len(text)
    )


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, BaseException):
        return _error(value)
    if isinstance(value, Clip):
        return f"clip {value.name}: {value.prompt}, seed {value.seed}"
    if isinstance(value, Shown):
        return value.refusal or "the picture that a cell showed last"
    look = look_up(value, _LOOKS)
    return _plain(value) if look is None else look(value)


def _picture(image: Any) -> str:
    width, height = image.size
    return f"picture {width}x{height}, {image.mode}"


def _table(table: Any) -> str:
    rows, width = table.shape
    lines = [f"{rows} rows x {width} columns"]
    head = table.head(_MAX_ROWS)
    # By place: one name may stand over several columns.
    at = head.iloc if hasattr(head, "iloc") else head
    lines += [
        f"{str(column)[:80]}: {_series(at[:, place])}"
        for place, column in enumerate(list(table.columns)[:_MAX_COLUMNS])
    ]
    if width > _MAX_COLUMNS:
        lines.append(f"and {width - _MAX_COLUMNS} more columns")
    return "\n".join(lines)


def _series(series: Any) -> str:
    """Return the type of a column and what is in it, without asking its objects."""
    import numpy as np

    values = series.to_numpy()
    if values.dtype.kind in "iufb":
        return f"{series.dtype}, {_range(np.asarray(values, dtype=float))}"
    if values.dtype.kind in "mM":
        return (
            f"{series.dtype}, {values.min()} to {values.max()}"
            if len(values)
            else (f"{series.dtype}, empty")
        )
    texts = dict.fromkeys(v for v in values if type(v) is str)
    shown = ", ".join(repr(text[:60]) for text in list(texts)[:6])
    more = f" and {len(texts) - 6} more" if len(texts) > 6 else ""
    return (
        f"{series.dtype}, {len(texts)} texts: {shown}{more}"
        if texts
        else (f"{series.dtype}, {len(values)} objects")
    )


def _arrow(table: Any) -> str:
    lines = [f"{table.num_rows} rows x {table.num_columns} columns"]
    fields = list(table.schema)[:_MAX_COLUMNS]
    return "\n".join([*lines, *(f"{field.name}: {field.type}" for field in fields)])


def _tensor(tensor: Any) -> str:
    sides = "x".join(str(int(side)) for side in tensor.shape)
    return f"tensor {sides} of {tensor.dtype}, on {tensor.device}"


def _array(array: Any) -> str:
    import numpy as np

    shape = "x".join(str(n) for n in array.shape)
    if array.dtype.kind not in "iufb":
        return f"array {shape} of {array.dtype}"
    part = np.asarray(array.reshape(-1)[: _MAX_ROWS * 10], dtype=float)
    return f"array {shape} of {array.dtype}, {_range(part)}"


def _range(numbers: Any) -> str:
    import numpy as np

    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return "no numbers"
    text = f"{known.min():.4g} to {known.max():.4g}, mean {known.mean():.4g}"
    missing = numbers.size - known.size
    return f"{text}, {missing} missing" if missing else text


def _figure(artist: Any) -> str:
    figure = figure_in(artist)
    if figure is None:
        return "in no figure"
    lines = ["figure"]
    for axis in figure.axes:
        said = [
            f"{label} {text!r}"
            for label, text in (
                ("title", axis.get_title()),
                ("x", axis.get_xlabel()),
                ("y", axis.get_ylabel()),
            )
            if text
        ]
        lines.append(f"axes: {', '.join(said) or 'without words'}")
    return "\n".join(lines)


def _error(error: BaseException) -> str:
    """Return an error's class, line and own words, if those are plain texts."""
    said = " ".join(arg for arg in error.args if type(arg) is str)
    at, trace = "", error.__traceback__
    while trace is not None:
        at = f" (line {trace.tb_lineno} of {trace.tb_frame.f_code.co_name})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {said}{at}"


def _plain(value: object, depth: int = 0) -> str:
    """Write plain values as Python does, objects of other classes by class alone."""
    kind = type(value)
    if kind in (int, float, bool, str, bytes, type(None)):
        return repr(value)[:200]
    if depth < _MAX_DEPTH:
        if isinstance(value, dict) and kind is dict:
            pairs = [
                f"{_plain(k, depth + 1)}: {_plain(v, depth + 1)}"
                for k, v in list(value.items())[:_MAX_ITEMS]
            ]
            return f"{{{_listed(pairs, len(value))}}}"
        if isinstance(value, (list, tuple)) and kind in (list, tuple):
            items = [_plain(v, depth + 1) for v in value[:_MAX_ITEMS]]
            return f"[{_listed(items, len(value))}]"
    return f"an object of {kind.__module__}.{kind.__qualname__}"


def _listed(items: list[str], total: int) -> str:
    more = [f"... {total} in all"] if total > len(items) else []
    return ", ".join(items + more)


_LOOKS: Final[Mapping[tuple[str, str], Callable[[Any], str]]] = {
    ("PIL", "Image"): _picture,
    ("matplotlib", "Artist"): _figure,
    ("numpy", "ndarray"): _array,
    ("pandas", "DataFrame"): _table,
    ("pandas", "Series"): _series,
    ("polars", "DataFrame"): _table,
    ("polars", "Series"): _series,
    ("pyarrow", "Table"): _arrow,
    ("torch", "Tensor"): _tensor,
}
