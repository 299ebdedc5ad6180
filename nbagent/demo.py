"""`nbagent demo`: the examples, executed for real, as one page to open.

Each notebook runs in a kernel of its own in a fresh folder; nothing is played back.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from nbagent.errors import EngineError, MissingExtra, SpecError

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
TIMEOUT_S = 600  # of one cell: the first starts the engine on a slow machine


def main(argv: list[str] | None = None) -> int:
    """Execute the examples and write an HTML of each; return the exit code."""
    parser = argparse.ArgumentParser(prog="nbagent demo", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), help="folder to write (demo)"
    )
    out = parser.parse_args(argv).out
    try:
        import nbclient  # noqa: F401  asked for here, to name the extra
        import nbconvert  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"the demo needs the package {error.name!r}: pip install 'nbagent[lab]'"
        ) from None
    out.mkdir(parents=True, exist_ok=True)
    for notebook in notebooks():
        start = time.monotonic()
        sys.stdout.write(f"running {notebook.name} ...\n")
        sys.stdout.flush()
        page = execute(notebook, out)
        seconds = time.monotonic() - start
        sys.stdout.write(f"  done in {seconds:.0f} s: open {page}\n")
    sys.stdout.write(
        f"\nThe clips and their ledger are in {out / '.nbagent'}."
        " To make your own: make lab, then open 01-first-clip.ipynb\n"
    )
    return 0


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
    raise SpecError("no example notebooks are installed: run this in a clone")


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
        client.execute()
    except CellExecutionError as error:
        raise EngineError(
            f"{notebook.name} failed: {error.ename}: {error.evalue}"
            " (nbagent doctor may tell why)"
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
