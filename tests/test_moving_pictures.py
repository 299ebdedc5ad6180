"""From a turn to a clip that moves over a picture: routes, refinements, and real frames."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nbagent import media
from nbagent.acts import act_from_json
from nbagent.acts.aspect import Aspect
from nbagent.acts.camera import Camera
from nbagent.acts.length import Length
from nbagent.acts.plan import Plan
from nbagent.acts.quality import Quality
from nbagent.acts.recolor import Recolor
from nbagent.charts import pace as paces
from nbagent.charts.chart_renderer import ChartRenderer
from nbagent.charts.virtual_camera import VirtualCamera
from nbagent.conversation.clip import Clip
from nbagent.conversation.compose import compose
from nbagent.conversation.context import variables
from nbagent.conversation.fitting import measured
from nbagent.conversation.session import Session
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import Sources
from nbagent.errors import Cancelled, JobFailed, SpecError
from nbagent.jobs.engine import Engine
from nbagent.ledger import Artifact, Ledger
from nbagent.models.cards import model_card
from nbagent.settings import Settings
from nbagent.take import Job, Progress, Take
from nbagent.take.move import Move
from tests.test_cameras import logo, off, photo
from tests.test_session import store

CODEC = 6.0  # levels of 255 that an mp4 may cost


class Talk:
    """A conversation with a photo, another one, a cut-out and a film of its own."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.values: dict[str, Any] = {
            "photo": Image.fromarray(photo()),
            "other": Image.fromarray(photo()[::-1, :300].copy()),
            "logo": Image.fromarray(logo()),
            "large": Image.new("RGB", (4001, 3000), "teal"),
        }

    def say(
        self, words: str, target: Clip | None = None, *acts: Any, **options: Any
    ) -> Any:
        return self.session.hear(
            words,
            options,
            variables=variables(self.values),
            values=self.values,
            target=target,
            acts=acts,
        )

    def take(self, words: str, **options: Any) -> Take:
        """Return the take of a turn, with a clip as if it were drawn."""
        reply = self.say(words, **options)
        assert reply.answer is None, reply.answer
        store(self.session, reply)
        (take,) = reply.takes
        assert isinstance(take, Take)
        return take

    def move(self, words: str) -> Move:
        move = self.take(words).move
        assert move is not None
        return move


@pytest.fixture
def talk(session: Session) -> Talk:
    return Talk(session)


