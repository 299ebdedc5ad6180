"""A language model's Markdown in a cell: read, and harmless."""

from __future__ import annotations

import pytest

from nbagent.notebook.markdown import bundle, html

pytest.importorskip("markdown_it")


def test_it_is_read() -> None:
    text = "# Why\n\n* **round**\n* `c1`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    made = html(text)
    for tag in ("<h1>Why</h1>", "<strong>round</strong>", "<code>c1</code>", "<td>1"):
        assert tag in made


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "![see](https://example.com/?secret)",
        "[go](javascript:alert(1))",
        "[go](data:text/html;base64,PHNjcmlwdD4=)",
        "<iframe src=//example.com></iframe>",
        '<https://example.com/"onmouseover=alert(1)>',
        "```html\n<script>alert(1)</script>\n```",
        "[a]: javascript:alert(1)\n\n[a]",
    ],
)
def test_nothing_in_it_acts_or_is_loaded(text: str) -> None:
    made = html(text).lower()
    for tag in ("<script", "<img", "<iframe", 'href="javascript', 'href="data'):
        assert tag not in made
    assert '"onmouseover' not in made


def test_notes_are_text() -> None:
    shown = bundle("**yes**", ("answered by <b>m</b>",))
    assert shown["text/plain"] == "answered by <b>m</b>\n**yes**"
    assert "&lt;b&gt;m" in shown["text/html"]
    assert bundle("") == {"text/plain": ""}
