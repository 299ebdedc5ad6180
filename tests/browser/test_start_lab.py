"""The first minute in a real JupyterLab: the line, the gallery, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook

Open = Callable[..., Notebook]

LOAD = "%load_ext nbagent"
RENDER_MS = 240_000
BALL = "%agent --draft --seed 1 a red ball crosses the beach"


def sources(notebook: Notebook) -> list[str]:
    script = "return nb.content.widgets.map((cell) => cell.model.sharedModel.source);"
    found: list[str] = notebook.app(script)
    return found


def save_and_reopen(notebook: Notebook) -> None:
    """Save the file, and open it where its kernel is gone."""
    notebook.app("await nb.context.save();")
    notebook.app("await nb.sessionContext.shutdown();")
    notebook.open()


def test_the_gallery_plays_and_puts_lines_into_cells(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, "%nbagent start", "'the last'")
    notebook.run_cell(0)
    assert "nbagent is ready" in notebook.text(0)
    notebook.run_cell(1)
    gallery = notebook.page.locator(".nba-start.nba-live")
    expect(gallery).to_be_visible()
    expect(gallery.locator("img")).to_have_count(6)
    notebook.page.wait_for_function(
        """() => [...document.querySelectorAll(".nba-start.nba-live img")]
          .every((image) => image.naturalWidth > 200)"""
    )
    expect(notebook.static.first).to_be_hidden()
    for title in ("A clip from words", "A chart of your data"):
        notebook.page.get_by_role("button", name=f"Put into a cell: {title}").click()
        expect(gallery).to_contain_text("It is in the cell below.")
    ball, bars = sources(notebook)[2:4]
    assert ball == "%agent a red ball crosses the beach at sunset"
    assert bars.startswith("sales = {")
    assert sources(notebook)[4] == "'the last'"
    # Words of the palette are put together to a turn.
    gallery.locator("summary").first.click()
    for word in ("a cat", "jumps", "in the snow"):
        gallery.get_by_role("button", name=word, exact=True).click()
    expect(gallery.get_by_label("The turn", exact=True)).to_have_value(
        "a cat jumps in the snow"
    )
    # Without a kernel it is a page that still plays.
    save_and_reopen(notebook)
    expect(notebook.static.first).to_be_visible()
    expect(notebook.static.first.locator("img")).to_have_count(6)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["output", "cell"])
def test_what_is_refined_by_mouse_is_there_when_it_is_reopened(
    open_notebook: Open, how: str
) -> None:
    setting = f"import os; os.environ['NBAGENT_REFINED'] = {how!r}"
    notebook = open_notebook(f"{setting}\n{LOAD}", BALL, "'the last'")
    notebook.run_cell(0)
    notebook.run_cell(1)
    line = notebook.player.get_by_label("Refine c1")
    line.fill("slower")
    line.press("Enter")
    expect(notebook.player).to_have_count(2)
    expect(notebook.player.nth(1).locator("video").first).to_be_visible(
        timeout=RENDER_MS
    )
    if how == "cell":
        notebook.wait_for("nb.content.widgets.length === 4")
        assert sources(notebook)[2] == "%agent --seed 1 c1, slower"
        kept = 2
    else:
        kept = 1
    notebook.wait_for(
        'JSON.stringify(nb.content.widgets[arg].model.outputs.toJSON()).includes("c2: ")',
        kept,
    )
    save_and_reopen(notebook)
    cell = notebook.page.locator(".jp-Cell").nth(kept)
    expect(cell.locator(".nba-static figure").last).to_contain_text("c2: a red ball")
    expect(cell.locator(".nba-static video").last).to_be_visible()