class Bench:
    """Draws in one store."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder)

    def composed(self, *pictures: NDArray[np.uint8], **plan: Any) -> Composed:
        digests = [self.ledger.put_file(media.png(one), ".png") for one in pictures]
        sources = measured(Sources(pictures=tuple(digests)), self.ledger)
        options = plan.pop("options", {})
        return compose(
            Plan(intent="animate_image", **plan),
            request="words",
            options=options,
            card=model_card("pocket"),
            sources=sources,
        )

    def draw(self, take: Take, cancel_at: int = -1) -> tuple[Artifact, list[Progress]]:
        self.ledger.add_take(take)
        told = list[Progress]()
        ChartRenderer().run(
            self.job(take),
            report=told.append,
            cancelled=lambda: bool(told) and told[-1].step == cancel_at,
        )
        artifact = self.ledger.artifact(take.id)
        assert artifact is not None
        return artifact, told

    def job(self, take: Take) -> Job:
        job_id = self.ledger.jobs.add(take.id, None, "interactive")
        return Job(id=job_id, take=take, store=str(self.ledger.folder))

    def frames(self, artifact: Artifact) -> Any:
        assert artifact.video
        return media.read_video(self.ledger.path(artifact.video))[0]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "store")
    yield made
    made.ledger.close()


# Frames in the store


def test_every_frame_of_the_clip_is_of_the_photo(bench: Bench) -> None:
    (take,) = bench.composed(photo()).takes
    artifact, told = bench.draw(take)
    assert (artifact.num_frames, artifact.fps) == (96, 24)
    assert (artifact.height, artifact.width) == photo().shape[:2]
    assert take.move is not None
    camera = VirtualCamera(
        take.move, [photo()], num_frames=96, fps=24, height=240, width=400
    )
    frames = bench.frames(artifact)
    assert max(off(camera.frame(at), frames[at]) for at in range(96)) < CODEC
    assert [one.phase for one in told][:2] == ["load", "draw"]
    assert told[-1].phase == "write"
    assert [one.step for one in told if one.phase == "draw"] == list(range(96))
    assert told[40].eta_s is not None


def test_it_is_the_same_file_again_and_from_its_recipe(
    bench: Bench, tmp_path: Path
) -> None:
    (take,) = bench.composed(photo(), prompt="pan left, push in").takes
    artifact, _ = bench.draw(take)
    assert artifact.video is not None
    file = bench.ledger.path(artifact.video)
    recipe = media.read_recipe(file)
    assert recipe is not None
    again = Bench(tmp_path / "again")
    again.ledger.put_file(media.png(photo()), ".png")
    copy, _ = again.draw(Take.from_recipe(recipe))
    assert copy.video is not None
    # Drawn to the same pixels (test_cameras); once, on a busy machine, x264 wrote others.
    one, other = (
        media.read_video(path)[0].astype(int)
        for path in (file, again.ledger.path(copy.video))
    )
    assert np.abs(one - other).mean() < 1
    assert Clip.open(file).take == take
    again.ledger.close()


def test_it_is_stopped_between_two_frames_and_previewed(bench: Bench) -> None:
    (take,) = bench.composed(photo(), prompt="zoom out").takes
    with pytest.raises(Cancelled, match="after frame 7 of 96"):
        bench.draw(take, cancel_at=6)
    assert bench.ledger.artifact(take.id) is None
    assert [job.state for job in bench.ledger.jobs.find()] == ["cancelled"]
    preview = ChartRenderer().preview(bench.job(take))
    assert preview is not None
    assert preview[:4] == b"RIFF"
    assert not ChartRenderer().keep(bench.job(take))


def test_a_picture_that_is_gone_is_one_line(bench: Bench) -> None:
    (take,) = bench.composed(photo()).takes
    for path in bench.ledger.folder.rglob("*.png"):
        path.unlink()
    with pytest.raises(JobFailed) as caught:
        bench.draw(take)
    assert "\n" not in str(caught.value)


def test_nothing_of_it_imports_torch() -> None:
    code = (
        "import sys; import nbagent.charts.chart_renderer;"
        "assert not {'torch', 'diffusers'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_clip_of_pocket_goes_on_from_a_camera_that_is_not_drawn(
    bench: Bench,
) -> None:
    from nbagent.render.renderer import Renderer

    (take,) = bench.composed(photo(), options={"frames": 16}).takes
    bench.ledger.add_take(take)
    Renderer().run(bench.job(take), report=lambda _: None, cancelled=lambda: False)
    assert bench.ledger.artifact(take.id) is not None


# Which way a turn goes


def test_pocket_never_gets_a_photo_and_it_is_said_which_models_do(talk: Talk) -> None:
    for words in ("animate @photo", "make @photo come alive"):
        reply = talk.say(words)
        (take,) = reply.takes
        assert (take.operation, take.model) == ("camera", "")
        assert take.move == Move(zoom=1.15)
        (note,) = reply.notes
        assert note.startswith("pocket can't make things in a photo move, so a camera")
        assert "wan2.1-i2v" in note
    reply = talk.say("animate @photo so that it moves right")
    assert reply.takes[0].move == Move(zoom=1.15)
    assert "('it moves right' was left out)" in reply.notes[0]
    reply = talk.say("animate @photo: zoom in, in watercolour style")
    assert reply.takes[0].operation == "camera"
    assert "was left out" in reply.notes[0]


def test_a_move_that_is_named_is_made_without_a_word(talk: Talk) -> None:
    for words, move in (
        ("animate @photo: push in slowly", Move(zoom=1.15)),
        ("animate @photo, pull out", Move(zoom=1 / 1.3)),
        ("pan left over @photo", Move(pan=-0.2)),
        ("rotate @photo slowly", Move(roll=4.0)),
        ("animiere @photo mit einem Schwenk nach links", Move(pan=-0.2)),
        ("setze @photo in Bewegung: langsam heranzoomen", Move(zoom=1.15)),
        ("anime @photo avec un zoom avant", Move(zoom=1.3)),
        ("让 @photo 动起来，镜头推近", Move(zoom=1.3)),
    ):
        reply = talk.say(words)
        assert reply.takes[0].move == move, words
        assert reply.notes == (), words


def test_a_still_of_pocket_is_pockets_unless_a_camera_is_asked(
    talk: Talk, session: Session
) -> None:
    (still,) = store(session, talk.say("a photo of a red ball on the beach"))
    (take,) = talk.say("animate c1 so that it spins").takes
    assert (take.operation, take.model) == ("animate", "pocket")
    (take,) = talk.say("c1, zoom in slowly").takes
    assert (take.operation, take.move) == ("camera", Move(zoom=1.15))
    assert still.take is not None
    assert take.parents == (still.take.id,)
    assert take.prompt.startswith("a red ball")
    act = Camera.of_call("follow", path=[(0.2, 0.2), (0.8, 0.8)])
    (take,) = talk.say("", still, act).takes
    assert take.move == Move(path=(0.2, 0.2, 0.8, 0.8))
    (take,) = talk.say("", still, Camera(camera="zoom in"), Recolor(color="blue")).takes
    assert take.operation != "camera"  # more than a camera does
    (take,) = talk.say("c1 from above").takes
    assert take.operation != "camera"


def test_a_model_that_takes_pictures_has_them_first(tmp_path: Path) -> None:
    wan = replace(model_card("pocket"), name="owner/wan", pictures=("image",))
    with Ledger(tmp_path / "store") as ledger:
        digest = ledger.put_file(media.png(photo()), ".png")
        sources = measured(Sources(pictures=(digest,)), ledger)
        for prompt, camera, operation in (
            ("the waves roll in", "", "animate"),
            ("the waves roll in", "push in", "animate"),
            ("", "push in", "camera"),
        ):
            settings: Any = {"camera": camera} if camera else {}
            plan = Plan(intent="animate_image", prompt=prompt, settings=settings)
            made = compose(plan, request="", options={}, card=wan, sources=sources)
            assert made.takes[0].operation == operation
        assert "to make things in it move, say how, and owner/wan" in made.notes[0]


def test_numbers_are_for_pictures_alone(talk: Talk, session: Session) -> None:
    (clip,) = store(session, talk.say("a red ball on the beach"))
    with pytest.raises(SpecError, match="only a move over a picture takes numbers"):
        talk.say("", clip, Camera(camera="push in", amount=2.0))


# What is asked of it next


def test_what_is_not_named_stays(talk: Talk) -> None:
    first = talk.take("animate @photo")
    slower = talk.take("slower")
    assert (slower.num_frames, slower.move) == (192, first.move)
    assert talk.move("push in further").zoom == pytest.approx(1.15**1.5)
    aside = talk.move("to the left")
    assert aside.zoom == pytest.approx(1.15**1.5)
    assert aside.pan < 0
    held = talk.take("hold the last frame for a second")
    assert held.move == replace(aside, end_hold_s=1.0)
    assert held.num_frames == 192 + 24
    at_30 = talk.take("at 30 fps")
    assert (at_30.num_frames, at_30.fps, at_30.move) == (270, 30, held.move)
    faster = talk.take("twice as fast")
    assert faster.num_frames == 30 * (8 / 2 + 1)  # what is held stays as long
    back = talk.take("play it backwards")
    assert back.is_recut
    out = talk.take("zoom out")
    assert out.move is not None
    assert (out.operation, out.move.zoom < 1) == ("camera", True)
    assert [effect.kind for effect in out.effects] == ["reverse"]
    assert len(talk.take("loop it seamlessly").effects) == 2
    assert talk.take("make it 6 seconds").num_frames == 180
    clip = talk.session.clip(talk.session.rows()[-1].name)
    (square,) = talk.say("", clip, Aspect(aspect="1:1")).takes
    assert (square.height, square.width) == (240, 240)
    (draft,) = talk.say("", clip, Quality(quality="draft")).takes
    assert (draft.height, draft.width, draft.quality) == (120, 200, "draft")
    with pytest.raises(SpecError, match="the camera does that already"):
        talk.say("", clip, Length(duration_s=6.0))


def test_what_a_camera_cannot_is_one_line_and_nothing_is_drawn(talk: Talk) -> None:
    talk.take("animate @photo: push in")
    with pytest.raises(SpecError, match=r"at night: pocket cannot change what is"):
        talk.say("at night")
    with pytest.raises(SpecError, match="parallax needs two layers"):
        talk.say("animate @photo with parallax")
    with pytest.raises(SpecError, match="s at 24 fps is too short"):
        talk.say("animate @photo", frames=1)
    with pytest.raises(SpecError, match="odd side, and mp4 needs even ones"):
        talk.say("animate @photo", size=(99, 100))
    tiny = Image.new("RGB", (1, 1))
    talk.values["photo"] = tiny
    with pytest.raises(SpecError, match="is 1x1, too small for a camera move"):
        talk.say("animate @photo")
    talk.values["photo"] = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    with pytest.raises(SpecError, match="fully transparent"):
        talk.say("animate @photo")


def test_a_picture_larger_than_any_clip_is_refused_before_it_is_stored(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paces, "MAX_PIXELS", 90_000)
    with pytest.raises(SpecError, match=r"@photo is 400x240, .* scale it down"):
        talk.say("animate @photo")
    assert not list(talk.session.ledger.folder.rglob("*.png"))


def test_sizes_and_what_is_reduced_are_said(talk: Talk) -> None:
    reply = talk.say("animate @large: push in")
    (take,) = reply.takes
    assert (take.width, take.height) == (1920, 1438)
    assert reply.notes == (
        "@large is 4001x3000, the clip 1920x1438: --size WxH changes that.",
    )
    reply = talk.say("animate @photo: push in", takes=3, seed=5)
    assert len(reply.takes) == 1
    assert "so one take was made" in reply.notes[0]
    assert reply.notes[1].startswith("Ignored --seed")


def test_a_cut_out_keeps_its_opacity_and_has_two_layers(talk: Talk) -> None:
    (take,) = talk.say("animate @logo: pan right").takes
    assert take.move == Move(pan=0.2, parallax=0.5)
    with Image.open(talk.session.ledger.path(take.holds[0].source)) as kept:
        assert np.array_equal(np.asarray(kept), logo())
    (take,) = talk.say("animate @logo with parallax").takes
    assert take.move == Move(pan=0.12, parallax=0.6)


def test_two_pictures_dissolve(talk: Talk) -> None:
    reply = talk.say("animate @photo to @other")
    (take,) = reply.takes
    assert (take.operation, len(take.holds), take.num_frames) == ("camera", 2, 144)
    assert take.move == Move(zoom=1.15, dissolve_s=1.0)
    assert "@other is 300x240" in reply.notes[1]


def test_an_act_has_a_form_for_json_and_for_calls() -> None:
    act = Camera.of_call("push in", amount=1.5, focus=(0.7, 0.3), hold_s=1, ease="out")
    assert act_from_json(act.to_json()) == act
    flat = Camera.of_call("follow", path=[0.1, 0.2, 0.3, 0.4])
    assert flat == Camera.of_call("follow", path=[(0.1, 0.2), (0.3, 0.4)])
    schema = Camera.schema()["properties"]["path"]
    assert schema["items"] == {"type": "number"}


# With the engine


@pytest.mark.slow
def test_a_turn_gives_a_clip_of_the_photo_by_the_real_engine(
    settings: Settings,
) -> None:
    session = Session(settings=settings, engine=Engine(settings))
    talk = Talk(session)
    try:
        for words in ("animate @photo", "pan to the left"):
            reply = talk.say(words)
            rendering = session.render(reply)
            rendering.start(lambda _index, _progress: None)
            rendering.wait()
            session.close_turn(reply, rendering.clips)
            (clip,) = rendering.clips
            assert clip.take is not None
            assert clip.take.move is not None
            camera = VirtualCamera(
                clip.take.move,
                [photo()],
                num_frames=clip.num_frames,
                fps=24,
                height=240,
                width=400,
            )
            for at in range(0, clip.num_frames, 5):
                assert off(camera.frame(at), clip.frames[at]) < CODEC
    finally:
        session.close()
