"""What `mkdocs build` adds to the pages of docs/: all that is made of the code itself."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

import messages
import notebooks
import reference
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# Pages that stand at the top of the repository, where a code host looks for them.
TOP = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
}
MADE = {
    "reference/acts.md": reference.acts,
    "reference/cli.md": reference.command_line,
    "reference/magics.md": reference.magics,
    "troubleshooting.md": messages.page,
}

# Blocks of nothing but magics: words of a turn are no keywords of Python.
TURNS = re.compile(r"^```python\n((?:(?:[\w ]+= )?%.*\n)+)```$", re.M)
IN_PAGES = {"memory": reference.memory}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and the executed notebooks with their clips."""
    pages = {name: make() for name, make in MADE.items()}
    for name, file in TOP.items():
        pages[name] = (ROOT / file).read_text("utf-8")
    for path in sorted((ROOT / "examples").glob("*.ipynb")):
        pages[f"examples/{path.stem}.md"] = notebooks.page(path)
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead links to files of the repository to their pages, and others to their names."""
    for name, make in IN_PAGES.items():
        if f"<!-- made: {name} -->" in markdown:
            markdown = markdown.replace(f"<!-- made: {name} -->", make())
    markdown = TURNS.sub(r"```text\n\1```", markdown)
    here = _source(page.file.src_uri)
    pages = {file: name for name, file in TOP.items()}

    def led(found: re.Match[str]) -> str:
        text, target, anchor = found.groups()
        path = posixpath.normpath(posixpath.join(here, target))
        if path in pages:
            name = pages[path]
        elif path.startswith("examples/"):
            name = path.removesuffix(".ipynb").removesuffix(".md") + ".md"
        elif path.startswith("docs/"):
            name = path.removeprefix("docs/")
        elif (ROOT / path).exists():
            return f"{text} (`{path}`)"  # in the repository, and no page
        else:
            return found[0]  # and `mkdocs build --strict` complains
        folder = posixpath.dirname(page.file.src_uri) or "."
        return f"[{text}]({posixpath.relpath(name, folder)}{anchor})"

    return re.sub(r"\[([^\]\[]*)\]\(([\w./-]+)(#[\w-]*|)\)", led, markdown)


def _source(page: str) -> str:
    """Return the folder of the repository that a page's links are relative to."""
    if page in TOP:
        return ""
    folder = posixpath.dirname(page)
    return folder if folder == "examples" else posixpath.join("docs", folder)
