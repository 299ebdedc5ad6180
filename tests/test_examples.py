"""The example notebooks: committed whole, run headless, and as a page."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import papermill
import pytest

from nbagent.demo import WIDGET_MIME, execute, main, notebooks

NAMES = [
    "01-first-clip.ipynb",
    "02-refine.ipynb",
    "03-operations.ipynb",
    "04-context.ipynb",
    "05-storyboard.ipynb",
    "06-data.ipynb",
]


def test_the_examples_are_found_in_order() -> None:
    assert [path.name for path in notebooks()] == NAMES


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_committed_notebook_has_its_outputs_and_is_small(path: Path) -> None:
    content = nbformat.read(path, as_version=4)
    nbformat.validate(content)
    assert "widgets" not in content.metadata
    outputs = [o for c in content.cells for o in c.get("outputs", [])]
    assert not [o for o in outputs if o.output_type in ("error", "stream")]
    videos = [o for o in outputs if "data:video/mp4" in str(o.get("data"))]
    assert len(videos) >= 3
    # What a clip may add to a notebook, with its poster and its still twin.
    clips = str(outputs).count("data:video/mp4")
    assert path.stat().st_size < max(1_000_000, 160_000 * clips)
    # Every live player has its still twin right behind it.
    for cell in content.cells:
        kinds = [WIDGET_MIME in o.get("data", {}) for o in cell.get("outputs", [])]
        for at, live in enumerate(kinds):
            if live:
                assert "nba-static" in str(cell.outputs[at + 1])


@pytest.mark.slow
def test_papermill_runs_a_notebook(tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        notebooks()[1],
        out,
        cwd=str(tmp_path),
        progress_bar=False,
        kernel_name="python3",
    )
    done = nbformat.read(out, as_version=4)
    assert not [
        o for c in done.cells for o in c.get("outputs", []) if o.output_type == "error"
    ]


@pytest.mark.slow
def test_the_demo_writes_a_page_that_plays_without_a_kernel(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    page = execute(notebooks()[0], tmp_path)
    assert capfd.readouterr().err == ""  # the kernel's too
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"<video[^>]+src=\"data:video/mp4", text)) >= 3
    assert "vnd.jupyter.widget" not in text
    with pytest.raises(SystemExit):
        main(["--nonsense"])
    assert "nbagent demo" in capfd.readouterr().err
