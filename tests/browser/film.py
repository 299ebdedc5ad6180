"""`make film`: the README's clip and the pictures of the docs, from a real JupyterLab.

    python -m tests.browser.film     writes docs/loop.webp and docs/img/*.png

A person's way through one notebook: ask, preview, clip, point, refine, compare; then the
panel beside it. All clips are made by pocket while the film runs. What a slow machine
waits for is cut: a picture of the film stays for at most a quarter of a second.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, expect, sync_playwright

from tests.browser.lab import (
    CHROMIUM_FLAGS,
    REPOSITORY,
    Notebook,
    Server,
    find_chromium,
)

DOCS = REPOSITORY / "docs"
RENDER_MS = 300_000
WIDTH = 720  # of the film, in pixels
_STILL_MS, _LEAST_MS = 250, 60
_PAUSE_S = 0.06

# The film is about clips, not about how long torch takes to be imported.
WARM = "import sys\n!{sys.executable} -m nbagent.jobs.warm"
LOAD = "%load_ext nbagent"
ASK = "%agent --seed 7 a red ball crosses the beach at sunset"
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

    def shoot(self) -> None:
        """Take one picture; it shows what happened since the one before."""
        now = time.monotonic()
        if self._pictures:
            spent = round(1000 * (now - self._last))
            self._durations_ms.append(max(_LEAST_MS, min(_STILL_MS, spent)))
        self._last = now
        image = Image.open(io.BytesIO(self._frame.screenshot(animations="allow")))
        height = round(image.height * WIDTH / image.width)
        self._pictures.append(image.convert("RGB").resize((WIDTH, height)))

    def roll(self, seconds: float) -> None:
        """Go on for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.shoot()
            self.page.wait_for_timeout(1000 * _PAUSE_S)

    def until(self, locator: Locator) -> None:
        """Go on until something is there."""
        end = time.monotonic() + RENDER_MS / 1000
        while not locator.is_visible():
            if time.monotonic() > end:
                raise TimeoutError(f"{locator} did not come")
            self.shoot()
            self.page.wait_for_timeout(1000 * _PAUSE_S)

    def type(self, words: str) -> None:
        """Type as a person does."""
        for at in range(0, len(words), 3):
            self.page.keyboard.type(words[at : at + 3])
            self.shoot()

    def drag(self, over: Locator, *shares: tuple[float, float]) -> None:
        """Drag over an element, from place to place in shares of it."""
        box = over.bounding_box()
        assert box is not None
        places = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"])
            for x, y in shares
        ]
        self.page.mouse.move(*places[0])
        self.shoot()
        self.page.mouse.down()
        for (x0, y0), (x1, y1) in itertools.pairwise(places):
            for step in range(1, 7):
                self.page.mouse.move(
                    x0 + (x1 - x0) * step / 6, y0 + (y1 - y0) * step / 6
                )
                self.shoot()
        self.page.mouse.up()
        self.shoot()

    def save(self, path: Path) -> None:
        """Write an animated webp."""
        first, *rest = self._pictures
        first.save(
            path,
            save_all=True,
            append_images=rest,
            duration=[*self._durations_ms, 1500],
            loop=0,
            quality=60,
            method=4,
        )


def main() -> int:
    """Make the film and the pictures; return the exit code."""
    chromium = find_chromium()
    if chromium is None:
        sys.stderr.write("no Chromium here: install the system package `chromium`\n")
        return 1
    expect.set_options(timeout=RENDER_MS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS)
        )
        server = Server(Path(folder), grace_s=120)
        try:
            notebook = Notebook(server, browser, [WARM, LOAD, "", PANEL])
            notebook.run_cell(0)
            notebook.run_cell(1)
            _loop(notebook).save(DOCS / "loop.webp")
            _player(notebook)
            _panel(notebook)
        finally:
            server.close_sessions()
            server.close()
            browser.close()
    return 0


