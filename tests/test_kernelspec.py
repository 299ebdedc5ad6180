"""The kernel "Python 3 (nbagent)": written, found, started for real, taken away."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel

from nbagent import kernelspec
from nbagent.cli import main
from nbagent.doctor import report
from nbagent.jobs.runtime import read_host
from nbagent.settings import Settings

HEAVY = ("anywidget", "av", "distributed", "numpy", "torch")
WAIT_S = 120


@pytest.fixture(autouse=True)
def _jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own Jupyter folders; the environment's stay out of sight."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "prefix/share/jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


def doctor_says(settings: Settings) -> str:
    (check,) = (check for check in report(settings) if check.name == "kernel")
    return check.value


@pytest.mark.parametrize("where", [("--user",), ("--prefix", "PREFIX")])
def test_it_is_installed_found_and_removed(
    where: tuple[str, ...], tmp_path: Path, settings: Settings
) -> None:
    words = [word.replace("PREFIX", str(tmp_path / "prefix")) for word in where]
    assert "not installed" in doctor_says(settings)
    assert main(["kernel", "install", *words]) == 0
    spec: Any = KernelSpecManager().get_kernel_spec("nbagent")
    assert spec.display_name == "Python 3 (nbagent)"
    assert spec.argv[0] == sys.executable
    assert "{connection_file}" in spec.argv
    assert sorted(p.name for p in Path(spec.resource_dir).iterdir()) == [
        "kernel.json",
        "logo-32x32.png",
        "logo-64x64.png",
        "logo-svg.svg",
    ]
    assert spec.resource_dir in doctor_says(settings)
    assert main(["kernel", "install", *words]) == 0  # again is no mistake
    assert main(["kernel", "remove"]) == 0
    assert "nbagent" not in KernelSpecManager().find_kernel_specs()


def test_only_our_own_kernel_is_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stock = tmp_path / "data/kernels/python3"
    stock.mkdir(parents=True)
    (stock / "kernel.json").write_text('{"argv": ["python"], "display_name": "x"}')
    assert main(["kernel", "remove", "--user", "--name", "python3"]) == 1
    assert "there is no nbagent kernel called 'python3'" in capsys.readouterr().err
    assert stock.is_dir()


def test_a_place_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["kernel", "install", "--prefix", str(tmp_path / "file")]) == 1
    error = capsys.readouterr().err
    assert "use --sys-prefix or --user" in error
    assert error.count("\n") == 1


def test_the_doctor_sees_a_python_that_is_gone(
    tmp_path: Path, settings: Settings
) -> None:
    assert main(["kernel", "install", "--user"]) == 0
    path = tmp_path / "data/kernels/nbagent/kernel.json"
    spec = json.loads(path.read_text())
    spec["argv"][0] = "/no/python"
    path.write_text(json.dumps(spec))
    assert "/no/python, which is gone" in doctor_says(settings)
    assert kernelspec.installed() == [path.parent]


@pytest.fixture
def say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], str]]:
    """Start the kernel for real; return what runs a cell and gives its text."""
    monkeypatch.delenv("NBAGENT_WARM")
    assert main(["kernel", "install", "--user"]) == 0
    manager, client = start_new_kernel(
        kernel_name="nbagent", startup_timeout=WAIT_S, cwd=str(tmp_path)
    )
    said: list[str] = []

    def hear(message: Any) -> None:
        content = message["content"]
        said.append(
            content.get("text")
            or content.get("data", {}).get("text/plain", "")
            or content.get("evalue", "")
        )

    def say(code: str) -> str:
        said.clear()
        client.execute_interactive(code, timeout=WAIT_S, output_hook=hear)
        return "".join(said)

    yield say
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_a_kernel_has_the_magics_and_warms_an_engine_that_leaves_again(
    say: Callable[[str], str], settings: Settings
) -> None:
    # The first cell finds the magics, and a kernel that has imported nothing heavy:
    # neither the extension nor the warming is paid for here.
    assert say(f"import sys; print(sorted(set(sys.modules) & set({HEAVY})))") == "[]\n"
    assert "would generate" in say("%agent --dry-run a red ball crosses the beach")
    seen: list[psutil.Process] = []

    def has_renderer() -> bool:
        if host := read_host(settings.runtime):
            seen[:] = psutil.Process(host.pid).children(recursive=True)
        return any("libtorch" in libraries(process) for process in seen)

    wait_for(has_renderer)  # though no clip was asked for
    # And as nobody asks for one, nothing of it is left when the grace is over.
    wait_for(lambda: read_host(settings.runtime) is None)
    assert psutil.wait_procs(seen, WAIT_S)[1] == []


@pytest.mark.slow
def test_a_notebook_that_loads_the_extension_itself_hears_nothing_of_it(
    say: Callable[[str], str],
) -> None:
    assert say("%load_ext nbagent") == ""
    assert "would generate" in say("%agent --dry-run a red ball crosses the beach")


def libraries(process: psutil.Process) -> str:
    """Return what a process has mapped; nothing if it is gone."""
    try:
        return "\n".join(one.path for one in process.memory_maps())
    except psutil.Error:
        return ""
