"""The player in a real JupyterLab, on a turn without an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook

Open = Callable[..., Notebook]

DONE = """
from tests.browser.demo import Turn
turn = Turn()
state = turn.render(steps=3)
"""
WORDS = ("in between", "before")
READ_FRAME = """(video) => {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const size = canvas.width / 8;
  let number = 0;
  for (let bit = 0; bit < 8; bit++) {
    const middle = (bit + 0.5) * size;
    const [red] = context.getImageData(middle, size / 2, 1, 1).data;
    if (red > 127) number |= 1 << bit;
  }
  return number;
}"""

# Of a menu: what somebody who looks does not see.
UNSEEN = """(menu) => [...menu.querySelectorAll("button, .nba-menu-title")]
  .filter((item) => {
    const { left, right, top, bottom } = item.getBoundingClientRect();
    const at = [[left + 4, top + 2], [right - 4, bottom - 2]];
    return !at.every(([x, y]) => item === document.elementFromPoint(x, y));
  })
  .map((item) => item.textContent)"""


@pytest.fixture
def done(open_notebook: Open) -> Notebook:
    """Open a notebook and run a turn to its end; its clip plays."""
    notebook = open_notebook(DONE, "print(state)")
    notebook.run_cell()
    wait_for_clip(notebook)
    return notebook


def wait_for_clip(notebook: Notebook) -> None:
    expect(notebook.player.locator(".nba-transport")).to_be_visible()
    expect(notebook.player.locator(".nba-tools")).to_be_visible()


def assert_only_live(notebook: Notebook) -> None:
    expect(notebook.player).to_be_visible()
    expect(notebook.static).to_have_count(1)
    expect(notebook.static).to_be_hidden()


def assert_only_static(notebook: Notebook) -> None:
    expect(notebook.static).to_be_visible()
    expect(notebook.player.filter(visible=True)).to_have_count(0)
    expect(notebook.page.get_by_text("Error displaying widget")).to_be_hidden()
    expect(notebook.page.get_by_text("Loading widget")).to_be_hidden()
    # It plays without a kernel: the bytes are in the page.
    video = notebook.static.locator("video")
    expect(video).to_have_js_property("error", None)
    notebook.page.wait_for_function(
        "() => document.querySelector('.nba-static video').readyState >= 2"
    )


def shown_frame(notebook: Notebook) -> int:
    """Read from the screen which frame is shown, once no seek is under way."""
    video = notebook.player.locator("video").first
    expect(video).to_have_js_property("seeking", False)
    expect(video).to_have_js_property("readyState", 4)
    number: int = video.evaluate(READ_FRAME)
    return number


def counter(notebook: Notebook) -> int:
    return int(notebook.player.locator(".nba-counter").inner_text().split()[0]) - 1


def test_a_clip_plays_when_it_is_done(done: Notebook) -> None:
    video = done.player.locator("video").first
    expect(video).to_have_js_property("paused", False)
    start = video.evaluate("(video) => video.currentTime")
    done.page.wait_for_function(
        "(start) => document.querySelector('.nba-live video').currentTime !== start",
        arg=start,
    )
    assert_only_live(done)
    assert done.text(1) == ""


def test_scrub_step_and_jump_land_on_the_exact_frame(done: Notebook) -> None:
    scrub = done.player.locator(".nba-scrub")
    for frame in (7, 0, 15, 3, 12, 11, 1, 14):
        scrub.fill(str(frame))
        assert (shown_frame(done), counter(done)) == (frame, frame)
    done.player.focus()
    for key, frame in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", 15),
        ("ArrowRight", 15),
        ("ArrowLeft", 14),
    ):
        done.page.keyboard.press(key)
        assert (shown_frame(done), counter(done)) == (frame, frame), key


def test_a_pause_stays_on_the_frame_that_was_on_screen(done: Notebook) -> None:
    done.player.focus()
    for _ in range(5):
        done.page.keyboard.press("Space")  # pause
        assert shown_frame(done) == counter(done)
        done.page.keyboard.press("Space")
        done.page.wait_for_timeout(170)


def test_a_fast_drag_ends_on_its_last_frame(done: Notebook) -> None:
    done.player.locator(".nba-scrub").evaluate(
        """(scrub) => {
          for (const frame of [...Array(16).keys(), 9]) {
            scrub.value = String(frame);
            scrub.dispatchEvent(new Event("input"));
          }
        }"""
    )
    done.page.wait_for_timeout(500)
    assert (shown_frame(done), counter(done)) == (9, 9)


def test_keys_do_not_reach_the_notebook(done: Notebook) -> None:
    cells = (
        "return nb.content.widgets.map((cell) => cell.model.sharedModel.getSource())"
    )
    before = done.app(cells)
    done.player.focus()
    for key in ("a", "b", "x", "d", "d", "y", "m", "Shift+Enter", "Escape", "Enter"):
        done.page.keyboard.press(key)
    assert done.app(cells) == before
    assert done.app("return nb.content.activeCell.model.type") == "code"
    done.page.keyboard.press("l")
    expect(done.player.get_by_label("Loop")).to_have_attribute("aria-pressed", "false")


def test_cancel_arrives_while_the_cell_blocks(open_notebook: Open) -> None:
    notebook = open_notebook(
        "from tests.browser.demo import Turn\n"
        "turn = Turn()\n"
        "print(turn.render(steps=6000))"
    )
    notebook.start_cell()
    expect(notebook.player.locator(".nba-status")).to_contain_text("step")
    expect(notebook.player.locator(".nba-tile img")).to_be_visible()  # live preview
    notebook.player.get_by_role("button", name="Cancel").click()
    expect(notebook.player.locator(".nba-status")).to_contain_text("cancelled")
    notebook.wait_idle()
    assert notebook.text().splitlines()[-1] == "cancelled"


def test_reload_brings_the_player_back(done: Notebook) -> None:
    done.save()
    done.reload_player()
    wait_for_clip(done)
    assert_only_live(done)
    done.player.locator(".nba-scrub").fill("5")
    assert shown_frame(done) == 5


def test_after_a_kernel_restart_the_static_clip_is_left(done: Notebook) -> None:
    done.restart_kernel()
    assert_only_static(done)
    done.save()
    done.reload()
    assert_only_static(done)


def test_an_untrusted_file_still_plays(done: Notebook) -> None:
    done.reopen_untrusted()
    assert_only_static(done)


def test_the_style_sheet_hides_nothing_else(open_notebook: Open) -> None:
    notebook = open_notebook(
        "from tests.browser.demo import Turn\n"
        "from nbagent.notebook.bundle import show_static\n"
        "turn = Turn()\n"
        "turn.show()\n"
        "print('in between')\n"
        "turn.end('done')",
        "print('before')\nshow_static(turn.clips)",
    )
    notebook.run_cell()
    notebook.run_cell(1)
    between, before = (notebook.page.get_by_text(word, exact=True) for word in WORDS)
    expect(notebook.player).to_be_visible()
    expect(notebook.static.first).to_be_hidden()
    expect(notebook.static.last).to_be_visible()
    notebook.restart_kernel()
    notebook.save()
    notebook.reload()
    for shown in (notebook.static.first, notebook.static.last, between, before):
        expect(shown).to_be_visible()
    expect(notebook.page.get_by_text("Error displaying widget")).to_be_hidden()


def test_save_writes_beside_the_notebook(done: Notebook) -> None:
    done.player.focus()
    done.page.keyboard.press("s")
    done.player.get_by_role("menuitem", name="save gif").click()
    expect(done.player.locator(".nba-saved")).to_have_text("saved c1.gif")
    assert (done.path.parent / "c1.gif").stat().st_size > 1000


@pytest.mark.parametrize("width", [760, 1400])
def test_all_of_the_save_menu_is_seen(done: Notebook, width: int) -> None:
    done.page.set_viewport_size({"width": width, "height": 950})
    done.page.wait_for_timeout(1000)  # the notebook follows a window a little later
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        done.set_theme(theme)
        done.player.get_by_role("button", name="Save").click()
        expect(done.player.get_by_role("menuitem")).to_have_count(14)
        assert done.player.get_by_role("menu").evaluate(UNSEEN) == []
        done.page.keyboard.press("Escape")
        expect(done.player.get_by_role("menu")).to_be_hidden()


def test_download_gives_the_finished_file(done: Notebook) -> None:
    done.player.get_by_role("button", name="Save").click()
    with done.page.expect_download() as download:
        done.player.get_by_role("menuitem", name="download mp4").click()
    assert download.value.suggested_filename == "c1.mp4"
    assert b"ftyp" in download.value.path().read_bytes()[:16]


def test_takes_play_together_and_one_is_in_front(open_notebook: Open) -> None:
    notebook = open_notebook(
        "from tests.browser.demo import Turn\nTurn(num_takes=4).render(steps=2)"
    )
    notebook.run_cell()
    wait_for_clip(notebook)
    videos = notebook.player.locator(".nba-tile video")
    expect(videos.filter(visible=True)).to_have_count(4)
    notebook.player.focus()
    notebook.page.keyboard.press("3")
    expect(notebook.player.locator(".nba-name")).to_have_text("c3")
    notebook.player.locator(".nba-scrub").fill("6")
    for index in range(4):
        video = videos.nth(index)
        expect(video).to_have_js_property("seeking", False)
        assert video.evaluate(READ_FRAME) == 6


def test_what_ends_a_render_is_not_offered_when_it_has_ended(done: Notebook) -> None:
    buttons = done.player.locator(".nba-end")
    expect(buttons).to_have_text(["Pause", "Keep", "Cancel"])
    for index in range(3):
        expect(buttons.nth(index)).to_be_hidden()


def test_what_is_saved_is_small_and_stable(done: Notebook) -> None:
    outputs: list[Any] = done.save().cells[0].outputs
    assert [output.data["text/plain"] for output in outputs] == [
        "",
        "c1: red ball, beach, sunset (16 frames, 64x64, 2.0 s)",
    ]
    kinds = outputs[1].data.keys() - {"image/png", "image/jpeg"}
    assert kinds == {"text/plain", "text/html"}
    assert done.path.stat().st_size < 300_000
