"""Clips opened from files: what a turn names is what the new clip begins with."""

from __future__ import annotations

import base64
import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbagent import media
from nbagent.conversation.clip import Clip
from nbagent.conversation.context import variables
from nbagent.conversation.recuts import derive
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import MediaError, SpecError
from nbagent.jobs.engine import Engine
from nbagent.render.held_frames import known_frames
from nbagent.render.renderer import Renderer
from nbagent.settings import Settings
from nbagent.take import Job, Take
from tests.samples import make_frames, make_take

pytestmark = pytest.mark.phrases


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    session = Session(settings=settings, engine=Engine(settings))
    yield session
    session.close()


@pytest.fixture
def film(tmp_path: Path) -> Clip:
    """20 frames of 192x256 at 10 fps, of which nobody says what they show."""
    media.write_video(tmp_path / "c1.mp4", make_frames(20, 192, 256), 10, None)
    return Clip.open(tmp_path / "c1.mp4")


def say(session: Session, words: str, **named: Any) -> Reply:
    options = named.pop("options", {})
    return session.hear(words, options, variables=variables(named), values=named)


def only(reply: Reply) -> Take:
    (take,) = reply.takes
    return take


@pytest.mark.parametrize(
    "words",
    [
        "@film at night",
        "@film in the snow",
        "animate @film so that it spins, in the snow",
        "a ball like @film on the beach",
    ],
)
def test_a_film_is_changed_and_not_replaced(
    session: Session, film: Clip, words: str
) -> None:
    take = only(say(session, words, film=film))
    (hold,) = take.holds
    assert (take.operation, hold.num_frames, hold.mask) == ("animate", 20, "all")
    assert session.ledger.take(take.parents[0]).operation == "open"
    held = known_frames(take, take.num_frames, session.ledger)
    assert held is not None
    inside = held.frames[:20, 32:224].astype(int)  # 256x192 in 256x256
    assert np.abs(inside - film.frames).mean() < 6
    assert take.effects[0].speed == pytest.approx(10 / 8)  # it plays as the film does


@pytest.mark.parametrize(
    ("words", "num_frames", "size"),
    [
        ("play @film backwards", 20, (192, 256)),
        ("trim @film to 1 second", 10, (192, 256)),
        ("crop @film to the left half", 20, (192, 128)),
    ],
)
def test_a_film_is_cut_without_a_model(
    session: Session, film: Clip, words: str, num_frames: int, size: tuple[int, int]
) -> None:
    reply = say(session, words, film=film)
    session.render(reply)
    cut = derive(session.ledger, only(reply))
    assert (cut.num_frames, (cut.height, cut.width), cut.fps) == (num_frames, size, 10)
    # And what was cut is a source as well.
    again = only(say(session, "c2 at night"))
    assert again.operation == "animate"
    assert again.holds[0].source == reply.takes[0].id


def test_a_film_goes_on_in_the_models_frame(session: Session, film: Clip) -> None:
    reply = say(session, "extend @film by 1 second", film=film)
    take = only(reply)
    assert (take.operation, take.parents) == ("extend", (take.holds[0].source,))
    held = known_frames(take, take.num_frames, session.ledger)
    assert held is not None
    assert len(held.before) + take.holds[0].num_frames == 20
    assert held.before.shape[1:3] == (256, 256)
    assert any("256x192, the clip 256x256" in note for note in reply.notes)
    assert not any("other weights" in note for note in reply.notes)


def test_a_files_name_is_no_clip_of_the_conversation(
    session: Session, film: Clip
) -> None:
    """It is called c1.mp4: the conversation's own c1 is another one."""
    own = only(say(session, "a red ball rises over the sea"))
    session.render(say(session, "a red ball rises over the sea"))
    take = only(say(session, "@film at night", film=film))
    assert take.parents != (own.id,)
    assert session.ledger.take(take.parents[0]).request == "c1.mp4"
    assert only(say(session, "slower @c1", film=film)).parents == (own.id,)


