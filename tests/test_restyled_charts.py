"""A chart that a video model draws over: said, and refused where nothing would be left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbagent import media
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.render.renderer import Renderer
from nbagent.settings import Settings
from nbagent.take import Job
from tests.test_charted_clips import Talk
from tests.tiny_pipelines import save


@pytest.fixture
def talk(settings: Settings) -> Iterator[Talk]:
    session = Session(settings=settings, engine=Engine(settings))
    yield Talk(session)
    session.close()


def test_pocket_does_not_draw_over_a_chart(talk: Talk) -> None:
    chart = talk.animate("df", x="region", y="sales")
    for clip in (chart, talk.clip("play it backwards", chart)):
        with pytest.raises(SpecError, match="pocket cannot redraw a chart"):
            talk.say("make it a watercolour painting", clip)


def test_a_model_that_takes_video_draws_over_a_chart(
    talk: Talk, tmp_path: Path
) -> None:
    model = save("wan-unipc", tmp_path / "wan")
    said = talk.say("animate @df: sales by region in half a second")
    (clip,) = talk.session.render(said).clips
    assert clip.take is not None
    talk.drawn(clip)
    reply = talk.say(
        "make it a watercolour painting", clip, model=str(model), size=(32, 64), steps=2
    )
    (take,) = reply.takes
    assert take.prompt.startswith("An animated chart: sales by region, bars grow")
    assert "watercolour" in take.prompt.lower()
    assert any("no longer exact" in note for note in reply.notes)
    ledger = talk.session.ledger
    talk.session.render(reply)
    ledger.discard([])
    job = ledger.jobs.add(take.id, None, "interactive")
    facts = Renderer().run(
        Job(id=job, take=take, store=str(ledger.folder)),
        report=lambda _: None,
        cancelled=lambda: False,
    )
    frames, _ = media.read_video(ledger.path(facts["video"]))
    assert frames.shape[1:] == (32, 64, 3)
