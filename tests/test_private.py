"""What another user of this machine finds closed: the engine's folder and its file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbagent.errors import EngineError, SpecError, StoreError
from nbagent.jobs.runtime import (
    Host,
    log_file,
    process_started,
    read_host,
    runtime_file,
    secure_folder,
    write_host,
)
from nbagent.ledger import Ledger
from nbagent.settings import Settings

NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs two users: run as root")
MALLORY, VICTIM = 65534, 54321


@pytest.fixture
def shared() -> Iterator[Path]:
    """Return a folder like /tmp: anybody may make something in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        yield Path(folder)


def as_user(uid: int, script: str) -> subprocess.Popen[str]:
    """Run a script as a user; it imports first, since the checkout may be root's."""
    head = """
        import json, os, sys
        from pathlib import Path
        import distributed, psutil, tblib
        from nbagent.errors import EngineError
        from nbagent.jobs import dask_client, runtime, worker
        from nbagent.ledger import Ledger
        from nbagent.settings import Settings
        def become(uid):
            os.setgroups([]); os.setgid(uid); os.setuid(uid)
            os.environ["HOME"] = "/nowhere"
    """
    body = textwrap.dedent(head) + f"become({uid})\n" + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-c", body],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.strip()


# Mallory's scheduler answers the first request of a client with a pickle of his.
SCHEDULER = """
    import asyncio, pickle
    from distributed import Scheduler
    from distributed.security import Security

    class Code:
        def __reduce__(self):
            done = "open(%r, 'w').write(str(__import__('os').getuid()))"
            return exec, (done % str(Path(FOLDER) / "ran-as"),)

    async def answer(**_):
        answer = {"status": "error", "exception": pickle.dumps(Code()), "traceback": None}
        return {"w": answer}

    async def serve():
        security = Security.temporary()
        async with Scheduler(
            host="127.0.0.1", protocol="tls", security=security,
            dashboard_address="127.0.0.1:0",
        ) as scheduler:
            for name in ("register_worker_plugin", "register_scheduler_plugin"):
                scheduler.handlers[name] = answer
            tls = security.get_tls_config_for_role("client")
            host = runtime.Host(
                address=scheduler.address, pid=os.getpid(),
                started=runtime.process_started(os.getpid()),
                nonce="his",
                ca=tls["ca_file"], cert=tls["cert"], key=tls["key"],
            )
            target = Path(FOLDER) / "nbagent-VICTIM"
            target.mkdir(mode=0o755)
            file = runtime.runtime_file(target)
            file.write_text(json.dumps(runtime.asdict(host)))
            file.chmod(0o644)
            print("ready", flush=True)
            await asyncio.sleep(60)

    asyncio.run(serve())
"""
KERNEL = """
    import tempfile
    tempfile.tempdir = FOLDER
    settings = Settings.from_env({})
    try:
        dask_client.Link.connect(settings, None)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


@NEEDS_ROOT
@pytest.mark.parametrize(("attacker", "victim"), [(MALLORY, VICTIM), (VICTIM, 0)])
def test_another_users_scheduler_runs_no_code_here(
    shared: Path, attacker: int, victim: int
) -> None:
    folder = f"FOLDER = {str(shared)!r}\n"
    open_to_all = shared / "ran-as"
    open_to_all.touch()
    open_to_all.chmod(0o666)
    theirs = SCHEDULER.replace("VICTIM", str(victim))
    scheduler = as_user(attacker, folder + textwrap.dedent(theirs))
    try:
        assert scheduler.stdout is not None
        assert scheduler.stdout.readline() == "ready\n"
        line = said(as_user(victim, folder + textwrap.dedent(KERNEL)))
    finally:
        scheduler.kill()
        scheduler.communicate()
    assert open_to_all.read_text() == ""
    assert line == (
        f"EngineError: {shared}/nbagent-{victim} belongs to another user: set"
        " NBAGENT_RUNTIME to a folder of your own"
    )


@NEEDS_ROOT
def test_nobody_starts_an_engine_in_another_users_folder(shared: Path) -> None:
    folder = shared / f"nbagent-{VICTIM}"
    folder.mkdir(mode=0o700)  # root's
    script = f"""
        settings = Settings.from_env({{"NBAGENT_RUNTIME": {str(folder)!r}}})
        for use in (runtime.read_host, runtime.secure_folder):
            try:
                print(use(settings.runtime))
            except EngineError as error:
                print(error)
    """
    lines = said(as_user(VICTIM, script)).splitlines()
    assert len(lines) == 2
    assert all("belongs to another user: set NBAGENT_RUNTIME" in one for one in lines)


def a_host() -> Host:
    started = process_started(os.getpid())
    assert started is not None
    return Host(
        address="tls://127.0.0.1:1",
        pid=os.getpid(),
        started=started,
        nonce="",
        ca="",
        cert="",
        key="",
    )


@pytest.fixture
def runtime(settings: Settings) -> Path:
    """Return a runtime folder that names a living host."""
    write_host(settings.runtime, a_host())
    assert read_host(settings.runtime) == a_host()
    return settings.runtime


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o750, 0o755, 0o770, 0o777])
def test_a_folder_that_is_open_to_others_is_not_read(runtime: Path, mode: int) -> None:
    runtime.chmod(mode)
    with pytest.raises(EngineError, match=rf"\(mode {mode:o}, not 700\)"):
        read_host(runtime)


def test_a_folder_that_the_user_made_is_closed_when_it_is_first_used(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    assert read_host(folder) is None
    secure_folder(folder)
    write_host(folder, a_host())
    assert read_host(folder) == a_host()
    folder.chmod(0o777)
    runtime_file(folder).unlink()
    with pytest.raises(EngineError, match=r"\(mode 777, not 700\)"):
        read_host(folder)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o666])
def test_a_file_that_is_open_to_others_is_not_read(runtime: Path, mode: int) -> None:
    runtime_file(runtime).chmod(mode)
    with pytest.raises(EngineError, match=rf"\(mode {mode:o}, not 600\)"):
        read_host(runtime)


@NEEDS_ROOT
def test_a_file_of_another_user_is_not_read(runtime: Path) -> None:
    os.chown(runtime_file(runtime), MALLORY, MALLORY)
    with pytest.raises(EngineError, match="belongs to another user"):
        read_host(runtime)


def test_links_are_followed_neither_to_the_folder_nor_to_the_file(
    runtime: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(runtime)
    for use in (read_host, secure_folder):
        with pytest.raises(EngineError, match="link is a symbolic link: set NBAGENT"):
            use(link)
    with pytest.raises(EngineError, match="is a symbolic link"):
        write_host(link, a_host())
    link.unlink()
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(EngineError, match="is a symbolic link"):
        secure_folder(link)
    elsewhere = tmp_path / "host.json"
    runtime_file(runtime).rename(elsewhere)
    runtime_file(runtime).symlink_to(elsewhere)
    with pytest.raises(EngineError, match="is a symbolic link"):
        read_host(runtime)


def test_a_folder_that_others_could_write_in_is_not_taken_over(tmp_path: Path) -> None:
    readable, writable = tmp_path / "readable", tmp_path / "writable"
    readable.mkdir()
    readable.chmod(0o755)
    secure_folder(readable)
    assert readable.stat().st_mode & 0o777 == 0o700
    for mode in (0o777, 0o770, 0o1777):
        writable.mkdir(exist_ok=True)
        writable.chmod(mode)
        with pytest.raises(EngineError, match="is open to other users"):
            secure_folder(writable)


def test_what_lies_where_the_log_goes_is_not_written_through(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbagent.jobs.runtime import start_host

    precious = tmp_path / "precious"
    precious.write_text("mine")
    log_file(settings.runtime).symlink_to(precious)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EngineError, match="is a symbolic link"):
        start_host(settings)
    assert precious.read_text() == "mine"


def test_the_host_imports_nothing_from_the_folder_that_it_starts_in(
    settings: Settings,
) -> None:
    from nbagent.jobs.runtime import start_host

    (settings.runtime / "distributed.py").write_text("raise SystemExit('planted')")
    os.kill(start_host(settings).pid, 15)


@pytest.mark.parametrize("kind", ["gone", "a file", "another user's"])
def test_a_left_over_xdg_runtime_dir_is_passed_over(tmp_path: Path, kind: str) -> None:
    base = tmp_path / "run"
    if kind == "another user's":
        if os.getuid() != 0:
            pytest.skip("needs two users: run as root")
        base.mkdir()
        os.chown(base, MALLORY, MALLORY)
    elif kind == "a file":
        base.touch()
    settings = Settings.from_env({"XDG_RUNTIME_DIR": str(base)})
    assert settings.runtime.name == f"nbagent-{os.getuid()}"
    assert settings.passed_over.startswith(str(base))


@NEEDS_ROOT
@pytest.mark.parametrize("way", ["a folder", "a link to his", "his link to ours"])
def test_a_store_that_somebody_else_made_first_is_not_used(
    shared: Path, way: str
) -> None:
    notebook, ours, his = shared / "work", shared / "ours", shared / "his"
    for folder, owner in ((notebook, 0), (ours, VICTIM), (his, MALLORY)):
        folder.mkdir()
        os.chown(folder, owner, owner)
    store = notebook / ".nbagent"
    if way == "a folder":
        his.rename(store)
    else:
        store.symlink_to(his if way == "a link to his" else ours)
        os.chown(store, MALLORY, MALLORY, follow_symlinks=False)
        if way == "a link to his":
            os.chown(store, VICTIM, VICTIM, follow_symlinks=False)
    script = f"""
        os.chdir({str(notebook)!r})
        settings = Settings.from_env({{}})
        try:
            with Ledger(settings.store, is_named=settings.store_is_named) as ledger:
                ledger.turns.add("test", "a red ball", None, {{}})
        except EngineError as error:
            print(error)
    """
    store.chmod(0o777)
    assert said(as_user(VICTIM, script)) == (
        f"{store} belongs to another user: name it with NBAGENT_STORE if you trust what"
        " is in it, or name a folder of your own"
    )
    assert list(store.iterdir()) == []


def test_a_store_may_be_a_link_to_a_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / ".nbagent").symlink_to(tmp_path / "disk")
    with Ledger(tmp_path / ".nbagent", is_named=False) as ledger:
        ledger.turns.add("test", "a red ball", None, {})
    assert (tmp_path / "disk" / "ledger.db").exists()


@pytest.mark.parametrize(
    "name",
    ["ledger.db", "lock", ".gitignore", "files", "tmp", "checkpoints", "keepers"],
)
def test_a_store_that_came_with_a_notebook_is_not_written_through(
    tmp_path: Path, name: str
) -> None:
    store, target = tmp_path / ".nbagent", tmp_path / ".profile"
    store.mkdir()
    (store / name).symlink_to(target)
    with (
        Ledger(store, is_named=False) as ledger,
        pytest.raises(StoreError, match=f"{name} is a symbolic link"),
    ):
        ledger.turns.add("test", "a red ball", None, {})
    assert not target.exists()


@pytest.mark.parametrize("way", ["a link", "another user's", "open to everybody"])
def test_a_kernel_is_not_installed_where_others_could_change_it(
    tmp_path: Path, way: str
) -> None:
    from nbagent.kernelspec import install

    folder = tmp_path / "share" / "jupyter" / "kernels" / "nbagent"
    folder.parent.mkdir(parents=True)
    if way == "a link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
    if way == "open to everybody":
        folder.chmod(0o777)
    elif way == "another user's":
        if os.getuid() != 0:
            pytest.skip("needs two users: run as root")
        os.chown(folder, MALLORY, MALLORY)
    with pytest.raises(SpecError, match="decide what this kernel starts"):
        install(["--prefix", str(tmp_path)])
    assert list(folder.iterdir()) == []


def test_a_kernel_is_not_written_through_a_link(tmp_path: Path) -> None:
    from nbagent.kernelspec import install

    folder = tmp_path / "share" / "jupyter" / "kernels" / "nbagent"
    folder.mkdir(parents=True)
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (folder / "kernel.json").symlink_to(precious)
    install(["--prefix", str(tmp_path)])
    assert precious.read_text() == "mine"
    assert "nbagent.notebook.kernel" in (folder / "kernel.json").read_text()


def test_compiled_code_is_not_taken_from_a_folder_that_anybody_may_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbagent.render.compiling import compile_blocks

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "put back in the end")
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    compile_blocks([])
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    ours = tmp_path / ".cache" / "nbagent" / "torchinductor"
    assert Path(cache_dir()) == ours
    assert ours.stat().st_mode & 0o777 == 0o700
    ours.chmod(0o777)
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    with pytest.raises(EngineError, match="set TORCHINDUCTOR_CACHE_DIR"):
        compile_blocks([])


def test_a_checkpoint_is_written_through_no_link(tmp_path: Path) -> None:
    """In a group's store, whose names for drafts others could guess."""
    import torch

    from nbagent.render import checkpoint
    from nbagent.render.start_states import Resumed

    precious = tmp_path / "precious"
    precious.write_text("mine")
    for name in (f"x.{os.getpid()}.tmp", "x.safetensors"):
        (tmp_path / name).symlink_to(precious)
    none = torch.zeros(1)
    state = Resumed(step=1, latents=none, schedulers=[], streams=[], generator=none)
    saved = checkpoint.Checkpoint(
        take_id="b2:0", start_step=0, num_steps=2, elapsed_s=1.0, state=state
    )
    checkpoint.save_checkpoint(tmp_path / "x.safetensors", saved)
    assert precious.read_text() == "mine"
    assert not (tmp_path / "x.safetensors").is_symlink()