def test_a_recipe_in_a_file_says_what_it_shows_and_claims_no_take(
    session: Session, tmp_path: Path
) -> None:
    take = make_take(num_frames=16, shot={"core": "a red ball", "time": "at noon"})
    path = tmp_path / "a.mp4"
    media.write_video(path, make_frames(), 8, take.to_recipe())
    changed = only(say(session, "@film at night", film=Clip.open(path)))
    assert changed.prompt == "a red ball, at night"
    assert changed.parents != (take.id,)
    assert session.ledger.artifact(take.id) is None


def test_a_photo_from_a_file_is_what_a_camera_moves_over(
    session: Session, tmp_path: Path
) -> None:
    Image.new("RGB", (40, 80), "red").save(tmp_path / "photo.jpg")
    photo = Clip.open(tmp_path / "photo.jpg")
    take = only(say(session, "animate @photo so that it moves right", photo=photo))
    (hold,) = take.holds
    assert (take.operation, hold.source) == ("camera", take.parents[0])
    assert (take.height, take.width) == (80, 40)


def test_a_longer_film_is_used_as_far_as_it_is_said(
    session: Session, tmp_path: Path
) -> None:
    media.write_video(tmp_path / "a.mp4", make_frames(100), 25, None)
    film = Clip.open(tmp_path / "a.mp4")
    reply = say(session, "@film at night", film=film)
    assert only(reply).holds[0].num_frames == 64
    assert any("Uses the first 64 of its 100 frames (2.6 s)" in n for n in reply.notes)
    part = Clip.open(tmp_path / "a.mp4", start_s=2, fps=8)
    assert only(say(session, "@film at night", film=part)).holds[0].num_frames == 16


def test_a_film_that_does_not_fit_an_act_is_one_line(
    session: Session, film: Clip
) -> None:
    with pytest.raises(SpecError, match="20 frames do not fit pocket: use 16 or 32"):
        say(session, "loop @film seamlessly", film=film)
    with pytest.raises(SpecError, match="say how the picture moves"):
        say(session, "animate @film", film=film)


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        ("@film at night", "animate"),
        ("extend @film by 1 second", "extend"),
        ("upscale @film", "upscale"),
    ],
)
@pytest.mark.parametrize("fit", ["whole", "fill"])
def test_a_film_comes_into_the_frame_as_is_asked(
    session: Session, tmp_path: Path, words: str, operation: str, fit: str
) -> None:
    media.write_video(tmp_path / "a.mp4", make_frames(16, 96, 128), 8, None)
    film = Clip.open(tmp_path / "a.mp4")
    options = {"fit": "fill"} if fit == "fill" else {}
    reply = say(session, words, film=film, options=options)
    take = only(reply)
    assert (take.operation, take.holds[0].fit) == (operation, fit)
    (note,) = (note for note in reply.notes if "@film is 128x96" in note)
    assert ("cut off" in note) == (fit == "fill")


def test_a_reframed_film_is_not_said_to_be_cut(
    session: Session, tmp_path: Path
) -> None:
    media.write_video(tmp_path / "a.mp4", make_frames(16, 96, 128), 8, None)
    reply = say(session, "make @film 16:9", film=Clip.open(tmp_path / "a.mp4"))
    assert only(reply).holds[0].box is not None
    assert not any("cut off" in note for note in reply.notes)


@pytest.mark.parametrize("fps", [0.2, 240])
def test_a_film_of_another_pace_altogether_is_one_line(
    session: Session, tmp_path: Path, fps: float
) -> None:
    media.write_video(tmp_path / "a.mp4", make_frames(16, 96, 128), fps, None)
    film = Clip.open(tmp_path / "a.mp4")
    with pytest.raises(
        SpecError, match=rf"plays at {fps:g} fps.*Clip.open\(file, fps=8"
    ):
        say(session, "@film at night", film=film)
    film = Clip.open(tmp_path / "a.mp4", fps=8)
    assert only(say(session, "@film at night", film=film)).operation == "animate"


