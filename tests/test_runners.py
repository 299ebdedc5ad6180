"""Each runner and front end that draws no live widget, in a real run of its own.

Those that are not installed are skipped; the extra `dev` has all of them.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CELLS = (
    "%load_ext nbagent",
    "clip = %agent --draft --steps 2 --seed 7 a red ball crosses the beach",
    "assert (clip.name, clip.seed) == ('c1', 7)\nprint('made', clip.name)",
)


def run(*argv: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this environment in a folder; its end is no success by itself."""
    return subprocess.run(
        [sys.executable, "-m", *argv],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb", **env},
    )


def needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


def notebook(folder: Path) -> Path:
    cells = [new_markdown_cell("# A film"), *map(new_code_cell, CELLS)]
    file = folder / "film.ipynb"
    meta = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=meta), file)
    return file


def outputs_of(file: Path) -> list[Any]:
    content = nbformat.read(file, as_version=4)
    return [o for cell in content.cells for o in cell.get("outputs", [])]


def test_papermill_keeps_the_clip_and_logs_how_far_it_is(tmp_path: Path) -> None:
    notebook(tmp_path)
    done = run(
        *("papermill", "film.ipynb", "out.ipynb", "--log-output", "--no-progress-bar"),
        folder=tmp_path,
        NBAGENT_PROGRESS_S="0.2",
    )
    assert done.returncode == 0, done.stderr
    outputs = outputs_of(tmp_path / "out.ipynb")
    assert [o for o in outputs if "data:video/mp4" in str(o.get("data"))]
    told = "".join(o.text for o in outputs if o.get("name") == "stderr")
    assert "c1: loading the model" in told or "c1: step" in told
    assert "c1: " in done.stderr  # in the log, while it runs
    assert "made c1" in str(outputs)


def test_jupytext_executes_a_script_of_cells(tmp_path: Path) -> None:
    needs("jupytext")
    notebook(tmp_path)
    file = tmp_path / "film.py"
    done = run("jupytext", "--to", "py:percent", "film.ipynb", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert "# %load_ext nbagent" in text  # magics are comments to Python, and come back
    assert "# clip = %agent --draft --steps 2 --seed 7 a red ball" in text
    done = run(
        *("jupytext", "--to", "ipynb", "--execute", "film.py", "-o", "out.ipynb"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    outputs = outputs_of(tmp_path / "out.ipynb")
    assert [o for o in outputs if "data:video/mp4" in str(o.get("data"))]
    assert "made c1" in str(outputs)


def test_jupyter_console_says_turns_in_text(tmp_path: Path) -> None:
    needs("jupyter_console")
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_console", "--simple-prompt"],
        input="\n".join((*CELLS, "exit", "")),
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NBAGENT_PROGRESS_S": "0.2"},
    )
    assert "made c1" in done.stdout, done.stdout + done.stderr
    # The clip's first picture goes to the viewer of pictures that the console opens.
    assert "c1: loading the model" in done.stdout + done.stderr


def test_voila_shows_the_clip(tmp_path: Path) -> None:
    needs("voila")
    import socket
    import time
    import urllib.error
    import urllib.request

    notebook(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "voila", "film.ipynb", "--no-browser"]
    argv += [f"--port={port}"]
    log = tmp_path / "voila.log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            argv,
            cwd=tmp_path,
            stdout=stream,
            stderr=stream,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        page = ""
        until = time.monotonic() + 90
        while not page:
            try:
                address = f"http://127.0.0.1:{port}/"
                with urllib.request.urlopen(address, timeout=200) as answer:
                    page = answer.read().decode()
            except urllib.error.URLError as error:  # it listens once it is up
                is_over = time.monotonic() > until
                is_over |= isinstance(error, urllib.error.HTTPError)
                assert not is_over, log.read_text()
                time.sleep(0.2)
    finally:
        server.terminate()
        server.wait(30)
    assert "data:video/mp4" in page
    assert "made c1" in page


MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
    import nbagent
    return (nbagent,)

@app.cell
def _(nbagent):
    words = "a red ball crosses the beach"
    clip = nbagent.say("@words", draft=True, steps=2, seed=7)
    clip
    return (clip,)

@app.cell
def _(clip):
    import pathlib
    pathlib.Path("made.txt").write_text(f"{clip.name} {clip.prompt}")
    return ()
"""


def test_marimo_makes_a_clip_and_shows_it(tmp_path: Path) -> None:
    needs("marimo")
    (tmp_path / "film.py").write_text(MARIMO)
    done = run(
        *(
            "marimo",
            "export",
            "html",
            "film.py",
            "-o",
            "film.html",
            "--no-include-code",
        ),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "film.html").read_text()
    assert "data:video/mp4" in page
    made = (tmp_path / "made.txt").read_text()
    assert made == "c1 a red ball, moving right, on the beach"


STREAMLIT = """
import streamlit as st
import nbagent

idea = "a red ball crosses the beach"
if st.button("film"):
    clip = nbagent.say("@idea", draft=True, steps=2, seed=7)
    st.video(str(clip.path))
    st.write("made", clip.name)
"""


def test_streamlit_makes_a_clip(tmp_path: Path) -> None:
    needs("streamlit")
    (tmp_path / "app.py").write_text(STREAMLIT)
    (tmp_path / "press.py").write_text(
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=200).run()\n"
        "app.button[0].click().run()\n"
        "assert not app.exception, app.exception\n"
        "print(app.markdown[0].value)\n"
    )
    done = run("press", folder=tmp_path, PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert "made c1" in done.stdout, done.stdout + done.stderr
