"""The film of `make pictures`: the README's clip and the pictures of the docs, from a real JupyterLab.

    python -m tests.sheets film     writes docs/loop.webp and docs/img/p*.png

A person's way through one notebook: a clip plays; a part of it is pointed at and changed,
and the rest holds, as a comparison shows; a table becomes a chart that moves. Then the panel
beside it. All clips are made while the film runs. What a slow machine waits for is cut: only
what moves is shown, and a picture stays for at most a quarter of a second.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Locator, expect

from nbagent.errors import EngineError
from nbagent.measure.chromium import chromium
from nbagent.pocket.sheet import save
from tests.browser.lab import REPOSITORY, Notebook, Server

DOCS = REPOSITORY / "docs"
RENDER_MS = 300_000
WIDTH = 720  # of the film, in pixels
_STILL_MS, _LEAST_MS, _QUICK_MS = 250, 60, 80
_PAUSE_S = 0.06
_LONGEST_MS, _LARGEST_BYTES = 25_000, 1_500_000

# The film is about clips, not about how long torch takes to be imported.
WARM = "import sys\n!NBAGENT_WARM=1 {sys.executable} -m nbagent.jobs.warm"
LOAD = "%load_ext nbagent"
ASK = "%agent --seed 7 a red ball crosses the beach at sunset"
DATA = """import pandas as pd

