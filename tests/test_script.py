"""A plain Python process: `nbagent.say` begins a conversation, and writes text."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import nbagent
from nbagent.notebook.progress import ProgressText, progress_line
from nbagent.take import Progress

SCRIPT = """
import sys
import nbagent

def make():
    words = "a red ball crosses the beach"  # found before the module's
    return nbagent.say("@words", draft=True, seed=7)

words = "a blue cube"
clip = make()
print(clip.name, clip.seed, clip.frames.shape, clip.prompt)
night = clip.remix("at night", draft=True)
print(night.name, [parent.name for parent in night.parents])
assert nbagent.say("what seed has c2?") is None
try:
    nbagent.say("delete c1")
except nbagent.SpecError as error:
    print("refused:", error)
from IPython.core.interactiveshell import InteractiveShell
assert not InteractiveShell.initialized()
"""


def python(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, *argv],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PYTHONPATH": str(Path(nbagent.__file__).parents[1]), **env},
    )


@pytest.mark.slow
def test_a_script_makes_and_refines_clips(tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text(SCRIPT)
    done = python(str(tmp_path / "make.py"), NBAGENT_PROGRESS_S="0.2")
    assert done.returncode == 0, done.stderr
    first, second, answer, *_, refused = done.stdout.splitlines()
    assert first == "c1 7 (16, 256, 256, 3) a red ball, moving right, on the beach"
    assert second == "c2 ['c1']"
    assert "7" in answer
    assert refused.startswith("refused: ")
    assert "--yes" in done.stdout  # what to add, where nobody can be asked
    # How it goes on, and what came of it, is no part of what a script prints.
    assert "c1: loading the model" in done.stderr or "c1: step" in done.stderr
    assert "c2: a red ball, moving right, on the beach, at night (16 frames" in (
        done.stderr
    )


def test_the_package_is_a_command_and_lists_what_it_offers() -> None:
    done = python("-m", "nbagent", "--version")
    assert done.stdout == f"nbagent {nbagent.__version__}\n"
    assert dir(nbagent) == nbagent.__all__


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def rendering(*progress: Progress) -> Any:
    clips = [SimpleNamespace(name=f"c{n}") for n, _ in enumerate(progress, 1)]
    return cast("Any", SimpleNamespace(clips=clips, progress=progress))


RUNNING = Progress(job="1", state="running", phase="denoise", step=3, num_steps=9)


def test_a_log_gets_a_line_now_and_then_and_a_terminal_one_that_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr("nbagent.notebook.progress.time.monotonic", lambda: clock[0])
    turn = rendering(RUNNING, Progress(job="2", state="queued"))
    log, terminal, silent = io.StringIO(), Terminal(), io.StringIO()
    texts = [
        ProgressText(turn, stream, every_s)
        for stream, every_s in ((log, 10.0), (terminal, 10.0), (silent, 0.0))
    ]
    for now in (100.1, 100.5, 105.0, 110.1, 115.0, 121.0):
        clock[0] = now
        for text in texts:
            text.tell()
    for text in texts:
        text.end()
    line = "c1: step 3 of 9, c2: queued"
    assert log.getvalue() == f"{line}\n"  # the same line is said once
    assert terminal.getvalue() == f"\r\033[K{line}\r\033[K"
    assert silent.getvalue() == ""


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (RUNNING, "step 3 of 9"),
        (Progress(job="1", state="running"), "starting"),
        (Progress(job="1", state="running", phase="load"), "loading the model"),
        (
            Progress(job="1", state="queued", message="waiting for c1"),
            "queued, waiting for c1",
        ),
        (
            Progress(
                job="1", state="running", phase="draw", step=1, num_steps=8, eta_s=0.2
            ),
            "frame 1 of 8, about 1 s left",
        ),
    ],
)
def test_progress_in_words(progress: Progress, line: str) -> None:
    assert progress_line(progress) == line
