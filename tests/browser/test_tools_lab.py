"""The player's tools in a real JupyterLab: point, refine, compare, and look back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook
from tests.browser.test_agent_lab import FIRST, LOAD, RENDER_MS
from tests.browser.test_player_lab import DONE, READ_FRAME

Open = Callable[..., Notebook]

PART = "s = turn.session.clip('c1').selection; print(s.span, s.frames, s.region)"


def ready(notebook: Notebook, number: int = 0) -> Locator:
    player = notebook.player.nth(number)
    expect(player.locator(".nba-refine")).to_be_visible(timeout=RENDER_MS)
    player.focus()
    return player


def drag(notebook: Notebook, over: Locator, *shares: tuple[float, float]) -> None:
    """Drag over an element, from and to places in shares of it."""
    box = over.bounding_box()
    assert box is not None
    mouse = notebook.page.mouse
    for number, (x, y) in enumerate(shares):
        mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if number == 0:
            mouse.down()
    mouse.up()


def wait_until_told(player: Locator) -> None:
    """Wait until the kernel knows what was pointed at; a cell may run before."""
    part = player.locator(".nba-part")
    expect(part).to_have_attribute("aria-busy", "false")


def refine(player: Locator, words: str) -> None:
    box = player.get_by_role("textbox")
    box.fill(words)
    box.press("Enter")


def test_pointing_is_read_in_python_and_played(open_notebook: Open) -> None:
    notebook = open_notebook(DONE, PART)
    notebook.run_cell()
    player = ready(notebook)
    notebook.page.keyboard.press("p")
    drag(notebook, player.locator(".nba-pad"), (0.5, 0.25), (0.6, 0.4), (1, 0.75))
    drag(notebook, player.locator(".nba-span"), (0.5, 0.5), (0.6, 0.5), (0.99, 0.5))
    part = player.locator(".nba-part")
    expect(part).to_contain_text("1.00–2.00 s, 50×50 %")
    wait_until_told(player)
    notebook.run_cell(1)
    assert "(1.0, 2.0) slice(8, 16, None) (0.5, 0.25, 1" in notebook.text(1)
    # It plays the span alone: no frame before it comes, over more than two rounds.
    video = player.locator("video").first
    frames = set()
    for _ in range(40):
        frames.add(video.evaluate(READ_FRAME))
        notebook.page.wait_for_timeout(60)  # two rounds are two seconds
    assert frames <= set(range(8, 16))
    assert len(frames) > 3
    player.focus()
    notebook.page.keyboard.press("x")
    expect(player.locator(".nba-part")).to_be_hidden()


def test_a_refined_clip_is_below_and_is_compared_and_traced(
    open_notebook: Open,
) -> None:
    notebook = open_notebook(DONE, "print([row.name for row in turn.session.rows()])")
    notebook.run_cell()
    refine(ready(notebook), "slower")
    player = ready(notebook, 1)
    expect(player.locator(".nba-name")).to_have_text("c2")
    keys = notebook.page.keyboard
    keys.press("a")
    guest = player.locator(".nba-guest video")
    expect(guest).to_be_visible()
    player.locator(".nba-scrub").fill("9")
    for video in (guest, player.locator(".nba-tile > video")):  # frame by frame
        expect(video).to_have_js_property("seeking", False)
        assert video.evaluate(READ_FRAME) == 9
    player.focus()
    keys.press("t")
    expect(player.locator(".nba-change")).to_have_text("half as fast")
    player.locator(".nba-card-clip", has_text="c1").click()
    expect(player.locator(".nba-name")).to_have_text("c1")
    refine(player, "play it backwards")  # a branch: from c1, in the player of c2
    ready(notebook, 2)
    notebook.run_cell(1)
    assert notebook.text(1).strip() == "['c1', 'c2', 'c3']"
    notebook.save()
    notebook.reload_player()  # the page is new, the kernel and its turns are not
    expect(notebook.player).to_have_count(3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_only_the_part_that_was_pointed_at_is_rendered_anew(
    open_notebook: Open,
) -> None:
    notebook = open_notebook(LOAD, f"c1 = {FIRST}", CHANGED)
    notebook.run_cell()
    notebook.run_cell(1)
    player = ready(notebook)
    notebook.page.keyboard.press("p")
    drag(notebook, player.locator(".nba-pad"), (0.02, 0.02), (0.2, 0.2), (0.5, 0.5))
    refine(player, "--draft at night")
    below = ready(notebook, 1)
    expect(below.locator(".nba-name")).to_have_text("c2")
    notebook.run_cell(2)
    inside, outside = map(float, notebook.text(2).split())
    # The rest is the same but for what the video codec makes of it.
    assert inside > 3 * outside
    assert outside < 4


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_stills_are_compared_pointed_at_and_looked_at_again(
    open_notebook: Open,
) -> None:
    still = "%agent --seed 7 a still of a red ball on the beach"
    notebook = open_notebook(LOAD, still, SELECTED)
    notebook.run_cell()
    notebook.run_cell(1)
    keys = notebook.page.keyboard
    player = ready(notebook)
    keys.press("p")
    expect(player.get_by_text("Drag over the picture for a place.")).to_be_visible()
    expect(player.get_by_role("button", name="From here")).to_be_hidden()
    drag(notebook, player.locator(".nba-pad"), (0.02, 0.02), (0.2, 0.2), (0.5, 0.5))
    wait_until_told(player)
    notebook.run_cell(2)
    assert notebook.text(2).strip() == "None (0.02, 0.02, 0.5, 0.5)"
    refine(player, "at night")
    below = ready(notebook, 1)
    expect(below.locator(".nba-row")).to_have_class(re.compile("nba-still"))
    keys.press("a")
    guest = below.locator(".nba-guest")
    expect(guest.locator("img")).to_have_js_property("naturalWidth", 256)
    expect(guest).to_have_attribute("data-mode", "wipe")
    below.get_by_role("button", name="Side by side").click()
    expect(guest).to_have_attribute("data-mode", "side")
    below.focus()
    keys.press("t")
    below.locator(".nba-card-clip", has_text="c1").click()
    expect(below.locator(".nba-name")).to_have_text("c1")
    expect(guest.locator("img")).to_be_visible()
    below.get_by_role("button", name="Back to c2").click()
    expect(guest).to_have_count(0)
    expect(below.locator(".nba-name")).to_have_text("c2")


SELECTED = """
from IPython import get_ipython
session = get_ipython().magics_manager.registry["AgentMagics"].speaker.session()
found = session.clip("c1").selection
print(found.span, tuple(round(share, 2) for share in found.region))
"""
CHANGED = """
import numpy as np
from IPython import get_ipython
session = get_ipython().magics_manager.registry["AgentMagics"].speaker.session()
c2 = session.clip("c2")
change = np.abs(c2.frames.astype(int) - c1.frames)
inside = change[c1.selection.index].mean()
kept = np.ones(change.shape[:3], bool)
kept[c1.selection.index] = False
print(inside, change[kept].mean())
"""
