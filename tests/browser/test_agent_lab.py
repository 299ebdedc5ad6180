"""The whole way, from words in a cell to a clip on the screen, with the real engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Open = Callable[..., Notebook]

LOAD = "%load_ext nbagent"
FIRST = "%agent --draft --seed 7 a red ball crosses the beach at sunset"
REFINE = "%agent --draft slower, and at night"
SLOW = "%agent --steps 400 a blue cube rolls over a meadow"
LONG = "%agent --takes 16 --steps 50 a blue cube rolls over a meadow"
RENDER_MS = 240_000
SEEDS = """
session = get_ipython().magics_manager.registry["AgentMagics"].speaker.session()
print(session.clip("c1").seed, session.clip("c2").seed)
"""


def wait_for_clip(notebook: Notebook, number: int = 0) -> None:
    transport = notebook.player.nth(number).locator(".nba-transport")
    expect(transport).to_be_visible(timeout=RENDER_MS)
    video = notebook.player.nth(number).locator("video").first
    expect(video).to_have_js_property("readyState", 4)


def first_clip(open_notebook: Open, *cells: str) -> Notebook:
    notebook = open_notebook(LOAD, FIRST, *cells)
    assert "nbagent is ready" in str(notebook.run_cell(0))
    notebook.run_cell(1)
    wait_for_clip(notebook)
    return notebook


def test_a_turn_becomes_a_clip_and_the_next_refines_it(open_notebook: Open) -> None:
    notebook = first_clip(
        open_notebook,
        REFINE,
        "%agent what changed between c1 and c2?",
        SEEDS,
    )
    assert notebook.text(1).strip().startswith("c1: ")
    notebook.run_cell(2)
    wait_for_clip(notebook, 1)
    names = notebook.player.locator(".nba-name")
    expect(names).to_have_text(["c1", "c2"])
    notebook.run_cell(4)
    assert notebook.text(4) == "7 7\n"  # a refinement keeps the seed
    assert "night" in notebook.text(2)
    assert notebook.static.filter(visible=True).count() == 0
    notebook.run_cell(3)
    assert "night" in notebook.text(3)


def test_cancel_ends_a_cell_that_blocks(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, LONG, FIRST)
    notebook.run_cell(0)
    notebook.start_cell(1)
    tile = notebook.player.locator(".nba-tile").first
    expect(tile).to_have_attribute("data-state", "running", timeout=RENDER_MS)
    notebook.player.get_by_role("button", name="Cancel").click()
    notebook.wait_idle()
    line = notebook.text(1).splitlines()[-1]
    assert "stopped" in line
    assert "run the cell again" in line
    # The conversation and the engine go on.
    notebook.run_cell(2)
    wait_for_clip(notebook, 1)


def test_a_clip_is_kept_as_it_looks_now(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, SLOW)
    notebook.run_cell(0)
    notebook.start_cell(1)
    notebook.player.get_by_role("button", name="Keep").click(timeout=RENDER_MS)
    wait_for_clip(notebook, 0)
    notebook.wait_idle()
    expect(notebook.player.locator(".nba-status")).to_contain_text(
        "kept as it looked at"
    )


def test_the_stop_button_ends_a_cell_with_one_line(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, LONG)
    notebook.run_cell(0)
    notebook.start_cell(1)
    tile = notebook.player.locator(".nba-tile").first
    expect(tile).to_have_attribute("data-state", "running", timeout=RENDER_MS)
    notebook.interrupt()
    notebook.wait_idle()
    assert "stopped" in notebook.text(1)
    assert "Traceback" not in str(notebook.outputs(1))


def test_reload_restart_and_reopen_keep_the_clip_on_the_page(
    open_notebook: Open,
) -> None:
    notebook = first_clip(open_notebook, REFINE)
    notebook.save()
    notebook.reload_player()
    wait_for_clip(notebook)
    expect(notebook.static).to_be_hidden()
    notebook.restart_kernel()
    expect(notebook.static).to_be_visible()
    expect(notebook.player).to_have_count(0)
    # The store knows the conversation: the new kernel refines the old kernel's clip.
    notebook.run_cell(0)
    notebook.run_cell(2)
    wait_for_clip(notebook)
    expect(notebook.player.locator(".nba-name")).to_have_text("c2")
    assert "night" in notebook.text(2)
    notebook.reopen_untrusted()
    expect(notebook.static).to_have_count(2)
    for index in (0, 1):
        expect(notebook.static.nth(index)).to_be_visible()
    expect(notebook.player).to_have_count(0)


def test_a_mistake_is_one_line_and_leaves_no_player(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, "%agent --seed -1 a red ball crosses the beach")
    notebook.run_cell(0)
    notebook.run_cell(1)
    (output,) = notebook.outputs(1)
    assert output["output_type"] == "error"
    assert "seed -1" in output["evalue"]
    assert len(output["traceback"]) <= 1
    expect(notebook.player).to_have_count(0)