def test_a_part_of_a_film_is_saved_as_that_part(tmp_path: Path) -> None:
    media.write_video(tmp_path / "a.mp4", make_frames(20, 48, 64), 10, None)
    part = Clip.open(tmp_path / "a.mp4", start_s=1, end_s=1.5, fps=4)
    saved = Clip.open(part.save(tmp_path / "part.mp4"))
    assert (saved.num_frames, saved.fps) == (part.num_frames, part.fps) == (2, 4)
    assert len(part.save(tmp_path / "part.html").read_bytes()) > 100
    whole = (tmp_path / "a.mp4").read_bytes()
    assert base64.b64encode(whole) not in (tmp_path / "part.html").read_bytes()
    assert Clip.open(tmp_path / "a.mp4").save(tmp_path / "b.mp4").read_bytes() == whole


def test_a_clip_of_a_file_has_a_poster_and_a_name_without_it(film: Clip) -> None:
    assert Image.open(io.BytesIO(film.poster)).size == (256, 192)
    stored = pickle.dumps(film)
    film.path.unlink()
    gone = pickle.loads(stored)
    assert repr(gone) == "Clip c1 (not rendered, or its file is gone, no recipe)"
    assert gone._repr_mimebundle_() == {"text/plain": repr(gone)}


@pytest.mark.parametrize(
    "part",
    [{"start_s": "1"}, {"start_s": float("nan")}, {"end_s": 1e18}, {"fps": "8"}],
)
def test_a_part_that_is_no_number_is_one_line(film: Clip, part: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="is not a number"):
        Clip.open(film.path, **part)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "folder/" * 900])
def test_a_name_that_no_file_has_is_one_line(name: str) -> None:
    with pytest.raises(MediaError, match=r"cannot be read|not a file name"):
        Clip.open(name)


@pytest.mark.parametrize("options", [{}, {"dry_run": True}])
def test_a_film_is_saved_by_its_own_method_and_that_is_said(
    session: Session, film: Clip, options: dict[str, Any]
) -> None:
    with pytest.raises(SpecError, match=r"opened file, .* film\.save\('film\.gif'\)"):
        say(session, "save @film as gif", film=film, options=options)


def test_a_film_of_odd_sides_loses_no_row(session: Session, tmp_path: Path) -> None:
    for index, picture in enumerate(make_frames(4, 47, 63)):
        (tmp_path / "frames").mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "frames" / f"{index}.png")
    film = Clip.open(tmp_path / "frames")
    parent = only(say(session, "@film at night", film=film)).parents[0]
    kept = session.ledger.take(parent)
    assert (kept.height, kept.width, kept.num_frames) == (48, 64, 4)


def test_a_film_is_rendered_anew_and_on(session: Session, film: Clip) -> None:
    """On pocket itself: what is held of the film is in the clip that comes out."""
    renderer = Renderer()
    for words, is_kept in (
        ("extend @film by 1 second", True),
        ("@film at night", False),
    ):
        options = {"steps": 4, "guidance": 1.0}
        reply = say(session, words, film=film, options=options)
        session.render(reply)
        take = only(reply)
        job_id = session.ledger.jobs.add(take.id, None, "interactive")
        job = Job(id=job_id, take=take, store=str(session.ledger.folder))
        renderer.run(job, report=lambda _: None, cancelled=lambda: False)
        made = session.ledger.artifact(take.id)
        assert made is not None
        assert made.video is not None
        assert made.fps == pytest.approx(10)
        frames = media.read_video(session.ledger.path(made.video))[0]
        moved = np.abs(frames[:20, 32:224].astype(int) - film.frames).mean()
        assert (moved < 6) == is_kept
        assert len(frames) == (36 if is_kept else 32)
        assert "from c1 (" in session.record.facts(session.rows()[-1].name)
        assert "opened from c1.mp4" in session.record.facts("c1")
