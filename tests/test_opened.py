"""A clip that was saved and opened elsewhere goes on from there, as it would at home."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbagent import media
from nbagent.acts import Act
from nbagent.acts.reverse import Reverse
from nbagent.conversation import here
from nbagent.conversation.clip import Clip
from nbagent.conversation.context import variables
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.render.renderer import Renderer
from nbagent.settings import Settings
from nbagent.take import UNFINISHED, Job, Take
from tests.samples import make_frames

pytestmark = [pytest.mark.phrases, pytest.mark.timeout(600)]
FEW: dict[str, Any] = {"steps": 4}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def opened_in(settings: Settings, folder: Path) -> Session:
    settings = replace(settings, store=folder / ".nbagent")
    return Session(settings=settings, engine=Engine(settings))


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Iterator[Session]:
    session = opened_in(settings, tmp_path / "home")
    yield session
    session.close()


@pytest.fixture
def away(settings: Settings, tmp_path: Path) -> Iterator[Session]:
    """Give a session of another store: what was made at home is not known there."""
    session = opened_in(settings, tmp_path / "away")
    yield session
    session.close()


def say(session: Session, words: str, **named: object) -> Reply:
    return session.hear(words, FEW, variables=variables(named), values=named)


def only(reply: Reply) -> Take:
    (take,) = reply.takes
    return take


def made(session: Session, renderer: Renderer, reply: Reply) -> Clip:
    """Render a turn's take as a worker does."""
    rendering = session.render(reply)
    for row in session.ledger.jobs.find(states=UNFINISHED):
        take = session.ledger.take(row.take_id)
        job = Job(id=row.id, take=take, store=str(session.ledger.folder))
        renderer.run(job, report=lambda _: None, cancelled=lambda: False)
    rendering.start(lambda *_: None)
    rendering.wait()
    return rendering.clips[0]


@pytest.fixture
def ball(home: Session, renderer: Renderer, tmp_path: Path) -> Clip:
    """A clip of pocket, saved at home and opened."""
    first = made(home, renderer, say(home, "a red ball on the beach"))
    return Clip.open(first.save(tmp_path / "ball.mp4"))


def test_elsewhere_it_is_changed_as_at_home(
    home: Session, away: Session, renderer: Renderer, ball: Clip
) -> None:
    there = say(home, "at night")
    reply = say(away, "@k at night", k=ball)
    take, at_home = only(reply), only(there)
    assert (take.operation, take.parents[0]) == ("remix", at_home.parents[0])
    assert any("the clip again from its recipe" in note for note in reply.notes)
    one, other = made(away, renderer, reply), made(home, renderer, there)
    # From the same latents, by the same steps: the same pixels, on a CPU.
    assert (one.frames == other.frames).all()


def test_where_its_latents_are_nothing_is_rendered_twice(
    home: Session, ball: Clip
) -> None:
    home.whole.converse("another notebook")
    reply = say(home, "@k at night", k=ball)
    assert (only(reply).operation, reply.parts) == ("remix", ())
    assert not any("Renders the clip again" in note for note in reply.notes)


def test_it_gets_its_name_once_and_its_lineage_is_told(
    away: Session, renderer: Renderer, ball: Clip, settings: Settings, tmp_path: Path
) -> None:
    assert made(away, renderer, say(away, "@k at night", k=ball)).name == "c2"
    assert made(away, renderer, say(away, "@k make it blue", k=ball)).name == "c3"
    again = Clip.open(ball.path)  # in a kernel that was started again
    later = opened_in(settings, tmp_path / "away")
    try:
        made(later, renderer, say(later, "play @k backwards", k=again))
        assert [row.name for row in later.rows()] == ["c1", "c2", "c3", "c4"]
    finally:
        later.close()
    lines = away.record.lineage("c2").splitlines()
    assert [line.partition(":")[0] for line in lines] == ["c1", "c2"]
    assert "opened from ball.mp4" in lines[0]
    assert "from c1 (changed" in lines[1]
    assert away.record.lineage("c4").splitlines()[-1].endswith("from c1 (re-cut)")
    assert (away.clip("c1").frames[0] == away.clip("c1").frames[0]).all()
    assert away.hands.rename("c1", "the ball").startswith("c1 is now also called")


def test_it_is_what_is_meant_where_nothing_else_is(away: Session, ball: Clip) -> None:
    take = only(say(away, "make it blue", k=ball))
    assert (take.operation, "blue ball" in take.prompt) == ("remix", True)
    reply = away.hear("at night", FEW, target=ball)
    assert "at night" in only(reply).prompt
    assert only(away.hear("", {}, target=ball, acts=(Reverse(),))).operation == "derive"


