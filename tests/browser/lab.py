"""Drives a real JupyterLab in Chromium, through the app's own commands.

No selector of JupyterLab is used where its application object has an answer, so a new
version of it breaks little. Everything the server and the browser write stays in one
temporary folder.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import nbformat
from playwright.sync_api import Browser, Locator, Page
from playwright.sync_api import TimeoutError as PageTimeoutError

REPOSITORY = Path(__file__).parent.parent.parent
START_S = 120
CELL_S = 240

# News, update checks and autosave would make a run depend on the day and the clock;
# with windowing, cells out of view have no DOM to look at.
USER_SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


# What Notebook 7.6 raises on a page of its own, whatever is in the notebook.
NOTEBOOK_7_ERRORS = (
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered.",
)

Front = Literal["lab", "notebook"]

_PANEL = """[...(window.jupyterapp?.shell.widgets("main") ?? [])]
  .find((widget) => widget.context?.path === name)"""


class Server:
    """A JupyterLab server with folders, token and port of its own."""

    def __init__(
        self, home: Path, *, grace_s: int = 2, labextensions: Path | None = None
    ) -> None:
        """Start it and wait until it answers.

        Args:
            home: A folder for all that it writes.
            grace_s: So long its engine stays idle.
            labextensions: Where it finds JupyterLab's extensions, if not in the places
                of this environment: as a server in another one would.
        """
        self._grace_s = grace_s
        self._labextensions = labextensions
        self.root = home / "notebooks"
        self.root.mkdir()
        self.home = home
        self._token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._base = f"http://127.0.0.1:{port}"
        self._write_settings()
        self._log = (home / "server.log").open("wb")
        self._process = subprocess.Popen(
            self._command(port),
            cwd=self.root,
            env=self._environment(),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait()

    def close(self) -> None:
        """Stop the server and, with it, its kernels."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def url(self, path: str) -> str:
        """Return the address of a page of this server, token included."""
        return f"{self._base}/{path}?token={self._token}"

    def api(self, method: str, path: str) -> Any:
        """Call the server's REST interface."""
        request = urllib.request.Request(
            f"{self._base}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def close_sessions(self) -> None:
        """Shut down every kernel, so that tests do not share one."""
        for session in self.api("GET", "sessions"):
            self.api("DELETE", f"sessions/{session['id']}")

    def _command(self, port: int) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self._token}",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",  # the same server's
            "--LabApp.extension_manager=readonly",
            *(f"--LabApp.labextensions_path={path}" for path in self._extensions()),
        ]

    def _extensions(self) -> list[Path]:
        return [] if self._labextensions is None else [self._labextensions]

    def _environment(self) -> dict[str, str]:
        home = self.home
        env = {k: v for k, v in os.environ.items() if not k.startswith("NBAGENT_")}
        folders = {
            "HOME": home,
            "JUPYTER_CONFIG_DIR": home / "config",
            "JUPYTER_DATA_DIR": home / "data",
            "JUPYTER_RUNTIME_DIR": home / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": home / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
            "IPYTHONDIR": home / "ipython",
            "NBAGENT_RUNTIME": home / "engine",
        }
        (home / "engine").mkdir(mode=0o700)
        env |= {name: str(path) for name, path in folders.items()}
        env["PYTHONPATH"] = os.pathsep.join(
            [str(REPOSITORY), env.get("PYTHONPATH", "")]
        )
        env["NBAGENT_GRACE_S"] = str(self._grace_s)
        env["NBAGENT_WARM"] = "0"  # for tests that never render
        return env

    def _write_settings(self) -> None:
        for name, values in USER_SETTINGS.items():
            path = self.home / f"settings/@jupyterlab/{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.api("GET", "status")
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
            else:
                return
        log = (self.home / "server.log").read_text()[-2000:]
        self.close()
        raise RuntimeError(f"JupyterLab did not start:\n{log}")


