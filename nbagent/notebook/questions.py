"""A turn may end in a question mark.

IPython reads any line that ends in `?` as a request for help, `%agent what is c1?`
too. This input transformer takes such lines first; `%agent?` alone stays help.
"""

from __future__ import annotations

import re
import tokenize

from IPython.core.inputtransformer2 import TokenTransformBase

_LINE = re.compile(r"(\s*)((?:[\w.\[\]\"', ]+=\s*)?)%agent[ \t]+(.*\S)\s*$")
_SPACES = (tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT)


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
            if text.rstrip().endswith("?") and _LINE.match(text):
                return cls(tokens[0].start)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Write the line as the call that the magic's own transformer would write."""
        match = _LINE.match(lines[self.start_line])
        assert match is not None  # `find` has seen it
        indent, assign, words = match.groups()
        call = f"{indent}{assign}get_ipython().run_line_magic('agent', {words!r})\n"
        return [*lines[: self.start_line], call, *lines[self.start_line + 1 :]]
