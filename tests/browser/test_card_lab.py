"""The card leads on: steps that run, a stop that goes on, a film, a page without kernel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook
from tests.browser.test_agent_lab import LOAD, RENDER_MS, wait_for_clip
from tests.browser.test_player_lab import DONE
from tests.browser.test_tools_lab import ready, refine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Open = Callable[..., Notebook]

BALL = "%agent --seed 7 a red ball crosses the beach at sunset"
LONG = "%agent --steps 60 --seed 7 a blue cube rolls over a meadow"
FILM = (
    "%agent --seed 5 A dog runs on the beach. Then it runs in the desert. Then it runs"
    " in the snow at night."
)
MOVES = """(video) => new Promise((resolve) => {
  const start = video.currentTime;
  const look = () => video.currentTime !== start ? resolve(true) : setTimeout(look, 50);
  look();
})"""


def height(card: Locator) -> float:
    box = card.bounding_box()
    assert box is not None
    return box["height"]


def test_a_card_is_low_and_its_steps_run(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, BALL)
    notebook.run_cell(0)
    notebook.run_cell(1)
    card = ready(notebook)
    ideas = card.get_by_role("group", name="Next").get_by_role("button")
    expect(ideas).to_have_text(["at night", "loop it", "4 takes"])
    assert height(card) < 300
    expect(card).not_to_contain_text("seed 7")  # that is among the details
    ideas.nth(1).click()
    wait_for_clip(notebook, 1)
    below = notebook.player.nth(1)
    expect(below.locator(".nba-parent")).to_have_text("from c1")
    expect(below.locator(".nba-request")).to_have_text("loops back and forth")
    expect(below.locator(".nba-veil")).to_be_empty()
    assert below.locator("video").first.evaluate(MOVES)


def test_what_was_cancelled_goes_on_from_its_card(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, LONG, "print('free')")
    notebook.run_cell(0)
    notebook.start_cell(1)
    card = notebook.player
    expect(card.locator(".nba-status")).to_contain_text("step", timeout=RENDER_MS)
    card.get_by_role("button", name="Cancel").click()
    expect(card.locator(".nba-status")).to_contain_text("cancelled")
    expect(card.locator(".nba-tile")).to_contain_text("stopped")
    notebook.wait_idle()
    card.get_by_role("button", name="Resume").click()
    wait_for_clip(notebook)
    expect(card.locator(".nba-status")).to_contain_text("rendered in")
    notebook.run_cell(2)  # nothing blocked the notebook meanwhile
    assert notebook.text(2) == "free\n"


def test_full_screen_refines_in_place_and_is_dark(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, BALL)
    notebook.run_cell(0)
    notebook.run_cell(1)
    card = ready(notebook)
    notebook.page.keyboard.press("f")
    notebook.page.wait_for_function("() => document.fullscreenElement !== null")
    dark = "rgb(17, 17, 19)"
    expect(card).to_have_css("background-color", dark)
    refine(card, "play it backwards")
    front = notebook.page.locator(".nba-front")
    expect(front.locator(".nba-name")).to_have_text("c2", timeout=RENDER_MS)
    expect(front).to_be_in_viewport()
    expect(card).to_be_hidden()
    expect(front).to_have_css("background-color", dark)
    assert notebook.page.evaluate("document.fullscreenElement !== null")
    expect(front.locator(".nba-tools")).to_be_visible()
    notebook.page.keyboard.press("f")
    expect(notebook.player).to_have_count(2)
    expect(card).to_be_visible()


def test_a_storyboard_shows_its_film_over_its_scenes(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FILM)
    notebook.run_cell(0)
    notebook.run_cell(1)
    card = ready(notebook)
    tiles = card.locator(".nba-story > .nba-tile")
    expect(tiles).to_have_count(4)
    sizes = [tile.bounding_box() for tile in tiles.all()]
    *scenes, film = [box["height"] for box in sizes if box]
    assert film > 2 * max(scenes)
    expect(card.locator(".nba-counter")).to_contain_text("/ 48")
    tiles.nth(1).locator(".nba-pick").click()
    expect(card.locator(".nba-name")).to_have_text("c2")
    expect(card.locator(".nba-request")).to_contain_text("desert")
    notebook.reopen_untrusted()
    videos = notebook.static.locator("video")
    expect(videos).to_have_count(4)
    assert videos.first.evaluate(MOVES)


def test_a_page_without_kernel_plays_at_once(open_notebook: Open) -> None:
    notebook = open_notebook(DONE)
    notebook.run_cell()
    notebook.save()
    notebook.restart_kernel()
    video = notebook.static.locator("video")
    expect(video).to_be_visible()
    assert video.evaluate("(video) => video.muted && video.loop")
    assert video.evaluate(MOVES)
    still = "(el) => getComputedStyle(el.parentElement, '::before').backgroundImage"
    assert "data:" not in video.evaluate(still)
    # Who wants less motion sees a still, until it is pointed at.
    notebook.page.emulate_media(reduced_motion="reduce")
    assert "data:image/jpeg" in video.evaluate(still)
    notebook.static.locator(".nba-clip").hover()
    assert "data:" not in video.evaluate(still)


def test_what_is_left_out_is_said_once_without_a_kernel(open_notebook: Open) -> None:
    notebook = open_notebook(
        LOAD,
        "%agent --draft --seed 7 a red ball on the beach in the rain",
        "%agent --draft at night",
    )
    for cell in range(3):
        notebook.run_cell(cell)
    lost = "pocket can't show rain."
    expect(notebook.player.locator(".nba-note")).to_have_text([lost, ""])
    notebook.reopen_untrusted()
    expect(notebook.static).to_have_count(2)
    first, second = notebook.static.all()
    expect(first).to_contain_text(lost)
    expect(second).to_contain_text("at night")
    expect(second).not_to_contain_text(lost)
