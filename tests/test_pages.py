"""Pages for people: a clip's own, and the demo's."""

from __future__ import annotations

import io
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nbagent.conversation.context import variables
from nbagent.conversation.session import Session
from nbagent.conversation.sharing import cell_of
from nbagent.demo import album, has_browser, notebooks
from nbagent.media import link_picture
from tests.samples import make_frames
from tests.test_session import say, store

BALL = "a red ball crosses the beach"


@pytest.mark.phrases
def test_a_page_tells_how_a_clip_came_about(session: Session, tmp_path: Path) -> None:
    store(session, say(session, BALL, "cell-1", seed=7))
    store(session, say(session, "at night", "cell-2"))
    clip = session.clip("c2")
    page = clip.save(tmp_path / "night.html").read_text("utf-8")
    shows = "a red ball, moving right, on the beach, at night"
    assert clip.prompt == shows
    assert f"<title>{shows}</title>" in page
    assert f"<h1>{shows}</h1><p>2 seconds · 256 × 256 pixels</p>" in page
    assert f"<pre>%agent --seed 7 {BALL}\n%agent at night</pre>" in page
    strip = re.findall(r"<li><img[^>]+><b>(\w+)</b> ([^<]+)</li>", page)
    assert strip == [("c1", BALL), ("c2", "at night")]
    assert "Made with nbagent" in page
    assert 'download="c2.mp4"' in page
    assert f'<meta property="og:title" content="{shows}">' in page
    assert '<meta property="og:image" content="night-poster.jpg">' in page
    with Image.open(tmp_path / "night-poster.jpg") as picture:
        assert picture.size == (1200, 630)


@pytest.mark.phrases
def test_how_a_clip_was_made_is_folded_away(session: Session, tmp_path: Path) -> None:
    store(session, say(session, BALL, seed=7))
    store(session, say(session, "slower"))
    ball = session.clip("c1").save(tmp_path / "ball.html").read_text("utf-8")
    shown, made = ball.split("<details><summary>How it was made</summary>")
    assert "seed" not in shown
    assert "%agent" not in shown
    assert made.startswith("<p>pocket · seed 7 · 10 steps</p>")
    # No seed made a re-cut: that of its first clip is in the lines to copy.
    recut = session.clip("c2").save(tmp_path / "recut.html").read_text("utf-8")
    assert " · seed" not in recut
    assert f"<pre>%agent --seed 7 {BALL}\n%agent slower</pre>" in recut


def test_a_page_has_the_title_of_its_clip(session: Session, tmp_path: Path) -> None:
    store(session, say(session, BALL))
    store(session, say(session, 'add the title "Sales tripled"'))
    page = session.clip("c2").save(tmp_path / "titled.html").read_text("utf-8")
    assert "<h1>Sales tripled</h1>" in page
    assert f"<p>{session.clip('c2').prompt}</p>" in page  # what it shows, folded


def test_a_chart_s_page_has_its_title_and_no_seed(
    session: Session, tmp_path: Path
) -> None:
    values = {"sales": pd.DataFrame({"city": ["Rome", "Oslo"], "sold": [12, 30]})}
    words = ("animate @sales as bars", 'call it "Sold in 2026"')
    for said in words:
        known: dict[str, Any] = {"variables": variables(values), "values": values}
        store(session, session.hear(said, {}, **known))
    session.clip("c1").save(tmp_path / "plain.html")
    plain = (tmp_path / "plain.html").read_text("utf-8")
    assert f"<h1>{session.clip('c1').prompt}</h1>" in plain
    page = session.clip("c2").save(tmp_path / "chart.html").read_text("utf-8")
    assert "<title>Sold in 2026</title>" in page
    assert '<meta property="og:title" content="Sold in 2026">' in page
    assert "--seed" not in page
    assert " · seed" not in page
    assert not re.search(r"· +·", page)
    assert f"<pre>%agent {words[0]}\n" in page


@pytest.mark.phrases
def test_a_first_clip_has_no_lineage_to_show(session: Session, tmp_path: Path) -> None:
    store(session, say(session, BALL, "cell-1", seed=7))
    clip = session.clip("c1")
    page = clip.save(tmp_path / "ball.html").read_text("utf-8")
    assert "<ol>" not in page
    assert cell_of(clip) == f"%agent --seed 7 {BALL}"


def test_the_picture_of_a_link_has_all_of_the_frame() -> None:
    frames = make_frames()
    with Image.open(io.BytesIO(link_picture(frames))) as picture:
        height, width = frames.shape[1:3]
        side = round(630 * width / height)
        left = (1200 - side) // 2
        shown = picture.crop((left, 0, left + side, 630)).resize((width, height))
    difference = np.asarray(shown, int) - frames[len(frames) // 2]
    assert np.abs(difference).mean() < 4


def test_the_demo_is_one_page_with_all_clips(tmp_path: Path) -> None:
    pages = []
    for notebook in notebooks():
        shutil.copy(notebook, tmp_path)
        pages.append(tmp_path / f"{notebook.stem}.html")
    page = album(pages)
    assert page.count("<h2>") == len(pages)
    for one in pages:
        assert f'href="{one.name}"' in page
        assert f'href="{one.stem}.ipynb"' in page
    text = "".join(one.read_text("utf-8") for one in notebooks())
    assert page.count("<video ") == text.count("<video ")
    assert "<pre>%agent slower, and at night</pre>" in page
    assert not re.search(r'(?:src|href)="https?:', page)


def test_a_browser_opens_for_a_person_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("CI", raising=False)
    assert has_browser()
    monkeypatch.setenv("CI", "true")
    assert not has_browser()
    monkeypatch.delenv("CI")
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not has_browser()  # else a browser of letters would take the terminal
