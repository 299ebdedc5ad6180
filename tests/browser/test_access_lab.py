"""Player and panel for everybody: axe in both themes, keys, focus, still pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.lab import REPOSITORY, Notebook
from tests.browser.test_player_lab import DONE, wait_for_clip

pytestmark = [pytest.mark.timeout(600)]

Open = Callable[..., Notebook]

AXE = REPOSITORY / "js/node_modules/axe-core/axe.min.js"
# Each violation with the places it is at. Of what axe leaves to a person, the contrast
# counts too; that clips have no captions does not: they have no sound.
RUN_AXE = """async () => {
  const ours = [".nba-player", ".nba-panel", ".nba-static"];
  const include = ours.filter((one) => document.querySelector(one)).map((one) => [one]);
  const found = await axe.run({ include });
  const unsure = found.incomplete.filter(({ id }) => id === "color-contrast");
  return [...found.violations, ...unsure].map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}"""
TOLD = """
%load_ext nbagent
from tests.browser.demo import tell
tell("a red ball crosses the beach"), tell("a zebra in a meadow, sponsored by acme")
%agent what seed has c1
%nbagent panel cell
"""
STATES = """
from tests.browser.demo import Turn
for state, line in (("failed", "out of memory: use --draft"), ("cancelled", "at 3")):
    turn = Turn()
    turn.show()
    turn.player.set_take(0, state=state, message=line)
turn = Turn(num_takes=4)
turn.show()
turn.player.set_take(0, state="running", phase="denoise", step=7, eta_s=3.0)
turn.player.update(note="pocket can't show acme.")
"""
SOURCES = "return nb.content.widgets.map((cell) => cell.model.sharedModel.getSource())"
KEYS = ("d", "d", "a", "b", "x", "y", "m", "0", "0", "Shift+Enter", "Escape")
# What stands at a focus: its name as a screen reader hears it, and where it is.
FOCUS = """() => {
  const at = document.activeElement;
  const label = at.getAttribute("aria-label") ?? at.textContent ?? "";
  const place = at.closest(".nba-player, .nba-panel");
  return { name: label.trim(), inside: place !== null };
}"""


@pytest.fixture(scope="module", autouse=True)
def _axe() -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run npm ci in js/")


def check(notebook: Notebook) -> None:
    """Let axe look at what is ours on the page, in both themes."""
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.set_theme(theme)
        notebook.page.wait_for_timeout(300)  # colours fade from one theme to the other
        assert notebook.page.evaluate(RUN_AXE) == [], theme


def press_all(notebook: Notebook) -> None:
    for key in KEYS:
        notebook.page.keyboard.press(key)
    assert notebook.app("return nb.content.activeCell.model.type") == "code"


def walk(notebook: Notebook) -> list[str]:
    """Go on with Tab from a focus until it leaves; return the names on the way."""
    names: list[str] = []
    while True:
        notebook.page.keyboard.press("Tab")
        focus: dict[str, Any] = notebook.page.evaluate(FOCUS)
        if not focus["inside"]:
            return names
        names.append(focus["name"])
        assert len(names) < 60, f"Tab never leaves: {names}"


def test_axe_finds_nothing_in_any_state_of_a_player(open_notebook: Open) -> None:
    notebook = open_notebook(DONE, STATES)
    notebook.run_cell()
    wait_for_clip(notebook)
    notebook.run_cell(1)
    expect(notebook.player).to_have_count(4)
    notebook.page.evaluate(AXE.read_text())
    notebook.player.first.get_by_role("button", name="Save").click()
    check(notebook)


def test_axe_finds_nothing_in_the_panel_nor_do_its_keys_reach_the_notebook(
    open_notebook: Open,
) -> None:
    notebook = open_notebook(TOLD)
    notebook.run_cell()
    panel = notebook.page.locator(".nba-panel")
    expect(panel.locator(".nba-turn")).to_have_count(3)
    expect(panel.locator("video").first).to_have_js_property("readyState", 4)
    box = panel.get_by_label("Message")
    box.fill("a blue cube rolls over a meadow")
    expect(panel.get_by_role("group", name="Plan")).to_contain_text("new clip")
    notebook.page.evaluate(AXE.read_text())
    check(notebook)
    box.fill("")
    before = notebook.app(SOURCES)
    for control in ("tab", "button", "combobox"):
        panel.get_by_role(control).first.focus()
        press_all(notebook)
    panel.get_by_role("tab", name="Clips").click()
    expect(panel.locator(".nba-card")).to_have_count(2)
    panel.get_by_role("checkbox", name="Choose c1").check()
    check(notebook)
    panel.get_by_role("tab", name="Models").click()
    expect(panel.locator(".nba-model").first).to_be_visible()
    check(notebook)
    panel.get_by_role("tab", name="Settings").click()
    expect(panel.get_by_label("Ask before long turns")).to_be_visible()
    check(notebook)
    panel.get_by_role("tab", name="Clips").focus()
    press_all(notebook)
    assert notebook.app(SOURCES) == before
    assert notebook.app("return nb.content.activeCell.model.type") == "code"


def test_tab_goes_through_a_player_in_its_order_and_out_of_it(
    open_notebook: Open,
) -> None:
    notebook = open_notebook(DONE, "# below")
    notebook.run_cell()
    wait_for_clip(notebook)
    notebook.player.focus()
    names = walk(notebook)
    assert all(names)
    assert len(set(names)) == len(names)  # no two controls sound alike
    wanted = ["Pause", "Loop", "Save"]
    assert [name for name in names if name in wanted] == wanted
    before = notebook.app(SOURCES)
    for control in ("slider", "button", "combobox"):
        notebook.player.get_by_role(control).first.focus()
        press_all(notebook)
    assert notebook.app(SOURCES) == before
    # What has happened is told once, in words.
    live = notebook.player.locator("[aria-live=polite]").first
    expect(live).to_contain_text("c1 ready")


def test_nothing_moves_by_itself_where_motion_is_not_wanted(
    open_notebook: Open,
) -> None:
    notebook = open_notebook(DONE, STATES)
    notebook.page.emulate_media(reduced_motion="reduce")
    notebook.run_cell()
    wait_for_clip(notebook)
    expect(notebook.player.locator("video").first).to_have_js_property("paused", True)
    notebook.run_cell(1)
    expect(notebook.player).to_have_count(4)
    moving = """() => document.getAnimations().filter(({ effect }) =>
      effect.target?.closest(".nba-player, .nba-panel")).length"""
    assert notebook.page.evaluate(moving) == 0
