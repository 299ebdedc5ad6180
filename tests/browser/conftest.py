"""One server and one browser for all browser tests; a notebook and a page for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from nbagent.errors import EngineError
from nbagent.measure.chromium import chromium
from tests.browser.lab import REPOSITORY, Front, Notebook, Server

WAIT_MS = 30_000

FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures know at the end whether the test failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    # A shared machine may be busy; what is right is shown in milliseconds anyway.
    expect.set_options(timeout=WAIT_MS)
    with ExitStack() as stack:
        try:
            started = stack.enter_context(chromium())
        except EngineError as error:
            pytest.skip(str(error))
        yield started


@pytest.fixture(scope="session")
def server(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Start JupyterLab, only where there is a browser for it."""
    del browser
    server = Server(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


@pytest.fixture
def open_notebook(
    server: Server, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Open notebooks from their cells; on failure, keep what the page looked like."""
    opened: list[Notebook] = []

    def open_one(
        *cells: str, front: Front = "lab", kernel: str = "python3"
    ) -> Notebook:
        opened.append(Notebook(server, browser, cells, front, kernel))
        return opened[-1]

    yield open_one
    name = re.sub(r"[^\w.-]+", "-", request.node.name)
    for number, notebook in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            picture = REPOSITORY / "test-results" / f"{name}-{number}.png"
            notebook.screenshot(picture)
        notebook.close()
    server.close_sessions()
    errors = [error for notebook in opened for error in notebook.errors]
    assert not errors, f"the page raised {errors}"