def _loop(notebook: Notebook) -> Film:
    page = notebook.page
    page.set_viewport_size({"width": 1000, "height": 720})
    notebook.app(
        """app.shell.collapseLeft(); nb.toolbar.hide();
        nb.content.activeCellIndex = 0;
        await app.commands.execute("notebook:delete-cell");"""
    )
    pointer = page.evaluate_handle(_POINTER)
    film = Film(notebook, page.locator(".jp-NotebookPanel-notebook"))

    # Ask.
    notebook.app("nb.content.activeCellIndex = 1; nb.content.mode = 'edit';")
    page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content").click()
    film.type(ASK)
    film.roll(0.3)
    page.keyboard.press("Control+Enter")

    # Preview, clip.
    first = notebook.player.nth(0)
    film.until(first.locator(".nba-refine"))
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
    film.drag(
        second.locator(".nba-edge"), (0.5, 0.5), (-70, 0.5), (70, 0.5), (0.5, 0.5)
    )
    film.roll(1.5)
    pointer.evaluate("(dot) => dot.remove()")
    return film


def _next(film: Film, number: int) -> Locator:
    """Wait for the player of a turn that was said in the one above."""
    player = film.player.nth(number)
    film.until(player.locator(".nba-head"))
    _scroll_to(player)
    film.until(player.locator(".nba-refine"))
    _scroll_to(player)
    film.roll(1.5)
    return player


def _player(notebook: Notebook) -> None:
    """Keep the player's own pictures; the film has left two of them."""
    page = notebook.page
    page.set_viewport_size({"width": 1000, "height": 1300})
    first, second = notebook.player.nth(0), notebook.player.nth(1)
    first.focus()
    page.keyboard.press("p")  # what is pointed at stays, and the pad goes
    _picture(first, "player")
    page.keyboard.press("p")
    page.wait_for_timeout(300)
    handle = first.locator(".nba-span")
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    page.mouse.up()
    _picture(first, "player-point")
    second.focus()
    _picture(second, "player-compare")
    page.set_viewport_size({"width": 1280, "height": 800})
    second.get_by_role("button", name="Side by side").click()
    second.focus()
    page.keyboard.press("f")
    page.wait_for_timeout(1000)
    page.screenshot(path=DOCS / "img/player-full.png")
    page.keyboard.press("f")
    page.set_viewport_size({"width": 1000, "height": 1300})
    page.keyboard.press("a")
    second.locator(".nba-words-box").fill("slower, and in the snow")
    page.keyboard.press("Enter")
    third = notebook.player.nth(2)
    expect(third.locator(".nba-refine")).to_be_visible()
    third.focus()
    page.keyboard.press("t")
    page.keyboard.press("d")
    expect(third.locator(".nba-card-clip").first).to_be_visible()
    expect(third.locator(".nba-code").first).to_be_visible()
    _picture(third, "player-lineage")
    page.keyboard.press("t")
    page.keyboard.press("d")


def _panel(notebook: Notebook) -> None:
    page = notebook.page
    page.set_viewport_size({"width": 1280, "height": 800})
    notebook.app("nb.toolbar.show();")
    notebook.run_cell(2)
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
    page.screenshot(path=DOCS / "img/panel.png")
    notebook.set_theme("JupyterLab Dark")
    panel.get_by_role("tab", name="Clips").click()
    expect(panel.locator(".nba-card").first).to_be_visible()
    page.wait_for_timeout(1500)
    page.screenshot(path=DOCS / "img/panel-dark.png")


def _scroll_to(player: Locator) -> None:
    player.evaluate("(el) => el.scrollIntoView({ block: 'center' })")


def _picture(player: Locator, name: str) -> None:
    _scroll_to(player)
    player.page.wait_for_timeout(500)
    player.screenshot(path=DOCS / f"img/{name}.png")


if __name__ == "__main__":
    raise SystemExit(main())
