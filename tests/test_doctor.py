"""The doctor tells what is wrong and what to do, quickly, and changes nothing."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from nbagent import doctor
from nbagent.doctor import Check, main, render_text, report
from nbagent.jobs.runtime import Host, process_started, runtime_file, write_host
from nbagent.models.machine import RENDERER
from nbagent.settings import Settings
from tests.fake_nvml import Board, plug_in


def found(settings: Settings, name: str) -> Check:
    (check,) = (check for check in report(settings) if check.name == name)
    return check


def pretend(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str | None]) -> None:
    """Let metadata tell other versions; None is a package that is not installed."""
    real = metadata.version

    def version(name: str) -> str:
        told = versions.get(name, real)
        if told is None:
            raise metadata.PackageNotFoundError(name)
        return told if isinstance(told, str) else real(name)

    monkeypatch.setattr(metadata, "version", version)


def test_whatever_is_not_well_has_advice(settings: Settings) -> None:
    checks = report(settings)
    assert len({check.name for check in checks}) == len(checks)
    assert [c.name for c in checks if (c.state == "ok") == bool(c.advice)] == []
    assert [c.name for c in checks if "\n" in c.value + c.advice] == []


def test_looking_changes_nothing(settings: Settings) -> None:
    before = sorted(settings.store.parent.rglob("*"))
    report(settings)
    assert sorted(settings.store.parent.rglob("*")) == before


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, nbagent.doctor as d; d.main(['--json']);"
        "heavy = {'torch', 'diffusers', 'distributed', 'numpy', 'anywidget'};"
        "sys.exit(7 if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_json_and_text_tell_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] == (code == 0)
    assert code == int(any(check["state"] == "bad" for check in told["checks"]))
    assert main([]) == code
    text = capsys.readouterr().out
    for check in told["checks"]:
        assert check["name"] in text
        assert check["advice"] in text


def test_text_marks_and_advises() -> None:
    bad = Check(name="model", state="bad", value="gone", advice="bring it back")
    good = Check(name="gpu", state="ok", value="none")
    assert render_text([bad, good]) == (
        "✗ model  gone\n         -> bring it back\n✓ gpu    none"
    )


@pytest.mark.parametrize(
    ("version", "state"),
    [
        (None, "bad"),
        ("6.31.0", "warn"),
        ("7.0.1", "bad"),
        ("7.1.0", "ok"),
        ("8.0.0a1", "ok"),
    ],
)
def test_ipykernels_known_to_fail_are_named(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    version: str | None,
    state: str,
) -> None:
    pretend(monkeypatch, {"ipykernel": version})
    check = found(settings, "ipykernel")
    assert check.state == state
    assert ("pip install" in check.advice) == (state != "ok")


def test_without_the_extra_the_install_line_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, dict.fromkeys(RENDERER))
    check = found(settings, "renderer")
    assert check.state == "bad"
    assert "pip install 'nbagent[local]'" in check.advice


def test_one_missing_package_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, {"ftfy": None, "torch": "2.13.0"})
    assert found(settings, "renderer").value == "absent: no ftfy"


def test_a_cluster_needs_no_renderer_here(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, dict.fromkeys(RENDERER))
    attached = replace(settings, engine="tls://10.0.0.7:8786")
    assert found(attached, "renderer").state == "ok"
    assert found(attached, "engine").value == "attached to tls://10.0.0.7:8786"


def test_it_works_where_packages_are_missing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_host(settings.runtime, host(os.getpid(), 1.0))
    pretend(monkeypatch, {"distributed": None})
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert found(settings, "distributed").state == "bad"
    engine = found(settings, "engine")
    if Path("/proc/self/stat").exists():
        assert engine.value.startswith("its host died")
    else:  # there psutil tells whether it lives
        assert "psutil" in engine.advice


def test_a_gpu_that_torch_cannot_use(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, Board(uuid="GPU-1"))
    pretend(monkeypatch, {**dict.fromkeys(RENDERER, "1.0"), "torch": "2.13+cpu"})
    assert found(settings, "gpu").value == "NVIDIA L4, 24 GB"
    assert found(settings, "renderer").state == "warn"


def test_the_plan_for_the_model_is_told(settings: Settings) -> None:
    assert "; resident, " in found(settings, "model").value
    small = found(replace(settings, memory_bytes=1_000_000), "model")
    assert small.state == "bad"
    assert "and this machine has 1 MB free" in small.value
    assert small.advice == "ask for a shorter or smaller clip"
    # What a cluster has nobody here knows.
    away = found(replace(settings, engine="tls://10.0.0.7:8786"), "model")
    assert away.state == "ok"
    assert "resident" not in away.value


def test_the_plan_is_for_the_gpu_that_torch_can_use(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, Board(uuid="GPU-1", free_gb=0.01))
    pretend(monkeypatch, dict.fromkeys(RENDERER, "2.13.0"))
    assert "this GPU has 10 MB free" in found(settings, "model").value
    pretend(monkeypatch, {"torch": "2.13.0+cpu"})
    assert "; resident, " in found(settings, "model").value


def host(pid: int, started: float) -> Host:
    address = "tls://127.0.0.1:40001"
    return Host(
        address=address, pid=pid, started=started, nonce="one", ca="", cert="", key=""
    )


def test_a_running_host_is_found_and_its_key_not_shown(settings: Settings) -> None:
    started = process_started(os.getpid())
    assert started is not None
    secret = replace(host(os.getpid(), started), key="-----SECRET-----")
    write_host(settings.runtime, secret)
    check = found(settings, "engine")
    assert check.state == "ok"
    assert check.value == f"running, pid {os.getpid()}, tls://127.0.0.1:40001"
    assert "SECRET" not in render_text(report(settings))


def test_a_dead_host_is_told_with_its_log(settings: Settings) -> None:
    write_host(settings.runtime, host(os.getpid(), 1.0))
    assert runtime_file(settings.runtime).exists()
    check = found(settings, "engine")
    assert check.state == "warn"
    assert ".log" in check.advice


def test_a_runtime_folder_that_is_not_ours_alone_is_told(settings: Settings) -> None:
    write_host(settings.runtime, host(os.getpid(), 1.0))
    settings.runtime.chmod(0o755)
    check = found(settings, "engine")
    assert check.state == "bad"
    assert "is open to other users" in check.value
    assert "NBAGENT_RUNTIME" in check.advice


def test_a_left_over_xdg_runtime_dir_is_told(settings: Settings) -> None:
    gone = replace(settings, passed_over="/run/user/7 (No such file or directory)")
    check = found(gone, "runtime")
    assert check.state == "warn"
    assert "for XDG_RUNTIME_DIR=/run/user/7 (No such" in check.value


def test_an_engine_without_tls_is_told(settings: Settings) -> None:
    check = found(replace(settings, engine="tcp://127.0.0.1:8786"), "engine")
    assert check.state == "bad"
    assert "without TLS" in check.value
    assert "NBAGENT_ENGINE_INSECURE=1" in check.advice


def test_no_host_is_no_problem(settings: Settings) -> None:
    assert found(settings, "engine").state == "ok"


def test_an_unknown_model_says_how_to_get_it(settings: Settings) -> None:
    check = found(replace(settings, model="ada/unheard-of"), "model")
    assert check.state == "warn"
    assert "hf download ada/unheard-of" in check.advice


def test_a_missing_bundle_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "STATIC", tmp_path)
    for name in ("player.css", "tools.js", "tools.css"):
        (tmp_path / name).touch()
    check = found(settings, "player")
    assert check.state == "bad"
    assert check.value == "not built: no player.js"


def test_a_store_that_is_no_folder(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    check = found(replace(settings, store=file / ".nbagent"), "store")
    assert check.state == "bad"
    assert "NBAGENT_STORE" in check.advice


def test_a_store_on_a_read_only_mount(settings: Settings) -> None:
    # /proc takes no file from anybody, root included.
    check = found(replace(settings, store=Path("/proc/.nbagent")), "store")
    assert check.state == "bad"


def test_a_damaged_ledger_is_told(settings: Settings) -> None:
    settings.store.mkdir()
    (settings.store / "ledger.db").write_bytes(b"no database" * 1000)
    assert found(settings, "ledger").state == "bad"


def test_a_ledger_of_a_newer_nbagent_is_told(settings: Settings) -> None:
    settings.store.mkdir()
    with sqlite3.connect(settings.store / "ledger.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert found(settings, "ledger").state == "bad"


def test_a_full_disk_is_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 2**80)
    check = found(settings, "disk")
    assert check.state == "warn"
    assert check.advice


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "gbk", "utf-8"])
def test_it_is_told_on_any_terminal(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "日本 한글 é"  # which most of these cannot write
    folder.mkdir()
    command = [sys.executable, "-c", "from nbagent.cli import main; main(['doctor'])"]
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    env["NBAGENT_STORE"] = str(folder / ".nbagent")
    done = subprocess.run(command, capture_output=True, env=env)
    said = done.stdout.decode(encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert ("✓ nbagent" if encoding == "utf-8" else "+ nbagent") in said
    (line,) = (line for line in said.splitlines() if line[2:].startswith("store "))
    assert tmp_path.name in line
    assert ("日本" in line) == (encoding in ("gbk", "utf-8"))


def test_a_disk_without_locks_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    check = found(settings, "store")
    assert check.state == "bad"
    assert "without file locks" in check.value
    assert "NBAGENT_STORE" in check.advice


def test_nobody_is_told_to_replace_what_colab_pins(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, {"ipykernel": "6.17.1"})
    assert "pip install 'ipykernel>=7.1'" in found(settings, "ipykernel").advice
    pretend(monkeypatch, {"ipykernel": "6.17.1", "google-colab": "1.0.0"})
    check = found(settings, "ipykernel")
    assert (check.state, check.advice) == ("ok", "")
    assert "Colab's own" in check.value
