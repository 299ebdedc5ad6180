"""What a language model writes, as a cell shows it: its Markdown, and nothing that acts.

A model repeats what it has read, and what it has read may want to do harm. So its HTML is
shown as text, a link to anything but a page is none, and a picture is the link that it
would load: nothing is fetched because a cell is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.util import find_spec
from typing import Any


def bundle(text: str, notes: Sequence[str] = ()) -> dict[str, str]:
    """Return an output with a text, as Markdown where there is what reads it.

    Args:
        text: Of a language model.
        notes: Lines of ours above it.
    """
    plain = "\n".join((*notes, text))
    if not (text and is_read()):
        return {"text/plain": plain}
    said = "".join(f'<p style="opacity:.75">{escape(note)}</p>' for note in notes)
    return {"text/plain": plain, "text/html": f"{said}{html(text)}"}


def html(text: str) -> str:
    """Return Markdown as HTML that holds no code, and loads nothing.

    >>> html("**no** <script>").strip()
    '<p><strong>no</strong> &lt;script&gt;</p>'
    """
    made: str = _reader().render(text)
    return made


def is_read() -> bool:
    """Whether Markdown can be read here: what does comes with `nbagent[llm]`."""
    return find_spec("markdown_it") is not None


@cache
def _reader() -> Any:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return reader.disable(["image", "html_block", "html_inline"])
