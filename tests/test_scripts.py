"""A notebook that nbconvert writes as a script keeps its turns, and runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter, PythonExporter, ScriptExporter

from nbagent.conversation.session import Session
from nbagent.notebook.export import export
from nbagent.notebook.transcript import Transcript
from tests.test_session import say, store

pytestmark = pytest.mark.phrases

REPOSITORY = Path(__file__).parent.parent
CONF = "share/jupyter/nbconvert/templates/conf.json"
CELLS = (
    "%load_ext nbagent\nidea = 'a red ball'",
    "%agent --dry-run a dog's @idea on the beach  # a comment",
    "x = %agent what is in @idea?",
    "%%agent --dry-run\na new clip: it's a {blue} cube\nover the sea?",
    "if x is None:\n    %agent what is in @idea??",
    "%agent\u00a0a star over the sea \u2014dry\u2011run",
)


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put our file where the wheel puts it, in a prefix of this test's own."""
    wheel = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    shared = wheel["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    (source,) = (name for name, place in shared.items() if place == CONF)
    (tmp_path / CONF).parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / source, tmp_path / CONF)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share/jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


def notebook(*sources: str) -> nbformat.NotebookNode:
    language = {"name": "python", "nbconvert_exporter": "python"}
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"language_info": language},
    )
    return made


@pytest.mark.parametrize("exporter", [PythonExporter, ScriptExporter])
def test_the_script_says_the_same_words(exporter: type, tmp_path: Path) -> None:
    code, _ = exporter().from_notebook_node(notebook(*CELLS))
    assert "pinfo" not in code
    assert "run_line_magic('agent', 'what is in @idea??')" in code
    script = tmp_path / "script.py"
    script.write_text(code)
    ran = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ran.stdout.count("@idea (str): a red ball") == 2
    assert ran.stdout.count("would generate: ") == 3
    assert "a red ball" in ran.stdout
    assert "comment" not in ran.stdout
    alone = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False
    )
    assert alone.returncode == 1
    assert alone.stderr == "this script has %agent turns: run it as ipython FILE.py\n"


def test_an_exported_conversation_becomes_a_script(session: Session) -> None:
    store(session, say(session, "a red ball crosses the beach"))
    path = export(session, Transcript(session).turns(), "ipynb")
    code, _ = ScriptExporter().from_notebook_node(nbformat.read(path, as_version=4))
    assert "run_line_magic('agent', 'a red ball crosses the beach')" in code


def test_other_notebooks_and_pages_stay_as_they_are() -> None:
    code, _ = PythonExporter().from_notebook_node(notebook("x = 1", "x?"))
    assert "SystemExit" not in code
    assert "run_line_magic('pinfo', 'x')" in code
    page, _ = HTMLExporter().from_notebook_node(notebook("%agent what is c1?"))
    assert "run_line_magic" not in page
