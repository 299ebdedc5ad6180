"""A turn as the source of a cell that says it again: these words, and no other code.

What people paste into a turn has line breaks of every kind, and some end a magic's line:
what follows would be run. So a source is used only if IPython and `%agent` read it back as
one call with the same words; else it is Python, where a text can say anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from IPython.core.inputtransformer2 import TransformerManager

from nbagent.errors import SpecError
from nbagent.notebook.line import parse
from nbagent.notebook.options import OF_CLIPS, OPTIONS, options_text, value_text

# Control characters but tab and newline, which editors drop or take for line breaks; the
# line breaks of Unicode; halves of characters; and what lets text look like another.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


def cell_of(words: str, options: Mapping[str, Any]) -> str:
    """Return the source of a cell that says a turn.

    Args:
        words: The turn, byte for byte what it is when the cell is run.
        options: Of it, as they were parsed; they may have been JSON in between.
    """
    if any(options.get(key) for key in OF_CLIPS):  # no line says that
        return _call(words, options)
    said = options_text(options)
    head = f"{said} " if said else ""
    for line in (f"{head}{words}", f"{head}-- {words}"):
        if _is_read_back(f"%agent {line}", "line", (line,), words, said):
            return f"%agent {line}"
    body = f"{words}\n"
    source = f"%%agent {said}".rstrip() + f"\n{words}"
    if _is_read_back(source, "cell", (said, body), words, said):
        return source
    return _call(words, options)


def _call(words: str, options: Mapping[str, Any]) -> str:
    """Return a turn as Python, which any words can be."""
    return f"import nbagent\n\nnbagent.say({text_of(words)!r}{arguments(options)})"


def text_of(words: str) -> str:
    """Return what `nbagent.say` and a clip's methods read as these words, and no more."""
    try:
        is_plain = parse(words) == ({}, words, ())
    except SpecError:
        is_plain = False
    return words if is_plain else f"-- {words}"


def arguments(options: Mapping[str, Any]) -> str:
    """Return options as more arguments of a call: `, seed=7, draft=True`."""
    said = ""
    for option in OPTIONS:
        value = options.get(option.key)
        if value is None or value is False:
            continue
        if not option.value:
            value = True
        elif not (isinstance(value, int | float) and math.isfinite(value)):
            value = value_text(option, value)
        said += f", {option.key}={value!r}"
    of_clips = {key: options[key] for key in OF_CLIPS if options.get(key)}
    return said + "".join(f", {key}={value!r}" for key, value in of_clips.items())


def _is_read_back(
    source: str, kind: str, given: tuple[str, ...], words: str, said: str
) -> bool:
    """Return whether a source is one call of the magic, which is told the same."""
    if _UNSEEN.search(source):
        return False
    call = f"get_ipython().run_{kind}_magic({', '.join(map(repr, ('agent', *given)))})"
    if TransformerManager().transform_cell(source) != f"{call}\n":
        return False
    try:
        options, heard, _ = parse(*given)
    except SpecError:
        return False
    return heard == words and options_text(options) == said
