"""Re-cuts are made of the frames that are there, whatever these came from."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbagent import media
from nbagent.acts import Act
from nbagent.acts.crop import Crop
from nbagent.acts.fps import Fps
from nbagent.acts.loop import Loop
from nbagent.acts.mirror import Mirror
from nbagent.acts.resize import Resize
from nbagent.acts.reverse import Reverse
from nbagent.acts.speed import Speed
from nbagent.acts.trim import Trim
from nbagent.conversation.clip import Clip
from nbagent.conversation.recuts import derive
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.take import Take
from tests.samples import make_frames
from tests.test_session import say, store
from tests.tiny_pipelines import save

pytestmark = pytest.mark.phrases

CUTS: tuple[Act, ...] = (
    Speed(factor=0.5),
    Reverse(),
    Trim(drop_last_s=0.5),
    Crop(region=(0.0, 0.0, 0.5, 1.0)),
    Resize(scale=2.0),
    Mirror(),
    Fps(fps=24.0),
    Loop(),
)


def ask(session: Session, clip: Clip, *acts: Act, **options: Any) -> Reply:
    return session.hear("", options, target=clip, acts=acts)


def only(reply: Reply) -> Take:
    (take,) = reply.takes
    return take


def is_cut_of(take: Take, parent: Take) -> bool:
    """Whether it is the parent's own frames, as they were rendered."""
    same = (
        *("quality", "seed", "num_inference_steps", "guidance_scale", "model"),
        *("model_revision", "height", "width", "prompt", "num_frames"),
    )
    is_same = all(getattr(take, name) == getattr(parent, name) for name in same)
    return is_same and (take.operation, take.parents) == ("derive", (parent.id,))


@pytest.mark.parametrize("act", CUTS, ids=lambda act: act.kind)
@pytest.mark.parametrize(
    "options",
    [{"draft": True}, {"steps": 5}, {"guidance": 7.0}, {"cache": None}],
    ids=["draft", "steps", "guidance", "usual"],
)
def test_a_clip_of_any_settings_is_cut_and_not_rendered(
    session: Session, options: dict[str, Any], act: Act
) -> None:
    reply = say(session, "a red ball on the beach", **options)
    (clip,) = store(session, reply)
    cut = ask(session, clip, act)
    assert is_cut_of(only(cut), only(reply))
    session.render(cut)
    derive(session.ledger, only(cut))
    # The next change is of the whole clip again: it is rendered, and cut anew.
    night = only(say(session, "at night"))
    assert night.operation in ("remix", "generate")
    assert [effect.kind for effect in night.effects] == [act.kind]


def test_a_cut_of_a_cut_of_a_draft_keeps_its_tier(session: Session) -> None:
    (clip,) = store(session, say(session, "a red ball on the beach", draft=True))
    for _ in range(2):
        cut = ask(session, clip, Reverse())
        assert only(cut).quality == "draft"
        (clip,) = store(session, cut)


def test_what_is_stated_of_the_rendering_is_rendered(session: Session) -> None:
    reply = say(session, "a red ball on the beach", draft=True)
    (clip,) = store(session, reply)
    for options in ({"draft": True}, {"seed": only(reply).seed}, {"model": "pocket"}):
        assert is_cut_of(only(ask(session, clip, Reverse(), **options)), only(reply))
    for options in ({"seed": 5}, {"steps": 9}, {"frames": 32}, {"final": True}):
        take = only(ask(session, clip, Reverse(), **options))
        assert take.operation in ("generate", "remix")
        assert [effect.kind for effect in take.effects] == ["reverse"]


def test_a_clip_whose_model_is_gone_or_has_other_weights_is_cut(
    session: Session, tmp_path: Path
) -> None:
    folder = save("wan-euler", tmp_path / "model")
    reply = say(session, "a red ball on the beach", model=str(folder))
    (clip,) = store(session, reply)
    shutil.rmtree(folder)
    assert is_cut_of(only(ask(session, clip, Reverse())), only(reply))
    with pytest.raises(SpecError):
        say(session, "at night")
    old = replace(only(reply), model="pocket", model_revision="of another day")
    artifact = session.ledger.artifact(only(reply).id)
    assert artifact is not None
    session.ledger.replace_take(only(reply).id, old)
    session.ledger.put_artifact(old.id, artifact)
    assert is_cut_of(only(ask(session, session.clip("c1"), Mirror())), old)


def test_an_opened_film_is_cut_at_its_own_size_and_rate(
    session: Session, tmp_path: Path
) -> None:
    media.write_video(tmp_path / "a.mp4", make_frames(20, 96, 128), 10, None)
    film = Clip.open(tmp_path / "a.mp4")
    reply = session.hear("play @film backwards", {}, values={"film": film})
    assert only(reply).operation == "derive"
    session.render(reply)
    made = derive(session.ledger, only(reply))
    assert (made.num_frames, made.height, made.width, made.fps) == (20, 96, 128, 10)


def test_an_extended_clip_stays_as_long_when_it_is_cut(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    longer = say(session, "extend by two seconds")
    (clip,) = store(session, longer)
    cut = only(ask(session, clip, Reverse()))
    assert (cut.operation, cut.num_frames, cut.holds) == ("derive", 32, ())


def test_a_still_is_cut_too(session: Session) -> None:
    reply = say(session, "a picture of a red ball on the beach")
    (clip,) = store(session, reply)
    asked = ask(session, clip, Crop(region=(0.0, 0.0, 0.5, 1.0)))
    session.render(asked)
    cut = only(asked)
    assert is_cut_of(cut, only(reply))
    made = derive(session.ledger, cut)
    assert (made.video, made.num_frames) == (None, 1)
    assert made.width == only(reply).width // 2


def test_a_seam_beside_a_cut_is_rendered(session: Session) -> None:
    (clip,) = store(session, say(session, "a red ball on the beach"))
    take = only(ask(session, clip, Speed(factor=0.5), Loop(seamless=True)))
    assert take.operation == "loop"
    assert [effect.kind for effect in take.effects] == ["speed"]


def test_joined_clips_and_a_scene_of_a_storyboard_are_cut(session: Session) -> None:
    scenes = "two scenes: a red ball on the beach; then it rolls in the desert"
    store(session, say(session, scenes, draft=True))
    (whole,) = say(session, "reverse it").takes
    assert (whole.operation, whole.quality) == ("derive", "draft")
    one, again = ask(session, session.clip("c1"), Reverse()).takes
    assert (one.operation, one.quality, again.operation) == ("derive", "draft", "join")
    assert again.parents[0] == one.id


def test_a_part_of_a_run_is_not_cut(session: Session) -> None:
    (clip,) = store(session, say(session, "a red ball on the beach"))
    with pytest.raises(
        SpecError, match="half as fast applies to a whole finished clip"
    ):
        ask(session, clip, Speed(factor=0.5), step=3)
