"""The borders hold: what a kernel imports, what is public, what may be in a file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import nbagent

ROOT = Path(__file__).parent.parent
KERNEL_SIDE = (
    "nbagent",
    "nbagent.cli",
    "nbagent.conversation.session",
    "nbagent.doctor",
    "nbagent.jobs.engine",
    "nbagent.ledger",
    "nbagent.media",
    "nbagent.models.cards",
    "nbagent.notebook.magics",
    "nbagent.pocket",
    "nbagent.pocket.phrases",
    "nbagent.pocket.vocabulary",
)
TORCH_SIDE = {"torch", "diffusers", "transformers", "nbagent.render"}
# What `%load_ext nbagent` must not pay for.
HEAVY = TORCH_SIDE | {"anywidget", "numpy", "pydantic", "distributed", "av", "PIL"}

# One widget's bundle: more than this is a framework that crept in.
MAX_BUNDLE_BYTES = 25_000


def newly_imported(code: str) -> set[str]:
    """Run code in a fresh process; return what it imported, with first names."""
    script = (
        f"import sys; before = set(sys.modules)\n{code}\n"
        "print('IMPORTED', *sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    names = done.stdout.rpartition("IMPORTED")[2].split()
    return {name.partition(".")[0] for name in names} | set(names)


@pytest.mark.parametrize("module", KERNEL_SIDE)
def test_the_kernel_side_never_imports_torch(module: str) -> None:
    assert not newly_imported(f"import {module}") & TORCH_SIDE


def test_the_guard_sees_torch() -> None:
    assert "nbagent.render" in newly_imported("import nbagent.render")
    assert "numpy" in newly_imported("import numpy")


def test_load_ext_is_light() -> None:
    shell = (
        "from IPython.testing.globalipapp import start_ipython; ip = start_ipython()"
    )
    bare = newly_imported(shell)
    loaded = newly_imported(f"{shell}; ip.run_line_magic('load_ext', 'nbagent')")
    assert "nbagent.notebook.magics" in loaded
    assert not (loaded - bare) & HEAVY


def test_help_of_the_command_line_is_light() -> None:
    code = """
from nbagent.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
    assert not newly_imported(code) & HEAVY


def test_the_public_list_is_sorted_and_true() -> None:
    assert list(nbagent.__all__) == sorted(nbagent.__all__)
    assert len(set(nbagent.__all__)) == len(nbagent.__all__)
    for name in nbagent.__all__:
        assert getattr(nbagent, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = nbagent.nothing


def test_everything_public_has_a_home_in_the_list() -> None:
    code = "import nbagent; print(*sorted(n for n in dir(nbagent) if n[0] != '_'))"
    out = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT)
    helpers = {"Any", "TYPE_CHECKING", "annotations", "import_module"}
    assert set(out.split()) - helpers <= set(nbagent.__all__)


def test_a_bundle_is_one_small_file() -> None:
    bundle = ROOT / "nbagent" / "static" / "player.js"
    assert 0 < bundle.stat().st_size <= MAX_BUNDLE_BYTES
    text = bundle.read_text("utf-8")
    assert "export" in text
    assert not re.search(r"""(import|from)\s*["']|https?://(?!www\.w3\.org/)""", text)


def tracked_texts() -> list[tuple[str, str]]:
    """Return (path, text) of every text file that git holds or would take."""
    # A container's user need not own the checkout: that is no reason to refuse.
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = [*git, "--cached", "--others", "--exclude-standard"]
    out = subprocess.check_output(listed, cwd=ROOT, text=True)
    texts = []
    for name in filter(None, out.split("\0")):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in data:
            texts.append((name, data.decode("utf-8")))
    return texts


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        # Assembled here, so that this file does not find itself.
        (
            "a package registry",
            r"(pypi|pythonhosted|npmjs|yarnpkg|deb\.debian)" + r"\.org",
        ),
        ("a registry's option", r"(extra-|--)index" + r"-url|registry" + r"="),
        (
            "a folder of one machine",
            r"(?<![\w.$}/])/(work|root|home/\w+|opt)" + r"/[\w.]",
        ),
    ],
)
def test_no_file_names(what: str, pattern: str) -> None:
    found = re.compile(pattern)
    hits = [
        f"{name}: {match[0]}"
        for name, text in tracked_texts()
        if (match := found.search(text))
    ]
    assert not hits, f"{what} is named in {hits}"


def test_a_class_is_styled_by_one_sheet() -> None:
    """With a panel on the page, all sheets are: one more rule would reach the others'."""
    owners: dict[str, list[str]] = {}
    source = ROOT / "js" / "src"
    for sheet in ("player", "tools", "panel"):
        parts = re.findall(r'@import "(.*)"', (source / f"{sheet}.css").read_text())
        own = [part for part in parts if part != "./theme.css"]  # all of them share it
        text = "\n".join((source / part).read_text() for part in own)
        for name in set(
            re.findall(r"^(\.nba-[\w-]+)(?=[,\s:{\[])", text, re.MULTILINE)
        ):
            owners.setdefault(name, []).append(sheet)
    assert len(owners) > 100
    owners.pop(".nba-player")  # full screen comes with the tools
    assert {name: sheets for name, sheets in owners.items() if len(sheets) > 1} == {}
