"""JupyterLab in one environment, the kernel in another: the usual hub.

The server has what its own environment brings, and nothing of the kernel's. Here it is
told to look for JupyterLab's extensions where there are only those of ipywidgets, or
none at all; a server in a real environment of its own has been seen to show the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import FAILED
from tests.browser.lab import REPOSITORY, Notebook, Server
from tests.browser.test_player_lab import DONE

MANAGER = "@jupyter-widgets/jupyterlab-manager"
THEIRS = """
import anywidget
class Theirs(anywidget.AnyWidget):
    _esm = "export default {}"
display(Theirs())
print("and a line")
"""
TOLD = "document.querySelectorAll('.nba-static, .nba-unshown')"


@pytest.fixture(params=["widgets, no anywidget", "no widgets"])
def elsewhere(
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Notebook]:
    """Open a notebook from a server whose environment has no anywidget."""
    home = tmp_path_factory.mktemp("elsewhere")
    extensions = home / "labextensions"
    (extensions / MANAGER).parent.mkdir(parents=True)
    if request.param != "no widgets":
        mine = Path(sys.prefix) / "share/jupyter/labextensions" / MANAGER
        (extensions / MANAGER).symlink_to(mine)
    server = Server(home, labextensions=extensions)
    cells = (DONE, "%load_ext nbagent\n%nbagent panel cell", THEIRS)
    notebook = Notebook(server, browser, cells)
    yield notebook
    if request.node.stash.get(FAILED, False):
        notebook.screenshot(REPOSITORY / "test-results" / "two-environments.png")
    notebook.close()
    server.close()


def told(page: Page) -> list[str]:
    """Return what the style sheet says above each static output."""
    lines: list[str] = page.evaluate(
        f"() => [...{TOLD}].map(e => getComputedStyle(e, '::before').content)"
    )
    return lines


def test_the_static_clip_plays_and_one_line_says_what_to_install_where(
    elsewhere: Notebook,
) -> None:
    page = elsewhere.page
    elsewhere.run_cell()
    expect(elsewhere.static).to_be_visible()
    expect(elsewhere.player).to_have_count(0)
    expect(page.get_by_text("Click to show javascript error")).to_be_hidden()
    video = elsewhere.static.locator("video")
    video.evaluate("video => video.play()")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0")
    (line,) = told(page)
    assert "pip install 'anywidget==" in line
    assert "where JupyterLab runs" in line

    elsewhere.run_cell(1)  # the panel has no static twin, and a line all the same
    assert told(page) == [line, line]
    expect(page.get_by_text("Click to show javascript error").first).to_be_hidden()

    elsewhere.run_cell(2)  # widgets of others that fail there are left alone
    errors = page.locator(".jupyter-widgets-error-widget")
    assert errors.count() in (0, 3)
    if errors.count():
        expect(errors.last).to_be_visible()
    assert told(page) == [line, line]
