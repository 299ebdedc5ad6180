"""`nbagent demo`: the examples, executed for real, as one page to open.

Each notebook runs in a kernel of its own in a fresh folder; nothing is played back.
"""

from __future__ import annotations

import os
import re
import sys
import time
import webbrowser
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from nbagent.errors import EngineError, MissingExtra, SpecError
from nbagent.system.arguments import Parser

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
TIMEOUT_S = 600  # of one cell: the first starts the engine on a slow machine


def main(argv: list[str] | None = None) -> int:
    """Execute the examples and write one page of their clips; return the exit code."""
    parser = Parser(prog="nbagent demo", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), help="folder to write (demo)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="write the page, and do not open it"
    )
    options = parser.parse_args(argv)
    out: Path = options.out
    try:
        import nbclient  # noqa: F401  asked for here, to name the extra
        import nbconvert  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"the demo needs the package {error.name!r}: pip install 'nbagent[lab]'"
        ) from None
    out.mkdir(parents=True, exist_ok=True)
    pages = []
    for notebook in notebooks():
        start = time.monotonic()
        sys.stdout.write(f"running {notebook.name} ...\n")
        sys.stdout.flush()
        pages.append(execute(notebook, out))
        seconds = time.monotonic() - start
        sys.stdout.write(f"  done in {seconds:.0f} s\n")
    index = out / "index.html"
    index.write_text(album(pages), encoding="utf-8")
    sys.stdout.write(
        f"\nAll clips on one page: {index}\nTheir files and the record of them are in"
        f" {out / '.nbagent'}. To make your own: make lab, then open"
        " 01-first-clip.ipynb\n"
    )
    if not options.no_browser and has_browser():
        webbrowser.open(index.absolute().as_uri())
    return 0


def has_browser() -> bool:
    """Return whether somebody sits before a screen here, and not a build machine."""
    if os.environ.get("CI") or not sys.stdout.isatty():
        return False
    # Without one, Python would open a browser of letters in the terminal.
    is_seen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return is_seen or sys.platform in ("darwin", "win32")


def album(pages: Sequence[Path]) -> str:
    """Return one page that plays the clips of executed notebooks and links to each.

    Args:
        pages: The HTML of each, beside its notebook; the page is to lie there too.
    """
    parts = "".join(map(_chapter, pages))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>nbagent: the demo</title><style>{_CSS}</style>"
        "<main><h1>Clips from a conversation</h1><p>Each was made just now on this"
        " machine, by the cell of a notebook. Open a notebook to see what was said.</p>"
        f"{parts}</main><script>{_JS}</script></html>\n"
    )


def _chapter(page: Path) -> str:
    """Return the clips of one notebook, each with the cell that made it."""
    import nbformat

    content: Any = nbformat.read(page.with_suffix(".ipynb"), as_version=4)
    text = next(c.source for c in content.cells if c.cell_type == "markdown")
    title = escape(text.splitlines()[0].lstrip("# "))
    tiles = "".join(_tiles(content))
    links = " · ".join(
        f'<a href="{escape(one.name)}">{what}</a>'
        for one, what in ((page, "read it"), (page.with_suffix(".ipynb"), "notebook"))
    )
    return f"<h2>{title}</h2><p>{links}</p><div class=tiles>{tiles}</div>"


def _tiles(content: Any) -> Iterator[str]:
    for cell in content.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {}).get("text/html", "")
            found = re.findall(r"(<(?:video|img) .*?)<figcaption>", shown)
            said = escape(cell.source.strip())
            yield from (f"<figure>{one}<pre>{said}</pre></figure>" for one in found)


def notebooks() -> list[Path]:
    """Return the example notebooks of this installation, in order.

    Raises:
        SpecError: If there are none.
    """
    package = Path(__file__).parent
    # In a wheel they lie inside the package, in a clone beside it.
    for folder in (package / "examples", package.parent / "examples"):
        if found := sorted(folder.glob("[0-9]*.ipynb")):
            return found
    raise SpecError(
        "the example notebooks are not installed: run this in a clone of the repository"
    )


def execute(notebook: Path, out: Path) -> Path:
    """Run a notebook in a real kernel and write it, executed and as HTML.

    Raises:
        EngineError: If a cell failed; the line is the cell's.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    content: Any = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        content,
        timeout=TIMEOUT_S,
        resources={"metadata": {"path": str(out)}},
        # ipykernel warns of what is nobody's business here, a port on this machine.
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute(env={**os.environ, "NBAGENT_PROGRESS_S": "0"})
    except CellExecutionError as error:
        raise EngineError(
            f"{notebook.name} failed: {error.ename}: {error.evalue} (run nbagent"
            " doctor)"
        ) from error
    nbformat.write(content, out / notebook.name)
    page = out / f"{notebook.stem}.html"
    body, _ = HTMLExporter().from_notebook_node(without_widgets(content))
    page.write_text(body, encoding="utf-8")
    return page


def without_widgets(content: Any) -> Any:
    """Drop live outputs and their state: a page has no kernel, and output B plays."""
    content.metadata.pop("widgets", None)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                output
                for output in cell.outputs
                if WIDGET_MIME not in output.get("data", {})
            ]
    return content


_CSS = """
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{margin:0}
main{max-width:1120px;margin:0 auto;padding:24px}
h1{font-size:26px;margin:0 0 4px}
h2{font-size:18px;margin:32px 0 0}
p{margin:0 0 12px;opacity:.8}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:20px}
figure{margin:0;min-width:0}
video,img{display:block;width:100%;height:auto;border-radius:10px;background:#8882}
pre{margin:6px 0 0;font-size:12px;white-space:pre-wrap;overflow-wrap:anywhere;opacity:.8}
""".replace("\n", "")
_JS = (
    'if(matchMedia("(prefers-reduced-motion: reduce)").matches)'
    'document.querySelectorAll("video").forEach(v=>{v.autoplay=false;v.pause()})'
)
