"""Which variable of the notebook a turn is about: a table, an array, a picture."""

from __future__ import annotations

import re
from typing import Final

from nbagent.language.state import State, Variable
from nbagent.conversation.stems import content_words, stem, stems

_I: Final = re.IGNORECASE


def data_matches(text: str, state: State) -> int:
    """Count the words of a turn that names, summaries and columns of data have."""
    words = {stem(w) for w in content_words(text)}
    return len({w for v in state.variables if v.is_data for w in words & _words(v)})


def data_target(text: str, state: State) -> list[str]:
    """Return the data that a question is about: by names, columns, or the only table."""
    candidates = [v for v in state.variables if v.is_data] or [
        v for v in state.variables if v.type != "Clip"
    ]
    if not candidates:
        return []
    words = {stem(w) for w in content_words(text)}
    scored = [(len(words & _words(v)), v.name) for v in candidates]
    best = max(score for score, _ in scored)
    if best:
        return [next(name for score, name in scored if score == best)]
    kinds = {
        "DataFrame": r"table|data ?frame|df\b|rows?|columns?|표|데이터|表|数据|tabla|tabelle",
        "ndarray": r"array|matrix|배열|数组|matriz",
        "list": r"list|리스트|列表|lista|liste",
        "str": r"text|string|문자|텍스트|文本|texto",
    }
    for variable in candidates:
        if re.search(kinds.get(variable.type, r"$^"), text, _I):
            return [variable.name]
    tables = [v.name for v in candidates if v.type == "DataFrame"]
    return [(tables or [v.name for v in candidates])[0]]


def figures(state: State) -> list[str]:
    """List the variables that are plots."""
    return [v.name for v in state.variables if v.type in ("Figure", "Axes")]


def picture_target(text: str, state: State) -> list[str]:
    """Return the picture, plot or array that is to be set in motion."""
    pictures = [v for v in state.variables if v.is_picture]
    arrays = [v for v in state.variables if v.type in ("ndarray", "list")]
    images = [c for c in state.clips if c.kind == "image"]
    words = {stem(w) for w in content_words(text)}
    scored = [(len(words & stems(v.name, v.summary)), 0, v.name) for v in pictures]
    scored += [(len(words & stems(v.name, v.summary)), 0, v.name) for v in arrays]
    scored += [
        (len(words & stems(f"{c.caption} {c.user}")), i, c.ref)
        for i, c in enumerate(images)
    ]
    if scored and max(scored)[0]:
        best = max(score for score, _, _ in scored)
        return [max((i, ref) for score, i, ref in scored if score == best)[1]]
    chart = re.search(
        r"\b(?:plot|chart|graph|figure|curve|bars?|lines?|axes|axis)\b|그래프|차트|图表|"
        r"gráfic|diagramm",
        text,
        _I,
    )
    plots = figures(state)
    photos = [v.name for v in pictures if v.type not in ("Figure", "Axes")]
    if chart and plots:
        return [plots[-1]]
    if (
        re.search(r"\b(?:photo|portrait|picture|image|drawing|painting)\b", text, _I)
        and photos
    ):
        return [photos[-1]]
    if images:
        return [images[-1].ref]
    rest = photos or plots or [v.name for v in arrays]
    if rest:
        return [rest[-1]]
    return [state.clips[-1].ref] if state.clips else []


def described_picture(text: str, state: State, *, fits_clip: bool) -> str | None:
    """Return a picture variable where the question is about one and no clip fits."""
    pictures = [v for v in state.variables if v.is_picture]
    if not pictures:
        return None
    words = {stem(w) for w in content_words(text)}
    for variable in pictures:
        if words & stems(variable.name, variable.summary) and not fits_clip:
            return variable.name
    return None if state.clips else pictures[-1].name


def _words(variable: Variable) -> set[str]:
    said = " ".join(
        (variable.name.replace("_", " "), variable.summary, *variable.columns)
    )
    generic = {"row", "column", "value", "data", "list", "number", "table"}
    return {stem(w) for w in content_words(said)} - generic
