"""Pages for people, as a browser shows them: on a desk and on a phone, light and dark."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from nbagent.media import Step, poster_jpeg, share_page, write_clip
from tests.samples import make_frames

LOOK = """() => {
  const hero = document.querySelector(".hero");
  return {
    wide: document.documentElement.scrollWidth,
    hero: hero.getBoundingClientRect().width,
    smooth: getComputedStyle(hero).imageRendering,
    paused: hero.paused,
    saves: document.querySelector("a[download]").href.slice(0, 14),
  };
}"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    frames = make_frames()
    write_clip(tmp_path / "c2.mp4", frames, 8.0, None, ())
    poster = poster_jpeg(frames)
    words = "a red ball that has a very long name, " * 4
    steps = [Step(name=f"c{n}", words=words, poster=poster) for n in range(1, 9)]
    text = share_page(
        *((tmp_path / "c2.mp4").read_bytes(), poster, "c2", [words, words], {}, 8.0),
        cell=f"%agent {words}",
        lineage=steps,
        picture="c2-poster.jpg",
    )
    path = tmp_path / "c2.html"
    path.write_text(text, "utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_suits_its_screen(
    browser: Browser, page: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme
    )
    shown = context.new_page()
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.on("console", lambda line: errors.append(line.text))  # its own policy's too
    shown.goto(page)
    shown.wait_for_function('document.querySelector("video").currentTime > 0')
    seen = shown.evaluate(LOOK)
    assert seen["wide"] <= width  # nothing is to be scrolled to the right
    native = make_frames().shape[2]
    assert min(width - 48, 320) <= seen["hero"] <= max(2 * native, 320)
    assert seen["smooth"] == "auto"
    assert not seen["paused"]
    assert seen["saves"] == "data:video/mp4"
    with Image.open(io.BytesIO(shown.screenshot())) as picture:
        corner = np.asarray(picture.convert("L"))[2, 2]
    assert (corner > 200) == (scheme == "light")
    copied = shown.locator(".cell")
    expect(copied).to_be_hidden()
    shown.get_by_text("How it was made").click()
    expect(copied).to_be_visible()
    assert shown.evaluate(LOOK)["wide"] <= width
    assert errors == []
    context.close()


def test_with_reduced_motion_it_waits_for_a_click(browser: Browser, page: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    shown = context.new_page()
    shown.goto(page)
    shown.wait_for_timeout(500)
    assert shown.evaluate(LOOK)["paused"]
    context.close()
