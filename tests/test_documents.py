"""What README.md and docs/ show to be typed is typed: into a kernel, or checked."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from inspect import getsource
from pathlib import Path
from typing import NamedTuple

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from nbagent import settings
from nbagent.cli import COMMANDS
from nbagent.measure import workbench

REPOSITORY = Path(__file__).parent.parent
# What was done on a day stands in the log as it was: it need not work today.
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    *(
        path.relative_to(REPOSITORY).as_posix()
        for path in sorted(REPOSITORY.glob("docs/**/*.md"))
        if path.parent.name != "log"
    ),
)
WAIT_S = 120

WIDE = ("docs/models.md", "docs/decisions.md")  # made by a script; a diary
# What is not run here, by its document and how it begins, and why.
ELSEWHERE = {
    ("docs/engine.md", "kernel (never torch)"): "a picture, drawn in letters",
    ("docs/pocket.md", "from diffusers import"): "torch: tests/test_pocket.py runs it",
    ("docs/how-to/language-model.md", "%nbagent connect"): "language models: dry runs",
    ("docs/how-to/models.md", "%nbagent use"): "two models that would be fetched",
    ("docs/how-to/nbval.md", "[media]"): "a file of nbval's",
    ("docs/surfaces.md", "import nbagent"): "a script: tests/test_script.py",
    ("docs/settings.md", "c.NbAgent"): "IPython's configuration: tests/test_config.py",
}
# What a block says that it has.
BEFORE = {
    "docs/player.md": """\
%load_ext nbagent
clip = %agent --draft --seed 1 a red ball crosses the beach
from nbagent.conversation.selection import Selection

session = get_ipython().magics_manager.registry["AgentMagics"].speaker.session()
session.selections[clip.take.id] = Selection.of(  # as the mouse does it
    session.ledger.artifact(clip.take.id), span=(1, 2), region=(0.5, 0.25, 1, 0.75))
""",
    "docs/surfaces.md": """\
%load_ext nbagent
a = %agent --draft --seed 1 a red ball crosses the beach
b = %agent --draft --seed 1 a blue cube rolls over the meadow
""",
    "docs/charts.md": """\
%load_ext nbagent
import pandas as pd
from matplotlib.figure import Figure

df = pd.DataFrame({"region": ["Asia", "Europe"] * 2, "sales": [3, 9, 4, 8],
    "month": pd.to_datetime(["2024-05-01", "2024-05-01", "2024-06-01", "2024-06-01"])})
people = pd.DataFrame({"country": ["Peru", "Chile"] * 2, "population": [3, 2, 4, 3],
    "year": [2000, 2000, 2001, 2001]})
gifts = pd.DataFrame({"day": pd.date_range("2024-01-05", periods=60, freq="3D"),
    "eur": range(60)})
wine = pd.DataFrame({"acid": [3.1, 2.9, 3.4, 3.0], "sugar": [2.0, 2.6, 1.9, 2.4],
    "mark": [88, 84, 91, 86]})
