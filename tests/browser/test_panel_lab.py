"""The chat panel in a real JupyterLab: one conversation with the cells, both ways."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from nbagent import media
from tests.browser.lab import REPOSITORY, Notebook
from tests.llm_server import Handler
from tests.llm_server import server as language_model

__all__ = ("language_model",)  # a fixture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Open = Callable[..., Notebook]

LOAD = "%load_ext nbagent\n%nbagent panel"
IN_CELL = "%load_ext nbagent\n%nbagent panel cell"
FIRST = "%agent --draft --seed 7 a red ball crosses the beach at sunset"
LONG = "%agent --yes --takes 8 --steps 400 a blue cube rolls over a meadow"
RENDER_MS = 240_000
# A file of these bytes is dropped where the panel takes one.
DROP = """(field, [name, content, type]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type }));
  const how = { dataTransfer, bubbles: true, cancelable: true };
  field.dispatchEvent(new DragEvent("drop", how));
}"""


def read_size(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as image:
        return image.size


def open_panel(notebook: Notebook) -> Locator:
    notebook.run_cell(0)
    panel = notebook.page.locator(".nba-panel")
    expect(panel).to_be_visible()
    expect(notebook.page.locator(".nba-undocked")).to_be_hidden()
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
    second = turns(panel).nth(1)
    expect(second.locator(".nba-name")).to_have_text("c2")
    # It says what came of the words above it, and is still no higher than a card may be.
    expect(second.locator(".nba-request del")).to_have_text("at sunset")
    expect(turns(panel).nth(0).locator(".nba-request")).to_be_hidden()
    cards = panel.locator(".nba-player")
    heights = cards.evaluate_all("(all) => all.map((one) => one.offsetHeight)")
    assert max(heights) < 300
    # The next cell knows what the panel made, and the panel what the cell was told.
    notebook.run_cell(2)
    assert "night" in notebook.text(2)
    expect(turns(panel).nth(2).locator(".nba-answer")).to_contain_text("night")


def test_the_panel_goes_on_while_a_cell_runs_and_stops_it(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, LONG)
    panel = open_panel(notebook)
    notebook.start_cell(1)
    running = turns(panel).nth(0).locator('.nba-tile[data-state="running"]')
    expect(running).to_have_count(1, timeout=RENDER_MS)
    say(panel, "what seed has c1?")
    expect(turns(panel).nth(1).locator(".nba-answer")).to_contain_text("seed")
    # The kernel's main thread is still in the cell: its clips wait, and change places.
    names = panel.locator(".nba-queue .nba-name")
    expect(names.nth(6)).to_have_text("c8")
    panel.get_by_role("button", name="Move c3 up").click()
    expect(names.first).to_have_text("c3")
    panel.get_by_role("button", name="Stop", exact=True).click()
    notebook.wait_idle()
    assert "stopped" in notebook.text(1)


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
    panel.locator(".nba-thread .nba-scroll").focus()
    for key in ("a", "b", "x", "d", "d", "y", "m", "Shift+Enter", "Escape"):
        notebook.page.keyboard.press(key)
    box = panel.get_by_label("Message")
    box.press("ArrowUp")
    expect(box).to_have_value("what can you do?")
    box.press("ArrowDown")
    expect(box).to_have_value("")
    assert notebook.app(cells) == before
    assert notebook.app("return nb.content.activeCell.model.type") == "code"


def test_the_plan_is_shown_and_changed_before_it_runs(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD)
    panel = open_panel(notebook)
    box = panel.get_by_label("Message")
    box.fill("a blue cube rolls over a meadow")
    plan = panel.get_by_role("group", name="Plan")
    expect(plan).to_contain_text("new clip")
    plan.get_by_label("Seed").fill("7")
    plan.get_by_label("Seed").press("Tab")
    panel.get_by_label("Quality").select_option("draft")
    panel.get_by_label("Shape").select_option("16:9")
    expect(box).to_have_value("--seed 7 --draft a blue cube rolls over a meadow, 16:9")
    expect(plan).to_contain_text("16:9 is cropped from one")
    box.press("Enter")
    expect(turns(panel).locator(".nba-from")).to_contain_text("--seed 7 --draft")
    expect_clip(turns(panel).nth(0))
    # Sent again from its place, it is another clip under the same name.
    turns(panel).nth(0).hover()
    panel.get_by_role("button", name="Edit").click()
    say(panel, "--draft --seed 8 a blue cube rolls over a meadow")
    expect(turns(panel)).to_have_count(1)
    expect(turns(panel).locator(".nba-from")).to_contain_text("--seed 8")
    expect(turns(panel).locator(".nba-name")).to_have_text("c1")


def test_a_reply_is_about_its_clip(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST)
    panel = open_panel(notebook)
    notebook.run_cell(1)
    say(panel, "--draft a blue cube rolls over a meadow")
    expect_clip(turns(panel).nth(0))
    expect_clip(turns(panel).nth(1))
    assert panel.locator("input.nba-words-box").count() == 0
    # More than one turn is on the screen.
    seen = "(all) => all.every((one) => one.getBoundingClientRect().top > 60)"
    assert panel.locator(".nba-turn .nba-stage").evaluate_all(seen)
    turns(panel).nth(0).get_by_role("button", name="Reply to c1").click()
    expect(panel.locator(".nba-reply")).to_have_text("Reply to c1 ×")
    box = panel.get_by_label("Message")
    expect(box).to_be_focused()
    box.fill("twice as fast")
    expect(panel.get_by_role("group", name="Plan")).to_contain_text("re-cut")
    box.press("Enter")
    expect(panel.locator(".nba-reply")).to_be_hidden()
    expect_clip(turns(panel).nth(2))
    third = turns(panel).nth(2)
    expect(third.locator(".nba-parent")).to_have_text("from c1")
    expect(third.locator(".nba-request")).to_be_hidden()  # the turn's words say it


def test_a_models_markdown_is_read_and_harmless(
    open_notebook: Open, language_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "## Why\n\n* **blue",
        "**, <img src=x>",
        "\n* [a page](https://a.example)\n",
    )
    monkeypatch.setattr(Handler, "streams", said)
    notebook = open_notebook(LOAD, f"%nbagent connect m {language_model}")
    panel = open_panel(notebook)
    notebook.run_cell(1)
    say(panel, "why is the sky blue?")
    answer = turns(panel).locator(".nba-answer")
    expect(answer.locator("h4")).to_have_text("Why")
    expect(answer.locator("li").first).to_have_text("blue, <img src=x>")
    expect(answer.locator("li strong")).to_have_text("blue")
    expect(answer.get_by_role("link", name="a page")).to_have_attribute(
        "target", "_blank"
    )
    assert answer.locator("img").count() == 0


def test_a_picture_is_dropped_and_becomes_a_variable(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, "photo1.size, type(film1).__name__")
    panel = open_panel(notebook)
    picture = REPOSITORY / "docs" / "img" / "panel.png"
    file = [picture.name, base64.b64encode(picture.read_bytes()).decode(), "image/png"]
    box = panel.get_by_label("Message")
    panel.locator(".nba-field").evaluate(DROP, file)
    expect(box).to_have_value("@photo1 ")
    panel.locator(".nba-field").evaluate(DROP, ["notes.txt", "aGVsbG8=", "text/plain"])
    expect(panel.get_by_role("alert")).to_contain_text("notes.txt is neither a picture")
    frames = np.zeros((8, 64, 64, 3), np.uint8)
    film = notebook.path.with_name("film.mp4")
    media.write_video(film, frames, 8.0, None)
    content = base64.b64encode(film.read_bytes()).decode()
    panel.locator(".nba-field").evaluate(DROP, ["film.mp4", content, "video/mp4"])
    expect(box).to_have_value("@photo1 @film1 ")
    notebook.run_cell(1)
    assert notebook.text(1) == f"({read_size(picture)}, 'Clip')"
    box.press_sequentially("and @ph")
    expect(panel.locator(".nba-suggest [role=option] img")).to_have_count(1)


def test_clips_are_marked_compared_packed_and_deleted(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST, "%nbagent clips")
    panel = open_panel(notebook)
    notebook.run_cell(1)
    say(panel, "c1 twice as fast")
    expect_clip(turns(panel).nth(1))
    turns(panel).nth(0).get_by_role("button", name="Favourite: c1").click()
    tag = turns(panel).nth(0).get_by_label("Add a tag to c1")
    tag.fill("keeper")
    tag.press("Enter")
    expect(turns(panel).nth(0).locator(".nba-tag")).to_have_text("#keeper")
    panel.get_by_role("tab", name="Clips 2").click()
    panel.get_by_label("Filter").select_option("favourites")
    expect(panel.locator(".nba-card:visible")).to_have_count(1)
    panel.get_by_label("Filter").select_option("all")
    cards = panel.locator(".nba-card")
    cards.nth(0).hover()
    playing = cards.nth(0).locator("video")
    expect(playing).to_have_js_property("paused", False)
    for card in (0, 1):
        cards.nth(card).hover()
        cards.nth(card).get_by_role("checkbox").check()
    expect(playing).to_have_count(0)
    panel.get_by_role("button", name="Compare").click()
    expect(panel.locator(".nba-pair video")).to_have_count(2)
    panel.get_by_role("button", name="Close the comparison").click()
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name="Download", exact=True).click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["c1.mp4", "c2.mp4"]
    cards.nth(1).get_by_role("checkbox").uncheck()
    panel.get_by_role("button", name="Delete", exact=True).click()
    expect(panel.locator(".nba-card:visible")).to_have_count(1)
    panel.get_by_role("button", name="Undo", exact=True).click()
    expect(panel.locator(".nba-card:visible")).to_have_count(2)
    panel.get_by_role("tab", name="Chat").click()
    turns(panel).nth(1).get_by_role("button", name="Delete c2").click()
    expect(turns(panel).nth(1)).to_contain_text("What it made is deleted.")
    expect(turns(panel).nth(1).locator(".nba-player")).to_be_hidden()
    notebook.run_cell(2)
    assert "c1" in notebook.text(2)
    assert "c2" not in notebook.text(2)
    turns(panel).nth(0).get_by_role("button", name="Undo the last turn").click()
    expect(panel.locator(".nba-answer").last).to_contain_text("no clip is left")


def test_models_and_settings_are_pages_of_the_panel(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST, "%nbagent limit 50")
    panel = open_panel(notebook)
    notebook.run_cell(1)
    panel.get_by_role("tab", name="Models").click()
    pocket = panel.locator(".nba-model").first
    expect(pocket).to_contain_text("pocket")
    expect(pocket).to_contain_text("BSD-3")
    expect(panel.locator(".nba-unfit").first).to_contain_text("GB free")
    expect(pocket.get_by_role("button", name="In use: pocket")).to_be_disabled()
    notebook.run_cell(2)
    panel.get_by_role("tab", name="Settings").click()
    limit = panel.get_by_label("Ask before long turns")
    expect(limit).to_have_value("50")
    limit.fill("soon")
    limit.press("Tab")
    expect(panel.locator(".nba-notice")).to_contain_text("soon")
    expect(limit).to_have_value("50")
    expect(panel.locator(".nba-cost")).to_contain_text("clips rendered")
    panel.get_by_role("button", name="Connect a language model").click()
    expect(panel.locator(".nba-notice")).to_contain_text("no language model found")


def test_a_question_is_answered_by_a_button(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD)
    panel = open_panel(notebook)
    say(panel, "bananas maybe")
    panel.get_by_role("button", name="Answer in words").click()
    expect(turns(panel).locator(".nba-answer")).to_contain_text("language model")
    expect(turns(panel)).to_have_count(1)


def test_who_stands_in_is_chosen_by_a_picture_and_by_keys(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD)
    panel = open_panel(notebook)
    box = panel.get_by_label("Message")
    box.fill("a coffee cup spins in the snow")
    expect(panel.get_by_role("group", name="Plan")).to_contain_text("asks: ")
    box.press("Enter")
    buttons = turns(panel).locator(".nba-actor")
    expect(buttons).to_have_count(3)
    seen = "(all) => all.every((one) => one.complete && one.naturalWidth === 96)"
    assert buttons.locator("img").evaluate_all(seen)
    actor = buttons.nth(1).inner_text().lower()
    buttons.nth(1).press("Enter")
    expect_clip(turns(panel).nth(0))
    expect(turns(panel)).to_have_count(1)
    option = f"--actor {actor.replace(' ', '-')}"
    expect(turns(panel).locator(".nba-from")).to_have_text(option)


def test_a_clip_is_found_and_dragged_into_the_box(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST)
    panel = open_panel(notebook)
    notebook.run_cell(1)
    panel.get_by_role("tab", name="Clips 1").click()
    search = panel.get_by_label("Search clips")
    search.fill("meadow")
    expect(panel.get_by_text("nothing fits the search")).to_be_visible()
    search.fill("ball sunset")
    card = panel.locator(".nba-card")
    expect(card.locator("img")).to_have_js_property("complete", True)
    box = panel.get_by_label("Message")
    box.fill("like")
    card.drag_to(box)
    expect(box).to_have_value("like @c1 ")
    box.press_sequentially("and @")
    expect(panel.locator(".nba-suggest [role=option]")).to_have_text(["@c1"])
    box.press("Enter")
    expect(box).to_have_value("like @c1 and @c1 ")
    panel.get_by_role("button", name="Export").click()
    expect(panel.locator(".nba-notice")).to_contain_text("-chat.md")
    # The search has not changed what the conversation is.
    panel.get_by_role("tab", name="Chat").click()
    expect_clip(turns(panel).nth(0))


def test_a_restarted_kernel_is_taken_up(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, "%agent what can you do?")
    panel = open_panel(notebook)
    notebook.run_cell(1)
    expect(turns(panel)).to_have_count(1)
    notebook.restart_kernel()
    # It says so at once, and goes on with the new kernel, which has loaded nothing.
    expect(panel.get_by_role("alert").filter(has_text="restarted")).to_have_count(0)
    say(panel, "what can you do?")
    expect(turns(panel).nth(1).locator(".nba-answer")).to_contain_text("language model")


def test_a_reload_brings_the_conversation_back(open_notebook: Open) -> None:
    notebook = open_notebook(LOAD, FIRST)
    panel = open_panel(notebook)
    notebook.run_cell(1)
    expect_clip(turns(panel).nth(0))
    notebook.save()
    notebook.reload_player()
    panel = notebook.page.locator(".nba-panel").first
    expect_clip(turns(panel).nth(0))