def test_a_cut_is_of_its_frames_and_what_follows_of_its_recipe(
    away: Session, renderer: Renderer, ball: Clip
) -> None:
    cut = say(away, "slower @k", k=ball)
    assert (only(cut).operation, only(cut).model) == ("derive", "")
    clip = made(away, renderer, cut)
    assert (clip.name, clip.fps, clip.num_frames) == ("c2", 4.0, ball.num_frames)
    night = only(say(away, "at night"))
    assert night.operation == "remix"
    assert night.model == "pocket"
    assert [effect.kind for effect in night.effects] == ["speed"]
    assert made(away, renderer, say(away, "at night")).fps == 4.0


def test_a_file_brings_what_it_is_made_of(
    home: Session, away: Session, renderer: Renderer, tmp_path: Path
) -> None:
    made(home, renderer, say(home, "a red ball on the beach"))
    night = made(home, renderer, say(home, "at night"))
    slow = made(home, renderer, say(home, "slower"))
    for clip, kind in ((night, "mp4"), (slow, "mp4"), (slow, "webm")):
        opened = Clip.open(clip.save(tmp_path / f"{clip.name}.{kind}"))
        take = only(say(away, "@k make it blue", k=opened))
        assert take.operation == "remix", (clip.name, kind)
    opened = Clip.open(tmp_path / "c2.mp4")
    there = made(home, renderer, say(home, "c2 make it blue"))
    one = made(away, renderer, say(away, "@k make it blue", k=opened))
    assert (one.frames == there.frames).all()
    assert pickle.loads(pickle.dumps(opened)).made_of == opened.made_of


def test_what_cannot_be_rendered_here_begins_with_its_frames(
    away: Session, tmp_path: Path, ball: Clip
) -> None:
    assert ball.take is not None
    recipe = ball.take.to_recipe()
    changes: tuple[dict[str, Any], ...] = (
        {"model": "somebody/large", "model_revision": "hub:" + "0" * 40},
        {"model_revision": "of another day"},
        {"num_inference_steps": 10**6},
        {"num_frames": 15},
        {"operation": "remix", "strength": 0.5, "parents": ["b2:" + "0" * 32]},
    )
    for number, change in enumerate(changes):
        path = tmp_path / f"{number}.mp4"
        media.write_video(path, make_frames(), 8, {**recipe, **change})
        take = only(say(away, "@k at night", k=Clip.open(path)))
        assert (take.operation, take.holds[0].mask) == ("animate", "all"), change
    part = Clip.open(ball.path, end_s=1.0)
    assert only(say(away, "@k at night", k=part)).operation == "animate"


def test_a_file_answers_for_no_take(home: Session, ball: Clip, tmp_path: Path) -> None:
    take = ball.take
    assert take is not None
    before = home.ledger.artifact(take.id)
    path = tmp_path / "hostile.mp4"
    recipe = take.to_recipe()
    media.write_video(path, make_frames(), 8, {**recipe, "made_of": [recipe] * 3})
    home.render(say(home, "play @k backwards", k=Clip.open(path)))
    assert home.ledger.artifact(take.id) == before
    assert home.ledger.verify() == ()
    assert np.abs(home.clip("c1").frames[0].astype(int) - ball.frames[0]).mean() < 3


@pytest.mark.parametrize("said", ["all", [1], [{}], [{"recipe_version": 9}], [{}] * 99])
def test_a_family_that_is_none_is_one_line(
    ball: Clip, tmp_path: Path, said: Any
) -> None:
    assert ball.take is not None
    recipe = {**ball.take.to_recipe(), "made_of": said}
    media.write_video(tmp_path / "bad.mp4", make_frames(), 8, recipe)
    with pytest.raises(SpecError, match=r"bad.mp4: (the recipe|recipe version)"):
        Clip.open(tmp_path / "bad.mp4")


def test_an_opened_clip_asks_in_the_conversation_of_its_kernel(
    away: Session, ball: Clip
) -> None:
    heard: list[Any] = []

    class Host:
        def adopt(self, clip: Clip) -> None:
            clip.belong(away.ledger, remix, None, {})

    def remix(clip: Clip, said: str | tuple[Act, ...], **options: Any) -> Any:
        heard.append(said)
        return away.hear(str(said), {**FEW, **options}, target=clip)

    with pytest.raises(
        SpecError, match="does not belong to a conversation here: run %load_ext"
    ):
        ball.remix("at night")
    here.enter(Host())
    try:
        reply: Any = ball.remix("at night")
        assert only(reply).operation == "remix"
        mask = np.zeros((256, 256), bool)
        mask[:128] = True
        inpainted: Any = ball.inpaint(mask, "at night")
        assert only(inpainted).operation == "inpaint"
    finally:
        here.enter(None)
    assert heard == ["at night", "at night"]
