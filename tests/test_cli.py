"""The command line: one line for a mistake, and nothing heavy for help."""

import json
import re
import subprocess
import sys

import pytest

from nbagent import __version__
from nbagent.cli import COMMANDS, main


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nbagent {__version__}\n"


@pytest.mark.parametrize("command", [*COMMANDS, "eval", "kernel"])
def test_every_command_has_help(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    try:
        code = main([*command.split(), "--help"])
    except SystemExit as leaves:
        code = int(leaves.code or 0)
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    assert f"nbagent {command}" in said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_is_one_line(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*command.split(), "--fly"])
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"nbagent {command}: ")
    assert said.err.endswith(f"(see nbagent {command} --help)\n")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["fly"], "unknown command 'fly'"),
        (["docter"], "unknown command 'docter': did you mean doctor?"),
        (["eval"], "eval is not a whole command: use eval turns"),
        (["--fly"], "unknown option '--fly'"),
        (["models", "no/where"], "no model at 'no/where'"),
    ],
)
def test_a_mistake_is_one_line(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) != 0
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_models_says_what_pocket_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert "pocket: WanPipeline, 256x256" in text
    assert re.search(r"svd-xt +- +from a picture  stabilityai/", text)


def test_jobs_of_an_empty_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    assert "nothing is being rendered" in capsys.readouterr().out


@pytest.mark.slow
def test_bench_load_runs_and_finds_nothing_heavy() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "nbagent.cli",
            "bench",
            "load",
            "--rounds",
            "1",
            "--json",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)["heavy_imports"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["operations", "overhead"])
def test_benches_of_pocket_run_at_its_size(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", name, "--rounds", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    wanted = {"operations": "reframe to twice", "overhead": "ratio_median"}[name]
    assert figures["rounds"] == 1
    assert figures[wanted] > 0
