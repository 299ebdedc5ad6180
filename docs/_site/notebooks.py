"""An executed notebook as a page of the site: its words, its code, its clips."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from pathlib import Path

_STYLE = re.compile(r"<style>.*?</style>", re.S)


def page(path: Path) -> str:
    """Return a notebook as Markdown; what it printed and made stands below its code."""
    notebook = nbformat.read(path, as_version=4)
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code":
            parts.append(f"```python\n{cell.source}\n```")
            parts += filter(None, map(_output, cell.outputs))
    parts.append(f"*This page is `examples/{path.name}`, as it was run.*")
    return "\n\n".join(parts)


def _output(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    if "application/vnd.jupyter.widget-view+json" in data:
        return ""  # alive in a notebook; the clip below it is its twin
    if "text/html" in data:
        # One line: a blank one would end the block for Markdown.
        html = " ".join(_STYLE.sub("", data["text/html"]).split())
        return f'<div class="output">{html}</div>'
    if "image/png" in data:
        picture = data["image/png"].strip().replace("\n", "")
        alt = data.get("text/plain", "a picture")
        return f'<div class="output"><img alt="{alt}" src="data:image/png;base64,{picture}"></div>'
    text = output.get("text", data.get("text/plain", "")).rstrip()
    return f"```text\n{text}\n```" if text else ""