sales = pd.DataFrame({"city": ["Oslo", "Lima", "Cairo", "Quito"], "sold": [41, 28, 63, 35]})
sales"""
SHOW = "%agent animate @sales: sold by city, the bars grow"
PANEL = "%nbagent panel"

# Headless browsers draw no pointer, and a film without one is a riddle.
_POINTER = """() => {
  const dot = document.createElement("div");
  dot.style.cssText = `position: fixed; z-index: 99999; width: 16px; height: 16px;
    margin: -8px; border-radius: 8px; background: #f60a; border: 2px solid #fff;
    pointer-events: none; left: -50px`;
  document.body.append(dot);
  addEventListener("pointermove", (event) => {
    dot.style.left = `${event.clientX}px`;
    dot.style.top = `${event.clientY}px`;
  }, true);
  return dot;
}"""


class Film:
    """Pictures of one part of a page, each with how long it stays."""

    def __init__(self, notebook: Notebook, frame: Locator) -> None:
        self.page = notebook.page
        self.player = notebook.player
        self._frame = frame
        self._pictures: list[Image.Image] = []
        self._durations_ms: list[int] = []
        self._last = time.monotonic()

    def shoot(self, *, at_most_ms: int = _STILL_MS) -> None:
        """Take one picture; it shows what happened since the one before."""
        now = time.monotonic()
        image = Image.open(io.BytesIO(self._frame.screenshot(animations="allow")))
        height = round(image.height * WIDTH / image.width)
        picture = image.convert("RGB").resize((WIDTH, height))
        if self._pictures:
            is_still = not ImageChops.difference(picture, self._pictures[-1]).getbbox()
            if is_still and at_most_ms < _STILL_MS:
                return  # nothing to wait for
            spent = round(1000 * (now - self._last))
            self._durations_ms.append(max(_LEAST_MS, min(at_most_ms, spent)))
        self._last = now
        self._pictures.append(picture)

    def roll(self, seconds: float) -> None:
        """Go on for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.shoot()
            self.page.wait_for_timeout(1000 * _PAUSE_S)

    def until(self, locator: Locator) -> None:
        """Go on until something is there; the time of a wait runs faster."""
        end = time.monotonic() + RENDER_MS / 1000
        while not locator.is_visible():
            if time.monotonic() > end:
                raise TimeoutError(f"{locator} did not come")
            self.shoot(at_most_ms=_QUICK_MS)
            self.page.wait_for_timeout(1000 * _PAUSE_S)

    def type(self, words: str) -> None:
        """Type as a person does."""
        for at in range(0, len(words), 3):
            self.page.keyboard.type(words[at : at + 3])
            self.shoot(at_most_ms=_QUICK_MS)

    def drag(self, over: Locator, *shares: tuple[float, float], steps: int = 6) -> None:
        """Drag over an element, from place to place in shares of it."""
        box = over.bounding_box()
        assert box is not None
        places = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"])
            for x, y in shares
        ]
        self.page.mouse.move(*places[0])
        self.shoot(at_most_ms=_QUICK_MS)
        self.page.mouse.down()
        for (x0, y0), (x1, y1) in itertools.pairwise(places):
            for step in range(1, steps + 1):
                share = step / steps
                self.page.mouse.move(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
                self.shoot(at_most_ms=_QUICK_MS)
        self.page.mouse.up()
        self.shoot(at_most_ms=_QUICK_MS)

    def save(self, path: Path) -> None:
        """Write an animated webp.

        Raises:
            RuntimeError: If it became too long.
        """
        durations_ms = [*self._durations_ms, 1500]
        if sum(durations_ms) > _LONGEST_MS:
            raise RuntimeError(f"the film takes {sum(durations_ms) / 1000:.1f} s")
        save(
            self._pictures,
            path,
            duration_ms=durations_ms,
            quality=70,
            max_bytes=_LARGEST_BYTES,
        )


def main(docs: Path = DOCS) -> int:
    """Make the film and the pictures in a folder; return the exit code."""
    expect.set_options(timeout=RENDER_MS)
    scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with scratch as folder, ExitStack() as stack:
        try:
            browser = stack.enter_context(chromium())
        except EngineError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        server = Server(Path(folder), grace_s=120)
        try:
            notebook = Notebook(server, browser, [WARM, LOAD, ASK, DATA, "", PANEL])
            for cell in range(4):
                notebook.run_cell(cell)
            _loop(notebook).save(docs / "loop.webp")
            _player(notebook, docs / "img")
            _panel(notebook, docs / "img")
        finally:
            server.close_sessions()
            server.close()
    return 0


def _loop(notebook: Notebook) -> Film:
    page = notebook.page
    page.set_viewport_size({"width": 900, "height": 640})
    notebook.app(
        """app.shell.collapseLeft(); nb.toolbar.hide();
        nb.content.activeCellIndex = 0;
        await app.commands.execute("notebook:delete-cell");"""
    )
    pointer = page.evaluate_handle(_POINTER)
    film = Film(notebook, page.locator(".jp-NotebookPanel-notebook"))

    # A clip.
    first = notebook.player.nth(0)
    expect(first.locator(".nba-refine")).to_be_visible()
    _scroll_to(first)
    film.roll(1.5)

    # Point, refine.
    first.focus()
    page.keyboard.press("p")
    film.roll(0.3)
    film.drag(first.locator(".nba-pad"), (0.5, 0.01), (1, 1))
    film.roll(0.5)
    first.locator(".nba-words-box").click()
    film.type("at night")
    film.roll(0.3)
    page.keyboard.press("Enter")
    second = _next(film, 1)

    # Compare.
    second.focus()
    page.keyboard.press("a")
    film.until(second.locator(".nba-guest video"))
    film.roll(0.5)
    wipe = (0.5, 0.5), (-70, 0.5), (70, 0.5), (0.5, 0.5)
    film.drag(second.locator(".nba-edge"), *wipe, steps=12)
    film.roll(0.8)

    # A table becomes a chart.
    cell = page.locator(".jp-Notebook .jp-Cell").nth(3)
    cell.scroll_into_view_if_needed()
    notebook.app("nb.content.activeCellIndex = 3; nb.content.mode = 'edit';")
    cell.locator(".cm-content").click()
    film.type(SHOW)
    film.roll(0.3)
    page.keyboard.press("Control+Enter")
    chart = _next(film, 2, seconds=3.5)
    chart.focus()
    page.keyboard.press("End")
    page.wait_for_timeout(500)
    film.shoot()
    pointer.evaluate("(dot) => dot.remove()")
    return film


def _next(film: Film, number: int, seconds: float = 1.5) -> Locator:
    """Wait for the player of a turn, and look at its clip."""
    player = film.player.nth(number)
    film.until(player.locator(".nba-head"))
    _scroll_to(player)
    film.until(player.locator(".nba-refine"))
    _scroll_to(player)
    film.roll(seconds)
    return player


def _player(notebook: Notebook, folder: Path) -> None:
    """Keep the player's own pictures; the film has left two of them."""
    page = notebook.page
    page.set_viewport_size({"width": 1000, "height": 1300})
    first, second = notebook.player.nth(0), notebook.player.nth(1)
    first.focus()
    page.keyboard.press("x")
    page.keyboard.press("p")
    _picture(first, folder / "player.png")
    first.focus()
    page.keyboard.press("p")
    page.wait_for_timeout(300)
    box = first.locator(".nba-pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"])
    page.mouse.up()
    handle = first.locator(".nba-span")
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    page.mouse.up()
    _picture(first, folder / "player-point.png")
    _picture(second, folder / "player-compare.png")
    page.set_viewport_size({"width": 1280, "height": 800})
    second.get_by_role("button", name="Side by side").click()
    second.focus()
    page.keyboard.press("f")
    page.wait_for_timeout(1000)
    _keep(page.screenshot(), folder / "player-full.png")
    page.keyboard.press("f")
    page.set_viewport_size({"width": 1000, "height": 1300})
    page.keyboard.press("a")
    second.locator(".nba-words-box").fill("slower, and in the snow")
    page.keyboard.press("Enter")
    name = page.locator(".nba-name", has_text="c4")
    snow = notebook.player.filter(has=name)
    expect(snow.locator(".nba-refine")).to_be_visible()
    snow.focus()
    page.keyboard.press("t")
    page.keyboard.press("d")
    expect(snow.locator(".nba-card-clip").first).to_be_visible()
    expect(snow.locator(".nba-code").first).to_be_visible()
    _picture(snow, folder / "player-lineage.png")
    snow.focus()
    page.keyboard.press("t")
    page.keyboard.press("d")


