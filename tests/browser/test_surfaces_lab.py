"""Where a clip is seen: other front ends, among other widgets, exported, without a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page, expect

from nbagent.cli import main
from tests.browser.lab import Notebook, Server
from tests.browser.test_player_lab import (
    DONE,
    READ_FRAME,
    assert_only_live,
    assert_only_static,
    counter,
    shown_frame,
    wait_for_clip,
)

pytestmark = [pytest.mark.timeout(600)]

Open = Callable[..., Notebook]

TOLD = """
%load_ext nbagent
from ipywidgets import HBox, interact, jslink
from tests.browser.demo import tell
a, b = tell("a red ball crosses the beach"), tell("a blue cube rolls over a meadow")
"""
SOURCES = "return nb.content.widgets.map((cell) => cell.model.sharedModel.getSource())"


def test_notebook_7_has_the_player_the_panel_and_the_static_clip(
    open_notebook: Open,
) -> None:
    panels = "%load_ext nbagent\n%nbagent panel", "%nbagent panel cell"
    notebook = open_notebook(DONE, *panels, front="notebook")
    notebook.run_cell()
    wait_for_clip(notebook)
    assert_only_live(notebook)
    notebook.player.locator(".nba-scrub").fill("11")
    assert (shown_frame(notebook), counter(notebook)) == (11, 11)
    notebook.player.focus()
    before = notebook.app(SOURCES)
    for key in ("a", "x", "d", "d", "Shift+Enter"):
        notebook.page.keyboard.press(key)
    assert notebook.app(SOURCES) == before
    # It has no place to dock a panel, and the cell says so.
    notebook.run_cell(1)
    expect(notebook.page.locator(".nba-undocked")).to_be_visible()
    notebook.run_cell(2)
    expect(notebook.page.locator(".nba-panel")).to_be_visible()
    notebook.restart_kernel()
    assert_only_static(notebook)


def test_players_stand_among_other_widgets_and_are_linked(open_notebook: Open) -> None:
    notebook = open_notebook(
        TOLD,
        'link = jslink((a.player, "time"), (b.player, "time"))\n'
        "display(HBox([a.player, b.player]))\n"
        "display(b)",
        "x = interact(a.remix, words=['play it backwards', 'twice as fast'])",
    )
    notebook.run_cell()
    notebook.run_cell(1)
    one, other = (
        notebook.page.locator(".widget-hbox .nba-player").nth(i) for i in (0, 1)
    )
    for player in (one, other):
        expect(player.locator(".nba-transport")).to_be_visible()
    # A player in a box has no static twin: the clip that is shown behind it stays.
    expect(notebook.static).to_be_visible()
    one.locator(".nba-scrub").fill("9")
    expect(other.locator(".nba-counter")).to_contain_text("10 / 16")
    other.locator(".nba-scrub").fill("3")
    expect(one.locator(".nba-counter")).to_contain_text("4 / 16")
    assert [frame_of(player) for player in (one, other)] == [3, 3]
    # The one that plays leads.
    one.get_by_role("button", name="Play").click()
    notebook.page.wait_for_timeout(700)
    one.get_by_role("button", name="Pause").click()
    at = one.locator(".nba-counter").inner_text()
    expect(other.locator(".nba-counter")).to_have_text(at)

    notebook.run_cell(2)
    made = notebook.page.locator(".widget-interact .nba-player")
    expect(made.locator(".nba-request")).to_have_text("backwards")
    expect(made.locator(".nba-transport")).to_be_visible()
    expect(notebook.static.filter(visible=True)).to_have_count(1)
    notebook.page.locator(".widget-interact select").first.select_option(
        "twice as fast"
    )
    expect(made.locator(".nba-request")).to_have_text("twice as fast")


def frame_of(player: Locator) -> int:
    video = player.locator("video").first
    expect(video).to_have_js_property("seeking", False)
    number: int = video.evaluate(READ_FRAME)
    return number


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page that reaches nothing but this machine's files."""
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("stores_widgets", [False, True])
def test_an_exported_page_plays_without_a_kernel(
    open_notebook: Open, page: Page, tmp_path: Path, *, stores_widgets: bool
) -> None:
    notebook = open_notebook(DONE)
    notebook.run_cell()
    wait_for_clip(notebook)
    document = notebook.save()
    if stores_widgets:  # as runners do (nbclient, papermill), with the script of each
        (model_id,) = (
            output.data["application/vnd.jupyter.widget-view+json"]["model_id"]
            for output in document.cells[0].outputs[:1]
        )
        script = "export default {render({el}) {el.textContent = 'from its script'}}"
        document.metadata["widgets"] = {
            "application/vnd.jupyter.widget-state+json": {
                "version_major": 2,
                "version_minor": 0,
                "state": {
                    model_id: {
                        "model_name": "AnyModel",
                        "model_module": "anywidget",
                        "model_module_version": "~0.11.*",
                        "state": {"_esm": script},
                    }
                },
            }
        }
    body, _ = HTMLExporter().from_notebook_node(document)
    exported = tmp_path / "exported.html"
    exported.write_text(body)
    page.goto(exported.as_uri(), wait_until="domcontentloaded")
    video = page.locator(".nba-static video")
    expect(video).to_be_visible()
    page.wait_for_function(
        "() => document.querySelector('.nba-static video').readyState >= 2"
    )
    video.evaluate("(video) => video.play()")
    page.wait_for_function(
        "() => document.querySelector('.nba-static video').currentTime > 0.2"
    )
    expect(page.get_by_text("from its script")).to_have_count(0)


def test_a_file_without_a_kernel_plays(open_notebook: Open) -> None:
    notebook = open_notebook(DONE)
    notebook.run_cell()
    wait_for_clip(notebook)
    document = notebook.save()
    document.metadata["kernelspec"] = {"name": "gone", "display_name": "Gone"}
    # Else it takes the only other kernel of that language, without a word.
    document.metadata.pop("language_info", None)
    orphan = notebook.path.with_name(f"orphan-{notebook.path.name}")
    nbformat.write(document, orphan)
    notebook.path = orphan
    notebook.page.goto(notebook.server.url(notebook.address()))
    # The notebook's toolbar has a button of that name too.
    dialog = notebook.page.get_by_role("dialog")
    dialog.get_by_role("button", name="No Kernel").click()
    notebook.wait_for("nb.context.isReady && nb.content.widgets.length > 0")
    assert_only_static(notebook)


def test_our_kernel_needs_no_load_ext(
    open_notebook: Open, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(server.home / "data"))
    assert main(["kernel", "install", "--user"]) == 0
    notebook = open_notebook("%agent --dry-run a red ball", kernel="nbagent")
    expect(notebook.page.get_by_text("Python 3 (nbagent)").first).to_be_visible()
    notebook.run_cell()
    assert "would generate: a red ball" in notebook.text()