fig = Figure()
fig.subplots().bar(["a", "b"], [1, 2])
""",
    "docs/panel.md": "%load_ext nbagent",
    "docs/conversation.md": "%load_ext nbagent",
    "docs/how-to/language-model.md": "%load_ext nbagent",
    "docs/settings.md": "%load_ext nbagent",
}


class Block(NamedTuple):
    """A piece of code of a document."""

    document: str
    text: str
    language: str = ""

    @property
    def why_not(self) -> str:
        """Why it is not run, if so."""
        told = (
            reason
            for (document, begin), reason in ELSEWHERE.items()
            if document == self.document and self.text.startswith(begin)
        )
        return next(told, "")

    @property
    def is_shell(self) -> bool:
        return not self.language and not re.match(r"%|from |import ", self.text)


def blocks(document: str) -> Iterator[Block]:
    """Return the code of a document, fenced or indented, in order."""
    text = (REPOSITORY / document).read_text("utf-8")
    pattern = r"^```(\w*)\n((?:.*\n)*?)```$|(?<=\n\n)((?:    .*\n|\n(?=    ))+)"
    for found in re.finditer(pattern, text, re.M):
        language, fenced, indented = found.groups()
        code = textwrap.dedent(fenced or indented).strip()
        yield Block(document, code, language or "")


ALL = [block for document in DOCUMENTS for block in blocks(document)]


def test_there_is_code_and_nothing_is_excused_that_is_gone() -> None:
    assert len(ALL) > 15
    assert len([block for block in ALL if block.why_not]) >= len(ELSEWHERE)
    assert {block.document for block in ALL} >= BEFORE.keys()


Run = Callable[[str], str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Start a kernel in an empty folder; return what runs a cell in it."""
    monkeypatch.setenv("NBAGENT_STORE", str(tmp_path / ".nbagent"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    manager, client = start_new_kernel(cwd=str(tmp_path))
    yield lambda cell: _run(client, cell)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def _run(client: BlockingKernelClient, cell: str) -> str:
    """Run a cell and return its text; an error fails the test."""
    said: list[str] = []

    def hear(message: dict[str, object]) -> None:
        content = message["content"]
        assert isinstance(content, dict)
        said.append(content.get("text", ""))
        said.append(content.get("data", {}).get("text/plain", ""))
        said.append("\n".join(content.get("traceback", ())))

    reply = client.execute_interactive(cell, output_hook=hear, timeout=WAIT_S)
    text = "\n".join(filter(None, said))
    assert reply["content"]["status"] == "ok", f"{cell}\n\n{text}"
    return text


CODE = [block for block in ALL if not block.is_shell]
IN_A_KERNEL = sorted({block.document for block in CODE if not block.why_not})


@pytest.mark.slow
@pytest.mark.parametrize("document", IN_A_KERNEL)
def test_code_runs_when_it_is_pasted_into_a_kernel(
    document: str, run: Run, tmp_path: Path
) -> None:
    if document in BEFORE:
        run(BEFORE[document])
    for block in blocks(document):
        if block.is_shell or (block.why_not and "dry runs" not in block.why_not):
            continue
        cell = re.sub(r"%agent (?!--)", "%agent --draft ", block.text)
        cell = re.sub(r"%agent (?=--(?!draft))", "%agent --draft ", cell)
        if block.why_not:
            cell = re.sub(
                r"(%nbagent .*?)(\s+#.*)?$", r"\1 --dry-run\2", cell, flags=re.M
            )
        said = run(cell)
        if document == "README.md":
            assert "a rocket, rising, on the sea" in said
            assert "at sunset" in said  # of the answer to the question
    assert not list(tmp_path.glob("*.mp4"))  # nobody asked to save one


@pytest.mark.slow
def test_the_first_block_works_line_by_line_with_its_comments(run: Run) -> None:
    first = next(block for block in blocks("README.md") if not block.is_shell)
    said = [run(line) for line in first.text.splitlines()]
    assert len(said) >= 6
    assert "c2: a red ball, moving right, on the beach, at night" in said[2]
    for line in said[1:]:  # no word of a comment was read as one of the turn
        assert not re.search(r"player|same seed|four takes|Python value|answer", line)
    # Its clips are names in Python, also where nothing was assigned.
    assert "(16, 256, 256, 3) c6" in run("print(c1.frames.shape, c6.name)")
    # Not where the user has the name already, who is told so once.
    run("c8 = 5")
    assert "c8 is a variable of yours" in run("%agent --draft a star over the sea")
    assert "variable of yours" not in run("%agent --draft a moon over the sea")
    assert "5 c9" in run("print(c8, c9.name)")
    # They are no variables to choose from: a turn knows its clips already.
    assert "@c1" not in run("%nbagent context")


@pytest.mark.parametrize(
    "block",
    [block for block in ALL if block.is_shell and not block.why_not],
    ids=lambda block: block.text[:40],
)
def test_a_shell_line_names_what_there_is(block: Block) -> None:
    for line in block.text.splitlines():
        for command in line.split(" && "):
            words = shlex.split(
                command.replace("<this repository>", "X"), comments=True
            )
            if words:
                assert_known(words)


def assert_known(words: list[str]) -> None:
    program, *rest = words
    if program == "make":
        makefile = (REPOSITORY / "Makefile").read_text()
        assert re.search(rf"^{rest[0]}:", makefile, re.M), words
    elif program == "pip":
        project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
        for extra in re.findall(r"[\[,](\w+)(?=[\],])", rest[-1]):
            assert extra in project["optional-dependencies"], words
    elif program == "python":
        assert rest[0] == "-m"
        assert find_spec(rest[1]) is not None, words
    elif program == "nbagent":
        name = next(n for n in (" ".join(rest[:2]), rest[0]) if n in COMMANDS)
        spec = find_spec(COMMANDS[name][0].partition(":")[0])
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).read_text("utf-8")
        for shared in re.findall(r"^    (add_\w+)\(parser\)", source, re.M):
            source += getsource(getattr(workbench, shared))
        for option in re.findall(r"--[\w-]+", " ".join(rest)):
            positive = option.replace("--no-", "--")
            assert f'"{option}"' in source or f'"{positive}"' in source, (words, option)
    else:
        assert_known_elsewhere(program, rest)


def assert_known_elsewhere(program: str, rest: list[str]) -> None:
    if program == "pytest":
        for place in re.findall(r"tests/[\w/.]+", " ".join(rest)):
            assert (REPOSITORY / place).exists()
    elif variable := re.match(r"(NBAGENT_\w+)=", program):
        assert f'"{variable[1]}"' in Path(settings.__file__).read_text("utf-8")
    elif program == "npm":
        scripts = json.loads((REPOSITORY / "js/package.json").read_text())["scripts"]
        assert rest[-1] in scripts
    else:
        assert program in ("git", "cd", "source", "repo2docker"), f"{program}: {rest}"


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md"])
def test_lines_are_no_longer_than_a_hundred(document: str) -> None:
    if document in WIDE:
        return
    text = (REPOSITORY / document).read_text("utf-8")
    prose = re.sub(
        r"^```.*?^```|^    .*?$|^\s*(?:\||!\[|<).*?$", "", text, flags=re.M | re.S
    )
    assert [line for line in prose.splitlines() if len(line) > 100] == []


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if "decisions" not in d])
def test_the_files_that_it_names_are_there(document: str) -> None:
    text = (REPOSITORY / document).read_text("utf-8")
    named = re.findall(r"`((?:nbagent|js|tests|binder|examples)/[\w/.-]+\.\w+)", text)
    gone = [name for name in named if not (REPOSITORY / name).exists()]
    assert [name for name in gone if "NAME" not in name] == []


def test_the_changelog_is_one_page() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    releases = re.split(r"^## ", text, flags=re.M)[1:]
    assert len(releases) >= 2
    assert all(len(release.splitlines()) <= 40 for release in releases)


def test_the_house_is_drawn_as_it_is() -> None:
    drawn = subprocess.run(
        [sys.executable, "-c", "import house, sys; sys.stdout.write(house.draw())"],
        cwd=REPOSITORY / "docs" / "_site",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    picture = (REPOSITORY / "docs" / "img" / "house.svg").read_text("utf-8")
    assert picture == drawn, "run `python docs/_site/house.py`"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="the extra `docs` is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = [path.read_text("utf-8") for path in tmp_path.rglob("*.html")]
    assert len(pages) > 40
    loaded = r"<(?:script|img|iframe|link rel=.stylesheet)[^>]+(?:src|href)=.https?://"
    assert not [page for page in pages if re.search(loaded, page)]  # it works offline
    assert any("<video controls autoplay muted loop" in page for page in pages)
