"""A turn may end in a question mark.

IPython reads any line that ends in `?` as a request for help, `%agent what is c1?`
too. This input transformer takes such lines first; `%agent?` alone stays help. So it
does with a line whose magic is followed by another space than IPython's, as lines have
that come from a web page.
"""

from __future__ import annotations

import re
import sys
import tokenize
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from IPython.core.inputtransformer2 import (
    TokenTransformBase,
    TransformerManager,
    assemble_continued_line,
    find_end_of_continued_line,
)

if TYPE_CHECKING:
    from types import FrameType

    from IPython.core.interactiveshell import InteractiveShell

_LINE = re.compile(
    r"(\s*)((?:[\w.\[\]\"', ]+=\s*)?)%(agent|nbagent)([^\S\n]+)(.*\S)\s*\Z", re.S
)
_SPACES = (
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT),
    *(tokenize.NEWLINE, tokenize.ENDMARKER),
)
_HELP = ("pinfo", "pinfo2", "psearch")  # what IPython makes of such a line


class Question(TokenTransformBase):
    """`%agent words?` and `name = %agent words?`, outside strings and comments."""

    priority = 1  # before the help syntax, which has 5

    @classmethod
    def find(
        cls, tokens_by_line: list[list[tokenize.TokenInfo]]
    ) -> TokenTransformBase | None:
        """Return the first such line of a cell, or None."""
        for line in tokens_by_line:
            tokens = [token for token in line if token.type not in _SPACES]
            if not tokens or tokens[0].type == tokenize.STRING:
                continue
            text = tokens[0].line
            match = _LINE.match(text)
            asks = text.rstrip().endswith("?") or tokens[-1].string == "?"
            if match and (asks or match[4][0] != " "):
                return cls(tokens[0].start)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Write the line as the call that the magic's own transformer would write."""
        end = find_end_of_continued_line(lines, self.start_line)
        match = _LINE.match(assemble_continued_line(lines, (self.start_line, 0), end))
        assert match is not None  # `find` has seen it
        indent, assign, magic, _, words = match.groups()
        call = f"{indent}{assign}get_ipython().run_line_magic({magic!r}, {words!r})\n"
        return [*lines[: self.start_line], call, *lines[end + 1 :]]


def with_plain_space(lines: list[str]) -> list[str]:
    """Return a cell's lines with a space behind `%%agent` that IPython knows as one."""
    if lines and lines[0].startswith("%%agent"):
        lines = [re.sub(r"\A%%agent[^\S\n ]", "%%agent ", lines[0]), *lines[1:]]
    return lines


def catch_up(shell: InteractiveShell) -> None:
    """Take the questions of the cell that is running, which was read without `Question`.

    It is the cell that loads the extension. Its questions have become calls of the help
    already: those lines, and no others, are run as they are read from now on.
    """
    frames = list(_frames())
    cell = next((f for f in frames if f.f_globals is shell.user_ns), None)
    runs = (f.f_locals for f in frames if f.f_code.co_name == "run_cell_async")
    raw = next((names.get("raw_cell") for names in runs), None)
    if cell is None or raw is None:  # not loaded by a cell
        return
    file, turns = cell.f_code.co_filename, _turns(shell, raw)
    if not turns:
        return
    magics = shell.magics_manager.magics["line"]
    helps = {name: magics[name] for name in _HELP}

    def instead(name: str, target: str) -> None:
        at = next((f.f_lineno for f in _frames() if f.f_code.co_filename == file), 0)
        if turn := turns.get(at):
            shell.ex(turn)
        else:
            helps[name](target)

    def put_back() -> None:
        shell.events.unregister("post_execute", put_back)
        magics.update(helps)

    magics.update({name: partial(instead, name) for name in _HELP})
    shell.events.register("post_execute", put_back)


def _turns(shell: InteractiveShell, raw: str) -> dict[int, str]:
    """Return the statements that a cell's questions stand for, by line from 1."""
    others = TransformerManager()
    others.__dict__ |= shell.input_transformer_manager.__dict__
    others.token_transformers = [
        one for one in others.token_transformers if one is not Question
    ]
    was = others.transform_cell(raw).splitlines()
    now = shell.transform_cell(raw).splitlines()
    if len(was) != len(now):  # they are too different to tell which is which
        return {}
    return {
        number: line.strip()
        for number, (before, line) in enumerate(zip(was, now, strict=True), 1)
        if before != line and any(f"('{name}'," in before for name in _HELP)
    }


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  the documented way
    while frame is not None:
        yield frame
        frame = frame.f_back
