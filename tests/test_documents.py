"""What README.md and docs/ show to be typed is typed: into a kernel, or checked."""

from __future__ import annotations

import re
import shlex
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from nbagent.cli import COMMANDS

REPOSITORY = Path(__file__).parent.parent
DOCUMENTS = ("README.md", *(f"docs/{p.name}" for p in REPOSITORY.glob("docs/*.md")))
WAIT_S = 120

# What is not run here, by its document and how it begins, and why.
ELSEWHERE = {
    ("docs/engine.md", "kernel (never torch)"): "a picture, drawn in letters",
    ("docs/pocket.md", "from diffusers import"): "torch: tests/test_pocket.py runs it",
    ("docs/conversation.md", "%nbagent connect"): "three language models: dry runs",
}
# What a block says that it has.
BEFORE = {
    "docs/player.md": """\
%load_ext nbagent
clip = %agent --draft --seed 1 a red ball crosses the beach
from nbagent.conversation.selection import Selection

session = get_ipython().magics_manager.registry["AgentMagics"].session()
session.selections[clip.take.id] = Selection.of(  # as the mouse does it
    session.ledger.artifact(clip.take.id), span=(1, 2), region=(0.5, 0.25, 1, 0.75))
""",
    "docs/surfaces.md": """\
%load_ext nbagent
a = %agent --draft --seed 1 a red ball crosses the beach
b = %agent --draft --seed 1 a blue cube rolls over the meadow
""",
    "docs/panel.md": "%load_ext nbagent",
    "docs/conversation.md": "%load_ext nbagent",
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
        for option in re.findall(r"--[\w-]+", " ".join(rest)):
            positive = option.replace("--no-", "--")
            assert f'"{option}"' in source or f'"{positive}"' in source, (words, option)
    else:
        assert program in ("git", "cd"), f"what is {program}? {words}"
