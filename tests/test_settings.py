"""Settings come from the environment, once, and a wrong number is one clear line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbagent.errors import SpecError
from nbagent.settings import Settings
from nbagent.take.caching import StepCaching

PACKAGE = Path(__file__).parent.parent / "nbagent"


def test_the_store_lies_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env({}).store == tmp_path / ".nbagent"


def test_a_relative_store_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env({"NBAGENT_STORE": "clips"})
    monkeypatch.chdir("/")
    assert settings.store == tmp_path / "clips"


def test_every_variable_is_read() -> None:
    settings = Settings.from_env(
        {
            "NBAGENT_STORE": "/data/clips",
            "NBAGENT_CONVERSATION": "film",
            "NBAGENT_RUNTIME": "/run/me",
            "NBAGENT_ENGINE": "tls://127.0.0.1:8786",
            "NBAGENT_MODEL": "/models/wan",
            "XDG_STATE_HOME": "/data/state",
            "NBAGENT_GRACE_S": "5",
            "NBAGENT_CHECKPOINT_S": "0",
            "NBAGENT_MEMORY_GB": "7.5",
            "NBAGENT_STEP_CACHE": "sea:0.1",
            "NBAGENT_LOOK": "0",
            "NBAGENT_CLIP_MODEL": "/models/clip",
        }
    )
    assert settings == Settings(
        store=Path("/data/clips"),
        conversation="film",
        runtime=Path("/run/me"),
        state=Path("/data/state/nbagent"),
        engine="tls://127.0.0.1:8786",
        model="/models/wan",
        grace_s=5.0,
        checkpoint_s=0.0,
        memory_bytes=7_500_000_000,
        step_cache=StepCaching(0.1, "sea"),
        looks=False,
        clip_model="/models/clip",
    )


def test_an_empty_variable_is_an_absent_one() -> None:
    empty = {
        "NBAGENT_STORE": "",
        "NBAGENT_CONVERSATION": "",
        "NBAGENT_RUNTIME": "",
        "NBAGENT_ENGINE": "",
        "NBAGENT_MODEL": "",
        "NBAGENT_GRACE_S": "",
        "NBAGENT_CHECKPOINT_S": "",
        "NBAGENT_MEMORY_GB": "",
        "NBAGENT_STEP_CACHE": "",
        "NBAGENT_LOOK": "",
        "NBAGENT_CLIP_MODEL": "",
    }
    assert Settings.from_env(empty) == Settings.from_env({})


def test_a_conversation_is_named_after_its_notebook() -> None:
    env = {"JPY_SESSION_NAME": "/srv/films/First try.ipynb"}
    assert Settings.from_env(env).conversation == "First try"


def test_what_vs_code_says_of_the_notebook_comes_first(tmp_path: Path) -> None:
    env = {"JPY_SESSION_NAME": f"{tmp_path}/Untitled-jvsc-7f3a.ipynb"}
    settings = Settings.from_env(env, notebook=str(tmp_path / "film.ipynb"))
    assert settings.conversation == "film"
    assert settings.notebook == tmp_path / "film.ipynb"
    assert settings.store == tmp_path / ".nbagent"


def test_a_store_lies_beside_the_notebook_wherever_the_cells_have_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    told = {"JPY_SESSION_NAME": str(tmp_path / "a.ipynb")}
    assert Settings.from_env(told).store == tmp_path / ".nbagent"
    # The server's path, which is none here: the kernel began in the notebook's folder.
    for session in ("films/a.ipynb", "/no/such/folder/a.ipynb"):
        settings = Settings.from_env({"JPY_SESSION_NAME": session}, folder=tmp_path)
        assert settings.store == tmp_path / ".nbagent"
        assert settings.conversation == "a"
    assert Settings.from_env({}, folder=tmp_path).store == tmp_path / ".nbagent"
    own = {"NBAGENT_STORE": "films"}
    assert Settings.from_env(own, folder=tmp_path).store == tmp_path / "films"


def test_without_a_notebook_each_kernel_is_its_own_conversation() -> None:
    here = Settings.from_env({}).conversation
    assert here == Settings.from_env({}).conversation
    assert Settings.from_env({}, kernel="3f2a").conversation == "kernel-3f2a"
    # Another process may have this one's number: in a container it often does.
    code = (
        "import os; os.getpid = lambda: 7\n"
        "from nbagent.settings import Settings\n"
        "print(Settings.from_env({}).conversation)"
    )
    run = [sys.executable, "-c", code]
    said = {subprocess.check_output(run, text=True).strip() for _ in range(2)}
    assert len(said | {here}) == 3


def test_two_users_never_share_a_runtime_folder(tmp_path: Path) -> None:
    assert Settings.from_env({}).runtime.name == f"nbagent-{os.getuid()}"
    ours = Settings.from_env({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert ours.runtime == tmp_path / "nbagent"
    assert ours.passed_over == ""


@pytest.mark.parametrize(
    "name",
    [
        "NBAGENT_GRACE_S",
        "NBAGENT_CHECKPOINT_S",
        "NBAGENT_MEMORY_GB",
        "NBAGENT_STEP_CACHE",
    ],
)
@given(
    text=st.one_of(
        st.floats(max_value=-1e-9).map(str),
        st.text(alphabet=st.characters(categories=["L"]), min_size=1).filter(
            lambda t: not t.isdecimal()
        ),
    )
)
@example(text="nan")
@example(text="inf")
@example(text="60s")
def test_a_wrong_number_names_variable_value_and_way_out(name: str, text: str) -> None:
    with pytest.raises(SpecError) as caught:
        Settings.from_env({name: text})
    message = str(caught.value)
    assert name in message
    assert repr(text) in message
    assert "use 0 or more" in message
    assert "\n" not in message


def test_settings_never_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.from_env({}).model = "other"  # type: ignore[misc]


def test_nothing_else_reads_our_variables() -> None:
    reads = re.compile(r"""(environ(\.get\(|\[)|getenv\()\s*f?["']NBAGENT_""")
    assert reads.search('os.environ.get("NBAGENT_STORE")')
    sources = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    assert [str(path) for path, text in sources.items() if reads.search(text)] == []


def test_from_env_reads_the_process_by_default() -> None:
    env = {**os.environ, "NBAGENT_MODEL": "from-the-process"}
    code = "from nbagent.settings import Settings; print(Settings.from_env().model)"
    out = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, check=True
    )
    assert out.stdout == b"from-the-process\n"