class Notebook:
    """One notebook open in one page, with cells that are run by their number."""

    def __init__(
        self,
        server: Server,
        browser: Browser,
        cells: Sequence[str],
        front: Front = "lab",
        kernel: str = "python3",
    ) -> None:
        """Write a notebook with these cells and open it with an idle kernel.

        Args:
            server: Where.
            browser: In a page of its own.
            cells: Their sources.
            front: JupyterLab, or Notebook 7, which the same server serves too.
            kernel: The name of its kernelspec.
        """
        self._front = front
        self.server = server
        # In a folder of its own, and so with a store of its own: else its first turn
        # would take up, and say so, what the kernel of another test left unfinished.
        name = secrets.token_hex(4)
        self.path = server.root / name / f"{name}.ipynb"
        self.path.parent.mkdir()
        document = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": kernel, "display_name": kernel}},
        )
        nbformat.write(document, self.path)
        self._context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page: Page = self._context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.open()

    def open(self, name: str | None = None) -> None:
        """Load the page from the server, as a person does with the address."""
        self.path = self.path.with_name(name or self.path.name)
        self.page.goto(self.server.url(self.address()))
        self._ready()

    def _note(self, error: str) -> None:
        if not (self._front == "notebook" and error.startswith(NOTEBOOK_7_ERRORS)):
            self.errors.append(error)

    def address(self) -> str:
        """Return the path of the notebook's page on its server."""
        if self._front == "notebook":
            return f"notebooks/{self.where}"
        # A workspace of its own: the default one opens the notebooks of other tests.
        return f"lab/workspaces/{self.path.stem}/tree/{self.where}"

    @property
    def where(self) -> str:
        """Return the notebook's path as its server knows it."""
        return self.path.relative_to(self.server.root).as_posix()

    def reload(self) -> None:
        """Reload the page; the kernel lives on."""
        self.page.reload()
        self._ready()

    def reload_player(self) -> None:
        """Reload the page until it has its widgets again.

        JupyterLab gives a kernel four seconds to describe its widgets. One that shares
        its processor with a training run may need a second chance.
        """
        self.reload()
        try:
            self.player.first.wait_for()
        except PageTimeoutError:
            self.reload()

    def close(self) -> None:
        """Close the page."""
        self._context.close()

    def app(self, script: str, argument: object = None) -> Any:
        """Evaluate a script with `app`, the notebook panel `nb` and `arg` in reach."""
        return self.page.evaluate(
            f"""async ([name, arg]) => {{
              const app = window.jupyterapp;
              const nb = {_PANEL};
              {script}
            }}""",
            [self.where, argument],
        )

    def wait_for(self, condition: str, argument: object = None) -> None:
        """Wait until an expression over `nb` and `arg` is true."""
        self.page.wait_for_function(
            f"""([name, arg]) => {{
              const nb = {_PANEL};
              return Boolean(nb && ({condition}));
            }}""",
            arg=[self.where, argument],
            timeout=CELL_S * 1000,
        )

    def start_cell(self, index: int = 0) -> None:
        """Run a cell and do not wait for its end."""
        self.app(
            """nb.content.activeCellIndex = arg;
            nb.content.deselectAll();
            void app.commands.execute("notebook:run-cell");""",
            index,
        )

    def run_cell(self, index: int = 0) -> list[dict[str, Any]]:
        """Run a cell to its end and return its outputs."""
        self.app(
            """nb.content.activeCellIndex = arg;
            nb.content.deselectAll();
            await app.commands.execute("notebook:run-cell");""",
            index,
        )
        self.wait_idle()
        return self.outputs(index)

    def outputs(self, index: int = 0) -> list[dict[str, Any]]:
        """Return a cell's outputs as they would be saved."""
        script = "return nb.content.widgets[arg].model.outputs.toJSON();"
        outputs: list[dict[str, Any]] = self.app(script, index)
        return outputs

    def text(self, index: int = 0) -> str:
        """Return what a cell printed and said as text, in order."""
        parts: list[str] = []
        for output in self.outputs(index):
            if output["output_type"] == "stream":
                parts.append("".join(output["text"]))
            elif output["output_type"] == "error":
                parts.append(f"{output['ename']}: {output['evalue']}")
            else:
                parts.append("".join(output["data"].get("text/plain", "")))
        return "\n".join(parts)

    def wait_idle(self) -> None:
        """Wait until every cell has ended and the kernel has nothing to do.

        The kernel alone does not say: a button's message that was answered beside a
        running cell makes it report idle too.
        """
        self.wait_for(
            """nb.context.sessionContext.session?.kernel?.status === "idle"
              && nb.content.widgets.every(
                (cell) => (cell.model.executionState ?? "idle") === "idle")"""
        )

    def restart_kernel(self) -> None:
        """Restart the kernel; the page stays."""
        self.app("await nb.context.sessionContext.restartKernel();")
        self.wait_idle()

    def interrupt(self) -> None:
        """Press the stop button."""
        self.app("await nb.context.sessionContext.session.kernel.interrupt();")

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook and return the file's content."""
        self.app("await nb.context.save();")
        document: nbformat.NotebookNode = nbformat.read(self.path, as_version=4)
        return document

    def reopen_untrusted(self) -> None:
        """Open the saved notebook as a stranger's file, in a server without its kernel.

        A notebook's signature covers its content: a changed cell makes it untrusted.
        """
        document = self.save()
        document.cells.append(nbformat.v4.new_markdown_cell("changed elsewhere"))
        stranger = self.path.with_name(f"stranger-{self.path.name}")
        nbformat.write(document, stranger)
        self.open(stranger.name)

    def set_theme(self, name: str) -> None:
        """Change the theme, such as `JupyterLab Dark`."""
        self.app(
            """await app.commands.execute("apputils:change-theme", {theme: arg});""",
            name,
        )
        light = "false" if "Dark" in name else "true"
        selector = f"body[data-jp-theme-light={light}]"
        self.page.wait_for_selector(selector, state="attached")

    def screenshot(self, path: Path) -> None:
        """Keep what the page looks like now."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    @property
    def player(self) -> Locator:
        """Output A's live player."""
        return self.page.locator(".nba-live")

    @property
    def static(self) -> Locator:
        """Output B."""
        return self.page.locator(".nba-static")

    def _ready(self) -> None:
        self.wait_for("nb.context.isReady && nb.content.widgets.length > 0")
        self.app(
            """await app.restored;
            await nb.context.sessionContext.ready;
            app.shell.activateById(nb.id);"""
        )
        self.wait_idle()
