"""What every test starts from: an own store and runtime folder, and no network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from nbagent.settings import Settings

if TYPE_CHECKING:
    from nbagent.conversation.session import Session

# Set while modules are collected: the hub's libraries read them when imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["ANYWIDGET_HMR"] = "0"
# A shared CI machine gives no more than this; torch would take every core it sees.
os.environ.setdefault("OMP_NUM_THREADS", "2")
# A shared machine may stall, which is no failure.
hypothesis.settings.register_profile("nbagent", deadline=None)
hypothesis.settings.load_profile("nbagent")


@pytest.fixture(autouse=True)
def _own_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give each test its own folders; child processes inherit them."""
    for name in [n for n in os.environ if n.startswith(("NBAGENT_", "JPY_"))]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("nbagent")
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("NBAGENT_STORE", str(home / ".nbagent"))
    monkeypatch.setenv("NBAGENT_RUNTIME", str(runtime))
    monkeypatch.setenv("NBAGENT_CONVERSATION", "test")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    # A forgotten engine host must not outlive the run by a minute.
    monkeypatch.setenv("NBAGENT_GRACE_S", "2")
    # Nor is one started for tests that never render.
    monkeypatch.setenv("NBAGENT_WARM", "0")


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let widgets' comms keep what they publish."""
    import comm

    from tests.test_player import RecordingComm

    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    # With an ipykernel before 6.18, Colab's, widgets take another way to theirs.
    monkeypatch.setattr("ipywidgets.comm.create_comm", RecordingComm)


@pytest.fixture(autouse=True)
def _phrases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read turns by heart in tests of what a turn comes to once it is read."""
    if request.node.get_closest_marker("phrases"):
        from tests import phrasebook

        monkeypatch.setattr("nbagent.conversation.brains.read_words", phrasebook.read)


@pytest.fixture
def settings() -> Settings:
    """Return the settings of this test's own folders."""
    return Settings.from_env()


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    """Return a conversation whose engine is the real one, and has not started."""
    from nbagent.conversation.session import Session
    from nbagent.jobs.engine import Engine

    session = Session(settings=settings, engine=Engine(settings))
    yield session
    session.close()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine, with the address."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        _check_local(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        _check_local(sock, address)
        return connect_ex(sock, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


def _check_local(sock: socket.socket, address: Any) -> None:
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    host = str(address[0])
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise RuntimeError(f"a test connects to {host}: tests stay on this machine")