def _panel(notebook: Notebook, folder: Path) -> None:
    page = notebook.page
    page.set_viewport_size({"width": 1280, "height": 800})
    notebook.app("nb.toolbar.show();")
    notebook.run_cell(4)
    _scroll_to(notebook.player.nth(2))
    panel = page.locator(".nba-panel")
    box = panel.get_by_label("Message")
    box.fill("a cat jumps in the snow")
    box.press("Enter")
    turn = panel.locator(".nba-turn").last
    expect(turn.locator(".nba-transport")).to_be_visible()
    turn.locator(".nba-scrub").fill("2")
    box.fill("slower, at night")
    expect(panel.locator(".nba-plan")).to_be_visible()
    page.wait_for_timeout(2500)  # the thread comes to rest at its end
    _keep(page.screenshot(), folder / "panel.png")
    notebook.set_theme("JupyterLab Dark")
    panel.get_by_role("tab", name="Clips").click()
    expect(panel.locator(".nba-card").first).to_be_visible()
    page.wait_for_timeout(1500)
    _keep(page.screenshot(), folder / "panel-dark.png")


def _scroll_to(player: Locator) -> None:
    player.evaluate("(el) => el.scrollIntoView({ block: 'center' })")


def _picture(player: Locator, path: Path) -> None:
    _scroll_to(player)
    player.page.evaluate("document.activeElement.blur()")
    player.page.wait_for_timeout(500)
    _keep(player.screenshot(), path)


def _keep(screenshot: bytes, path: Path) -> None:
    save(Image.open(io.BytesIO(screenshot)), path)
