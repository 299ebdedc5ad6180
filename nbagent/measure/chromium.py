"""The system's Chromium, driven by Playwright: for benches and tests of what runs in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nbagent.errors import EngineError, MissingExtra

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start it without a window.

    Raises:
        MissingExtra: If there is no Playwright here.
        EngineError: If there is no Chromium.
    """
    try:
        # A tool of developers, which an install need not have.
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise MissingExtra("this needs playwright: pip install playwright") from None
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        raise EngineError("no Chromium here: install the system package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()
