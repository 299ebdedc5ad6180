"""The two outputs of a turn: stable, small, and never both on the page."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput

from nbagent import media
from nbagent.conversation.session import Session
from nbagent.media import read_video
from nbagent.media.frames import Frames
from nbagent.notebook import bundle
from nbagent.take import Take
from tests.samples import make_frames
from tests.test_session import say, store

DATA_URI = re.compile(r'(?:src|poster)="data:([a-z]+/[a-z0-9]+);base64,([^"]+)"')


@dataclass(frozen=True)
class SampleClip:
    name: str = "c1"
    prompt: str = "a red ball crosses the beach at sunset"
    frames: Frames = field(default_factory=make_frames)
    fps: float = 8.0
    take: Take | None = None
    notes: tuple[str, ...] = ()


def parts(html: str) -> list[tuple[str, bytes]]:
    return [(mime, base64.b64decode(data)) for mime, data in DATA_URI.findall(html)]


def test_the_text_is_one_stable_line_per_clip() -> None:
    made = bundle.static_bundle([SampleClip(), SampleClip(name="c2")])
    line = "a red ball crosses the beach at sunset (16 frames, 128x128, 2.0 s)"
    assert made["text/plain"] == f"c1: {line}\nc2: {line}"


def test_what_is_said_below_the_player_is_one_line_more() -> None:
    said = ("pocket can't show hat.", "There is no <time> of day here.")
    clips = [SampleClip(notes=said), SampleClip(name="c2", notes=said)]
    made = bundle.static_bundle(clips)
    assert made["text/plain"].splitlines()[2:] == [" ".join(said)]
    assert escape("pocket can't show hat") in made["text/html"]
    assert "<time>" not in made["text/html"]


def test_equal_clips_give_equal_bundles() -> None:
    assert bundle.static_bundle([SampleClip()]) == bundle.static_bundle([SampleClip()])


def test_the_page_holds_the_clip_itself(tmp_path: Path) -> None:
    html = bundle.static_bundle([SampleClip()])["text/html"]
    found = dict(parts(html))
    assert found.keys() == {"image/jpeg", "video/mp4"}
    (tmp_path / "clip.mp4").write_bytes(found["video/mp4"])
    frames, fps = read_video(tmp_path / "clip.mp4")
    assert (frames.shape, fps) == ((16, 128, 128, 3), 8.0)
    # Jupyter's sanitiser strips <source>, and nothing may come from elsewhere.
    assert "<source" not in html
    # One script, which lets nothing play where people want no motion.
    assert re.findall("<script>(.*?)</script>", html) == [bundle.STILL]
    assert "http" not in html


def test_a_picture_is_for_viewers_that_show_nothing_else() -> None:
    kind, picture = media.poster(SampleClip().frames)
    assert bundle.static_bundle([SampleClip()])[kind] == picture


@pytest.mark.parametrize("num_takes", [1, 4])
def test_an_output_stays_small_however_wild_its_clips(num_takes: int) -> None:
    # Noise is the worst case for a codec: 48 frames of it are 5 MB at best quality.
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (48, 192, 320, 3), np.uint8)
    clips = [SampleClip(name=f"c{n}", frames=noise) for n in range(num_takes)]
    made = bundle.static_bundle(clips)
    assert len(json.dumps(made["text/html"])) < 1_000_000


def test_a_usual_clip_adds_far_less_than_its_budget() -> None:
    assert len(bundle.static_bundle([SampleClip()])["text/html"]) < 50_000


def test_a_single_image_is_an_image() -> None:
    html = bundle.static_bundle([SampleClip(frames=make_frames(1))])["text/html"]
    assert "<img" in html
    assert "<video" not in html


def test_words_are_never_markup() -> None:
    evil = '"><script>alert(1)</script>'
    made = bundle.static_bundle([SampleClip(prompt=evil)])
    assert made["text/html"].count("<script>") == 1  # ours
    assert "<script>alert" not in made["text/html"]
    assert evil in made["text/plain"]
    assert "<script>" not in bundle.static_bundle([], evil)["text/html"]


def test_a_turn_without_clips_leaves_only_its_line() -> None:
    made = bundle.static_bundle([], "cancelled: stopped at step 7")
    assert made.keys() == {"text/plain", "text/html"}
    assert "<p>cancelled: stopped at step 7</p>" in made["text/html"]
    silent = bundle.static_bundle([], "")
    assert silent["text/plain"] == ""
    # The place is still there: it hides a player whose kernel is gone.
    assert '<div class="nba-static"></div>' in silent["text/html"]


def test_the_live_output_is_empty_where_it_is_not_alive() -> None:
    @dataclass
    class Shown:
        model_id: str = "7"

    made = bundle.live_bundle(Shown())
    assert made["text/plain"] == ""
    assert made[bundle.WIDGET_MIME]["model_id"] == "7"
    assert len(made) == 2


def test_each_output_is_published_once(capsys: pytest.CaptureFixture[str]) -> None:
    from IPython.utils.capture import capture_output

    InteractiveShell.instance()
    try:
        with capture_output() as captured:
            bundle.show_static([SampleClip()])
        outputs: list[RichOutput] = captured.outputs
        data: dict[str, Any] = outputs[0].data
        assert len(outputs) == 1
        assert data["text/plain"].startswith("c1: ")
        assert not outputs[0].transient
    finally:
        InteractiveShell.clear_instance()
    assert capsys.readouterr().out == ""


def test_a_turns_loss_is_in_the_text_of_its_clip(session: Session) -> None:
    reply = say(session, "a tiger runs in the snow")
    assert any("tiger" in note for note in reply.notes)
    (clip,) = store(session, reply)
    told = " ".join(reply.notes)
    assert bundle.static_bundle([clip])["text/plain"].splitlines()[1:] == [told]
    assert reply.notes[-1] in clip._repr_mimebundle_()["text/plain"]
    assert session.clip("c1").notes == reply.notes  # a later cell says it too
    (quiet,) = store(session, say(session, "c1 at night"))  # of it nothing is lost
    assert repr(quiet) == "Clip c2 (16 frames, 256x256, 2.0 s)"
