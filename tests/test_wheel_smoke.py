"""A built wheel, installed alone in an empty environment, works and says what lacks."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CARRIED = (
    "nbagent/examples/01-first-clip.ipynb",
    "nbagent/language/NOTICE-e5.txt",
    "nbagent/language/lang/en.toml",
    "nbagent/language/reader.npz",
    "nbagent/notebook/example_clips/ball.webp",
    "nbagent/py.typed",
    "nbagent/static/player.js",
    "nbagent/static/player.css",
    "nbagent/static/tools.js",
    "nbagent/static/tools.css",
    "nbagent/pocket/weights/model_index.json",
    "nbagent/pocket/weights/defaults.json",
    "nbagent/pocket/weights/transformer/config.json",
)
MAX_WEIGHTS_BYTES = 40_000_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, and from it the wheel, as a release would."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone in a new environment; return its `bin` folder."""
    folder = tmp_path_factory.mktemp("empty")
    call(sys.executable, "-m", "venv", folder)
    constraints = ROOT / "constraints.txt"
    pip = (folder / "bin" / "pip", "install", "--quiet", "--no-compile")
    call(*pip, "--constraint", constraints, wheel)
    return folder / "bin"


def call(*command: str | Path) -> str:
    """Run a command away from the checkout; return what it printed."""
    done = subprocess.run(
        [str(part) for part in command], cwd="/", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_carries_what_runs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    assert [name for name in CARRIED if name not in sizes] == []
    shared = "data/share/jupyter/nbconvert/templates/conf.json"
    assert any(name.endswith(shared) for name in sizes)
    weights = [n for n in sizes if n.startswith("nbagent/pocket/weights/")]
    assert any(n.endswith(".safetensors") for n in weights)
    assert sum(sizes[n] for n in weights) <= MAX_WEIGHTS_BYTES
    assert not [n for n in sizes if "node_modules" in n or n.startswith("tests/")]


def test_the_source_distribution_carries_the_bundle(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    # The wheel has the examples inside the package, a source tree beside it.
    carried = {name.removeprefix("nbagent/examples/") for name in CARRIED}
    names |= {name.removeprefix("examples/") for name in names}
    wanted = {*carried, "js/package-lock.json", "hatch_build.py", "LICENSE"}
    assert wanted <= names
    assert not [name for name in names if "node_modules" in name]


def test_it_installs_without_torch(empty: Path) -> None:
    listed = json.loads(call(empty / "python", "-m", "pip", "list", "--format", "json"))
    names = {package["name"] for package in listed}
    assert "nbagent" in names
    assert not names & {"torch", "diffusers", "transformers", "jupyterlab"}


def test_the_public_names_load(empty: Path) -> None:
    code = "import nbagent; print(*[getattr(nbagent, n) for n in nbagent.__all__])"
    assert "site-packages" not in call(empty / "python", "-W", "error", "-c", code)


def test_the_doctor_tells_what_to_install(empty: Path, tmp_path: Path) -> None:
    command = [str(empty / "nbagent"), "doctor", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    checks: dict[str, Any] = {c["name"]: c for c in json.loads(done.stdout)["checks"]}
    assert [name for name, c in checks.items() if c["state"] == "bad"] == ["renderer"]
    assert "pip install 'nbagent[local]'" in checks["renderer"]["advice"]


def test_media_make_a_round_trip(empty: Path, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
import numpy as np
from nbagent import media

path = Path(sys.argv[1])
recipe = {"recipe_version": 1, "prompt": "a red square"}
frames = np.full((8, 64, 64, 3), 90, np.uint8)
frames[:, 16:48, 16:48] = (200, 40, 40)
media.write_video(path, frames, 8.0, recipe)
back, fps = media.read_video(path)
assert back.shape == frames.shape and fps == 8.0
assert np.abs(back.astype(int) - frames).mean() < 4
assert media.read_recipe(path) == recipe
"""
    call(empty / "python", "-c", code, tmp_path / "clip.mp4")
