"""Settings by convention: `%config NbAgent`, IPython's files, and an admin's lock."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from inspect import getsource
from pathlib import Path
from typing import Any, cast

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets import TraitError
from traitlets.config import Config

from nbagent import settings as read
from nbagent.conversation import choices
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.notebook.config import NbAgent
from nbagent.notebook.magics import loaded
from nbagent.notebook.speaker import Speaker
from nbagent.settings import NAMES, Settings
from nbagent.system import locked

Lock = Callable[[str], object]


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lock:
    """Write what is locked on this machine."""
    monkeypatch.setattr(locked, "FOLDERS", (tmp_path,))
    return lambda text: (tmp_path / locked.FILE).write_text(text)


def shell_with(**said: object) -> InteractiveShell:
    config = Config()
    config.NbAgent.update(said)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "nbagent")
    return shell


@pytest.fixture
def unloads() -> Iterator[None]:
    yield
    if InteractiveShell.initialized():
        InteractiveShell.instance().run_line_magic("unload_ext", "nbagent")
        InteractiveShell.clear_instance()


def speaker_of(shell: InteractiveShell) -> Speaker:
    speaker = loaded(shell)
    assert speaker is not None
    return speaker


def configs_of(shell: InteractiveShell) -> list[NbAgent]:
    all_of_them: list[Any] = cast("list[Any]", shell.configurables)
    return [one for one in all_of_them if isinstance(one, NbAgent)]


def config_of(shell: InteractiveShell) -> NbAgent:
    (found,) = configs_of(shell)
    return found


def test_it_has_every_setting() -> None:
    assert set(NbAgent.class_traits(config=True)) == set(NAMES)
    fields = set(Settings.__annotations__)
    assert {field for _, field in NAMES.values()} <= fields


@pytest.mark.usefixtures("unloads")
def test_what_wins_over_what(monkeypatch: pytest.MonkeyPatch, lock: Lock) -> None:
    monkeypatch.setenv("NBAGENT_LLM_TIMEOUT_S", "20")
    monkeypatch.setenv("NBAGENT_DRAFT_ABOVE_S", "20")
    monkeypatch.setenv("NBAGENT_PROGRESS_S", "20")
    lock('{"NbAgent": {"progress": 40, "trust": false}}')
    shell = shell_with(limit=10, timeout=10, draft_above=10, progress=10, trust=True)
    shell.run_cell("%config NbAgent.draft_above = 30").raise_error()
    settings = speaker_of(shell).session().settings
    assert settings.grace_s == 2.0  # a variable over the default
    assert settings.checkpoint_s == 2.0  # the default
    assert settings.ask_above_s == 10  # a file over the default
    assert settings.llm_timeout_s == 20  # a variable over a file
    assert settings.draft_above_s == 30  # this kernel over a variable
    assert settings.progress_s == 40  # the lock over all
    assert not settings.llm_acts
    config = config_of(shell)
    assert (config.limit, config.timeout, config.draft_above) == (10, 20, 30)
    assert (config.progress, config.trust, config.grace) == (40, False, 2)


@pytest.mark.usefixtures("unloads")
def test_config_and_the_commands_are_one(capsys: pytest.CaptureFixture[str]) -> None:
    shell = shell_with()
    session = speaker_of(shell).session()
    config = config_of(shell)
    shell.run_cell("%config NbAgent.limit = 60").raise_error()
    assert session.settings.ask_above_s == 60
    shell.run_cell("%nbagent limit off").raise_error()
    assert config.limit == 0
    shell.run_cell("%nbagent trust on").raise_error()
    assert config.trust is True
    config.cache = "sea:0.2"
    assert str(session.settings.step_cache) == "sea:0.2"
    for name, value in (("model", "nowhere"), ("limit", -1.0), ("store", "x")):
        before = getattr(config, name)
        with pytest.raises(TraitError):
            setattr(config, name, value)
        assert getattr(config, name) == before
    capsys.readouterr()
    shell.run_cell("%config NbAgent")
    assert "seconds from which a turn asks first" in capsys.readouterr().out


@pytest.mark.usefixtures("unloads")
def test_unloaded_it_is_gone() -> None:
    shell = shell_with()
    shell.run_line_magic("unload_ext", "nbagent")
    assert not configs_of(shell)
    shell.run_line_magic("load_ext", "nbagent")
    config_of(shell)


@pytest.mark.usefixtures("unloads")
def test_a_wrong_file_is_one_line() -> None:
    with pytest.raises(SpecError, match=r"c\.NbAgent in IPython's configuration: "):
        shell_with(limit="much")


def test_what_is_locked_is_changed_by_nobody(lock: Lock, settings: Settings) -> None:
    lock('{"NbAgent": {"model": "pocket", "limit": 60, "compile": false}}')
    settings = Settings.from_env({"NBAGENT_MODEL": "wan2.1-14b"})
    assert (settings.model, settings.ask_above_s) == ("pocket", 60)
    from nbagent.jobs.engine import Engine

    session = Session(settings=Settings.from_env(), engine=Engine(settings))
    with pytest.raises(SpecError, match="limit is locked on this machine"):
        session.choose(choices.limit(0))
    session.choose(choices.limit(60))  # it says the same
    with pytest.raises(SpecError, match="model is locked on this machine"):
        session.hear("a red ball", {"model": "wan2.1-14b"})
    assert not session.ledger.turns.of("test")
    session.close()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"limit": 60}', '{"NbAgent": 5}', '{"NbAgent": {"limt": 5}}']
)
def test_a_broken_lock_locks_everybody_out(lock: Lock, text: str) -> None:
    lock(text)
    with pytest.raises(SpecError, match=locked.FILE):
        Settings.from_env()


@pytest.mark.slow
def test_ipython_reads_its_own_file(tmp_path: Path) -> None:
    profile = tmp_path / "profile_default"
    profile.mkdir()
    file = profile / "ipython_config.py"
    file.write_text(
        'c.NbAgent.limit = 7\nc.InteractiveShellApp.extensions = ["nbagent"]'
    )
    code = "print([one.limit for one in get_ipython().configurables if hasattr(one, 'limit')])"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--ipython-dir", str(tmp_path), "-c", code],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=120,
    )
    assert done.stdout == "[7.0]\n", done.stderr


def test_the_page_names_every_setting() -> None:
    page = (Path(__file__).parents[1] / "docs" / "settings.md").read_text()
    for name, (variable, _) in NAMES.items():
        assert f"| `{name}` | `{variable}` |" in page
    for variable in re.findall(r'"(NBAGENT_[A-Z_]+)"', getsource(read)):
        assert f"| `{variable}` |" in page
