"""The chat panel in a real JupyterLab: one conversation with the cells, both ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Open = Callable[..., Notebook]

LOAD = "%load_ext nbagent\n%nbagent panel"
IN_CELL = "%load_ext nbagent\n%nbagent panel cell"
FIRST = "%agent --draft --seed 7 a red ball crosses the beach at sunset"
LONG = "%agent --takes 16 --steps 50 a blue cube rolls over a meadow"
RENDER_MS = 240_000


def open_panel(notebook: Notebook) -> Locator:
    assert notebook.run_cell(0) == []
    panel = notebook.page.locator(".nba-panel")
    expect(panel).to_be_visible()
    return panel


def say(panel: Locator, words: str) -> None:
    box = panel.get_by_label("Message")
    box.fill(words)
    box.press("Enter")


def turns(panel: Locator) -> Locator:
    return panel.locator(".nba-turn")


def expect_clip(turn: Locator) -> None:
    expect(turn.locator(".nba-transport")).to_be_visible(timeout=RENDER_MS)
    expect(turn.locator("video").first).to_have_js_property("readyState", 4)


def test_cells_and_panel_are_one_conversation(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST, "%agent what changed between c1 and c2?")
    panel = open_panel(notebook)
    assert notebook.page.locator(".jupyterlab-sidecar .nba-panel").count() == 1
    expect(panel.get_by_role("button", name="a red ball crosses")).to_be_visible()
    assert panel.evaluate("(panel) => panel.offsetWidth") > 330
    notebook.run_cell(1)
    expect_clip(turns(panel).nth(0))
    expect(turns(panel).nth(0).locator(".nba-from")).to_contain_text("cell")
    say(panel, "slower, and at night")
    expect_clip(turns(panel).nth(1))
    expect(turns(panel).nth(1).locator(".nba-name")).to_have_text("c2")
    # The next cell knows what the panel made, and the panel what the cell was told.
    notebook.run_cell(2)
    assert "night" in notebook.text(2)
    expect(turns(panel).nth(2).locator(".nba-answer")).to_contain_text("night")


def test_the_panel_goes_on_while_a_cell_runs_and_stops_it(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST, LONG)
    panel = open_panel(notebook)
    notebook.run_cell(1)
    notebook.start_cell(2)
    running = turns(panel).nth(1).locator('.nba-tile[data-state="running"]')
    expect(running.first).to_be_visible(timeout=RENDER_MS)
    say(panel, "c1 twice as fast")
    expect_clip(turns(panel).nth(2))
    panel.get_by_role("button", name="Stop", exact=True).click()
    notebook.wait_idle()
    assert "stopped" in notebook.text(2)


def test_a_mistake_is_one_line_and_the_words_come_back(open_notebook: Open) -> None:
    notebook = open_notebook(IN_CELL)
    notebook.run_cell(0)
    panel = notebook.page.locator(".jp-OutputArea .nba-panel")
    expect(panel).to_be_visible()
    say(panel, "--sed 3 a cat")
    expect(panel.get_by_role("alert")).to_contain_text("did you mean --seed?")
    expect(panel.get_by_label("Message")).to_have_value("--sed 3 a cat")
    say(panel, "--frames 51 a red ball")
    expect(turns(panel).locator(".nba-error")).to_contain_text("use 48 or 64")


def test_keys_stay_in_the_panel_and_up_brings_back_what_was_said(
    open_notebook: Open,
) -> None:
    notebook = open_notebook(LOAD, "# untouched")
    panel = open_panel(notebook)
    cells = (
        "return nb.content.widgets.map((cell) => cell.model.sharedModel.getSource())"
    )
    before = notebook.app(cells)
    say(panel, "what can you do?")
    expect(turns(panel)).to_have_count(1)
    panel.locator(".nba-scroll").focus()
    for key in ("a", "b", "x", "d", "d", "y", "m", "Shift+Enter", "Escape"):
        notebook.page.keyboard.press(key)
    box = panel.get_by_label("Message")
    box.press("ArrowUp")
    expect(box).to_have_value("what can you do?")
    box.press("ArrowDown")
    expect(box).to_have_value("")
    assert notebook.app(cells) == before
    assert notebook.app("return nb.content.activeCell.model.type") == "code"


def test_a_reload_brings_the_conversation_back(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST)
    panel = open_panel(notebook)
    notebook.run_cell(1)
    expect_clip(turns(panel).nth(0))
    notebook.save()
    notebook.reload_player()
    panel = notebook.page.locator(".nba-panel").first
    expect_clip(turns(panel).nth(0))
