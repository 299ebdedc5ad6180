"""The session: turns are kept, re-runs replace, mistakes lose nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from nbagent.acts import Act
from nbagent.acts.plan import Control, Intent
from nbagent.acts.undo import Undo
from nbagent.artifacts import store_frames
from nbagent.conversation import choices
from nbagent.conversation.clip import Clip
from nbagent.conversation.context import variables
from nbagent.conversation.recuts import derive
from nbagent.conversation.reply import Reply
from nbagent.conversation.saving import save_beside
from nbagent.conversation.session import Remixer, Session
from nbagent.errors import JobFailed, NbagentError, SpecError
from nbagent.jobs.engine import Engine
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from nbagent.take import UNFINISHED, Take
from nbagent.take.caching import StepCaching
from tests.tiny_pipelines import save

pytestmark = pytest.mark.phrases


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    # The engine is the real one, and never starts: nothing here renders.
    session = Session(settings=settings, engine=Engine(settings))
    yield session
    session.close()


def store(session: Session, reply: Reply) -> tuple[Clip, ...]:
    """Put frames in the ledger as if the takes had been rendered."""
    clips = session.render(reply).clips
    for take in reply.takes:
        fake_frames(session.ledger, take)
    for job in session.ledger.jobs.find(states=UNFINISHED):
        session.ledger.jobs.record(job.id, "done")
    return clips


def fake_frames(ledger: Ledger, take: Take) -> None:
    num_frames = 1 if take.media == "image" else take.num_frames
    shade = np.linspace(0, 255, num_frames).astype(np.uint8)
    frames = np.broadcast_to(
        shade[:, None, None, None], (num_frames, take.height, take.width, 3)
    )
    latents = ledger.put_file(b"latents of " + take.id.encode(), ".safetensors")
    store_frames(
        ledger,
        take,
        np.ascontiguousarray(frames),
        take.fps,
        latents=latents,
        seconds_rendered=1.5,
    )


def say(
    session: Session,
    words: str,
    cell: str | None = None,
    reading: Intent | None = None,
    **options: Any,
) -> Reply:
    return session.hear(words, options, cell_id=cell, reading=reading)


def test_it_refers_to_the_clip_above_also_when_a_cell_is_run_again(
    session: Session,
) -> None:
    store(session, say(session, "a red ball on the beach", "one"))
    second = say(session, "make it blue", "two")
    store(session, second)
    third = say(session, "make it green", "three")
    store(session, third)
    assert third.takes[0].parents == (second.takes[0].id,)

    again = say(session, "make it yellow", "two")
    assert again.takes[0].parents == second.takes[0].parents
    clips = store(session, again)
    assert [clip.name for clip in clips] == ["c2"]
    assert len(session.rows()) == 3


def test_running_all_again_gives_the_same_takes_under_the_same_names(
    session: Session,
) -> None:
    cells = [
        ("one", "a red ball on the beach"),
        ("two", "at night"),
        ("three", "like c1 but a cat"),
    ]
    runs = []
    for _ in range(2):
        made = []
        for cell, words in cells:
            reply = say(session, words, cell)
            clips = store(session, reply)
            made.append([(clip.name, clip.take) for clip in clips])
        runs.append(made)
    assert runs[0] == runs[1]


def test_a_turn_that_cannot_be_is_kept_with_its_error(session: Session) -> None:
    with pytest.raises(SpecError):
        say(session, "a red ball on the beach", "one", frames=51)
    turn = session.ledger.turns.of(session.settings.conversation)[0]
    assert turn.text == "a red ball on the beach"
    assert turn.error is not None
    assert "use 48 or 64" in turn.error


def test_a_re_cut_needs_no_engine(session: Session) -> None:
    (clip,) = store(session, say(session, "a red ball on the beach"))
    reply = say(session, "twice as fast")
    rendering = session.render(reply)
    heard = []
    rendering.start(lambda index, progress: heard.append((index, progress.state)))
    rendering.wait()
    assert heard == [(0, "done")]
    fast = rendering.clips[0]
    assert fast.fps == 2 * clip.fps
    assert fast.num_frames == clip.num_frames
    artifact = session.ledger.artifact(reply.takes[0].id)
    parent = session.ledger.artifact(reply.takes[0].parents[0])
    assert artifact is not None
    assert parent is not None
    assert artifact.latents == parent.latents


def test_a_re_cut_of_a_clip_whose_file_is_gone_is_one_line(session: Session) -> None:
    (clip,) = store(session, say(session, "a red ball on the beach"))
    reply = say(session, "twice as fast")
    clip.path.unlink()
    with pytest.raises(JobFailed, match="render it again"):
        derive(session.ledger, reply.takes[0])


def test_going_back_gives_the_earlier_take(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    night = say(session, "at night")
    store(session, night)
    back = say(session, "go back to c1")
    assert back.takes[0].id == night.takes[0].parents[0]


def test_what_was_asked_for_after_the_clip_is_done_with_it(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    reply = say(session, "loop it, then save it as gif")
    assert reply.plan.then == (Control(action="save", format="gif"),)
    rendering = session.render(reply)
    rendering.start(lambda _index, _progress: None)
    rendering.wait()
    said = session.close_turn(reply, rendering.clips)
    assert said == "c2 saved as c2.gif"
    assert (session.settings.store.parent / "c2.gif").is_file()


def test_a_blend_leads_from_one_clip_to_the_other(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    store(session, say(session, "a cat runs across the meadow"))
    reply = say(session, "blend c1 and c2")
    take = reply.takes[0]
    assert "it turns into a cat" in take.shot["motion"][0]
    # From the last frame of the one to the first of the other.
    assert take.operation == "blend"
    assert [hold.source for hold in take.holds] == list(take.parents)
    assert [(hold.start, hold.at) for hold in take.holds] == [(-1, 0), (0, 15)]


def test_nothing_to_go_back_to(session: Session) -> None:
    (clip,) = store(session, say(session, "a red ball on the beach"))
    store(session, say(session, "a cat in the snow"))
    with pytest.raises(SpecError, match="nothing to go back to"):
        session.hear("", {}, target=clip, acts=(Undo(),))


def test_answers_come_from_the_record(session: Session) -> None:
    store(session, say(session, "a red ball on the beach", seed=77))
    answer = say(session, "what seed does c1 have?").answer
    assert answer is not None
    assert "seed 77" in answer
    store(session, say(session, "at night"))
    answer = say(session, "what changed between c1 and c2?").answer
    assert answer is not None
    assert "at night" in answer
    assert "From c1 to c2" in answer


def test_a_dry_run_tells_the_time_only_from_evidence(session: Session) -> None:
    words = "a red ball on the beach"
    before = say(session, words, dry_run=True).answer
    assert before is not None
    assert "not known yet" in before
    store(session, say(session, words))
    after = say(session, "a blue cube in the snow", dry_run=True).answer
    assert after is not None
    assert "about 1.5 s" in after
    # A long clip is several parts, of which an extension was never made here.
    longer = say(session, "a cat on the beach, 20 seconds", dry_run=True).answer
    assert longer is not None
    assert "not known yet" in longer


def test_saving_never_overwrites(session: Session, tmp_path: Any) -> None:
    (clip,) = store(session, say(session, "a red ball on the beach"))
    names = [save_beside(clip, "mp4", tmp_path) for _ in range(2)]
    assert names == ["c1.mp4", "c1-2.mp4"]
    assert save_beside(clip, "png", tmp_path) == "c1"
    assert len(list((tmp_path / "c1").glob("*.png"))) == clip.num_frames
    with pytest.raises(SpecError, match="clips cannot be saved as"):
        save_beside(clip, "avi", tmp_path)


def test_two_sessions_on_one_folder_share_names_without_a_clash(
    session: Session, settings: Settings
) -> None:
    other = Session(settings=settings, engine=Engine(settings))
    try:
        names = []
        for at, one in enumerate([session, other, session, other]):
            reply = say(one, f"a red ball on the beach, number {at}", seed=at)
            names += [clip.name for clip in store(one, reply)]
        assert names == ["c1", "c2", "c3", "c4"]
    finally:
        other.close()


def test_each_notebook_has_clips_of_its_own(
    session: Session, settings: Settings
) -> None:
    store(session, say(session, "a red ball on the beach"))
    elsewhere = replace(settings, conversation="other")
    other = Session(settings=elsewhere, engine=Engine(elsewhere))
    try:
        assert other.rows() == ()
        clips = store(other, say(other, "a red ball on the beach"))
        assert [clip.name for clip in clips] == ["c1"]
    finally:
        other.close()


def test_a_store_that_cannot_be_written_is_one_line(
    settings: Settings, tmp_path: Any
) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = replace(settings, store=tmp_path / "file" / ".nbagent")
    session = Session(settings=blocked, engine=Engine(blocked))
    with pytest.raises(NbagentError, match="NBAGENT_STORE") as caught:
        say(session, "a red ball on the beach")
    assert "\n" not in str(caught.value)


def test_variables_are_described_and_never_kept() -> None:
    namespace = {
        "rows": [1, 2, 3],
        "words": "hello",
        "array": np.zeros((4, 5)),
        "_hidden": 1,
        "number": 3,
        "In": [],
    }
    found = {v.name: v for v in variables(namespace)}
    assert set(found) == {"rows", "words", "array"}
    assert found["rows"].summary == "3 items"
    assert found["array"].type == "ndarray"
    assert found["array"].summary == "array 4x5"


def test_a_picture_of_the_notebook_is_what_a_camera_moves_over(
    session: Session,
) -> None:
    photo = Image.new("RGB", (32, 48), "red")
    values = {"photo": photo, "other": 3}
    reply = session.hear(
        "animate @photo so that a cat jumps in it",
        {},
        variables=variables(values),
        values=values,
    )
    (take,) = reply.takes
    assert (take.operation, take.media, take.parents) == ("camera", "video", ())
    (hold,) = take.holds
    assert (hold.at, hold.start, hold.num_frames) == (0, 0, 1)
    with Image.open(session.ledger.path(hold.source)) as kept:
        assert (kept.size, kept.getpixel((5, 5))) == ((32, 48), (255, 0, 0))
    assert take.prompt == "push in 1.15x"
    assert "('a cat jumps in it' was left out)" in reply.notes[0]
    # The same turn in the same state is the same take.
    again = session.hear(reply.words, {}, variables=variables(values), values=values)
    assert again.takes[0].id == take.id
    assert Take.from_recipe(take.to_recipe()) == take


def test_a_still_of_the_conversation_is_set_in_motion(session: Session) -> None:
    still = say(session, "a picture of a cat on the beach at night", "one")
    assert still.takes[0].media == "image"
    store(session, still)
    (take,) = say(session, "animate it so that it spins", "two").takes
    assert (take.operation, take.media) == ("animate", "video")
    assert take.parents == (still.takes[0].id,)
    assert take.holds[0].source == still.takes[0].id
    assert take.prompt == "a cat, spinning, on the beach, at night"


def test_a_picture_that_is_none_is_one_line(session: Session) -> None:
    values = {"photo": Image.new("RGB", (1, 1))}
    with pytest.raises(SpecError, match="is 1x1, too small for a camera move"):
        session.hear("animate @photo", {}, variables=variables(values), values=values)


def test_another_model_renders_what_is_asked_for_anew(
    session: Session, tmp_path: Path
) -> None:
    store(session, say(session, "a red ball on the beach"))
    folder = save("pocket-like", tmp_path / "model")
    (folder / "defaults.json").write_text(
        '{"height": 16, "width": 16, "num_frames": 8}'
    )
    answer = session.choose(choices.use(str(folder)))
    assert answer.startswith(f"from now on {folder} renders: ")
    assert say(session, "a blue cube rises over the sea").takes[0].model == str(folder)
    assert say(session, "c1 at night").takes[0].model == "pocket"


# A clip's own methods, which say what they want in words


def heard_by(session: Session) -> Remixer:
    """Return what takes a clip's own methods to a session; nothing is rendered."""

    def remix(clip: Clip, asked: str | Sequence[Act], options: Any) -> Reply:
        if isinstance(asked, str):
            return session.hear(asked, options, target=clip)
        return session.hear("", options, target=clip, acts=asked)

    return remix


@pytest.fixture
def clip(session: Session) -> Any:
    """A clip whose methods return the session's reply instead of rendering it."""
    session.remixer = heard_by(session)
    return store(session, say(session, "a red ball rises over the sea"))[0]


def test_a_clip_is_extended_at_either_end(clip: Any) -> None:
    after, before = clip.extend(2), clip.extend(2.0, at_start=True)
    assert [reply.takes[0].operation for reply in (after, before)] == ["extend"] * 2
    assert after.takes[0].holds[0].at == 0
    assert before.takes[0].holds[0].at == 16


@pytest.mark.usefixtures("clip")
def test_a_still_that_is_not_the_latest_is_set_in_motion(session: Session) -> None:
    still = say(session, "a picture of a cat in the snow")
    (first,) = store(session, still)
    store(session, say(session, "a picture of a dog on the beach"))
    take = cast("Any", first).remix("let it spin").takes[0]
    assert (take.operation, take.holds[0].source) == ("animate", still.takes[0].id)


def test_a_clip_is_reframed(clip: Any) -> None:
    take = clip.reframe("16:9").takes[0]
    # pocket paints squares, so another shape is cut out of one.
    assert take.operation == "derive"
    (crop,) = take.effects
    assert (crop.kind, round(crop.ratio, 3)) == ("crop", 1.778)


def test_a_span_is_redone_with_a_change_or_without(session: Session, clip: Any) -> None:
    night = clip.redo(1, 2, "at night").takes[0]
    again = clip.redo(0, 0.5, strength=0.7).takes[0]
    assert (night.operation, again.operation) == ("inpaint", "inpaint")
    assert night.prompt.endswith("at night")
    assert (again.seed - night.seed, again.strength) == (1, 0.7)
    mask = np.asarray(Image.open(session.ledger.path(night.holds[0].mask)))
    assert mask.shape[:2] == (16 * 256, 256)
    assert not mask[: 8 * 256].any()
    assert mask[8 * 256 :].all()


def test_a_masked_part_shows_what_is_said(session: Session, clip: Any) -> None:
    mask = np.zeros((256, 256), bool)
    mask[:40] = True
    for words in ("a yellow star", "add a yellow star"):
        take = clip.inpaint(mask, words).takes[0]
        assert take.operation == "inpaint"
        assert "yellow star" in take.prompt
        kept = np.asarray(Image.open(session.ledger.path(take.holds[0].mask)))
        assert (kept[..., 0] > 127).tolist() == mask.tolist()
    with pytest.raises(SpecError, match="does not fit the clip"):
        clip.inpaint(np.ones((3, 3)), "a yellow star")


def test_a_part_of_an_unfinished_clip_is_one_line(session: Session) -> None:
    reply = say(session, "a red ball rises over the sea")
    session.render(reply)
    with pytest.raises(SpecError, match="changing a part needs a finished clip: wait"):
        say(session, "in the left half, at night")


def test_a_run_takes_another_course(session: Session) -> None:
    first = say(session, "a red ball rises over the sea")
    session.render(first)
    reply = say(session, "from step 5 on, at night")
    (take,) = reply.takes
    assert (take.operation, take.redirect_step) == ("redirect", 5)
    assert take.parents == (first.takes[0].id,)
    assert "night" in take.prompt
    assert take.num_inference_steps == first.takes[0].num_inference_steps
    assert Take.from_recipe(take.to_recipe()) == take
    for words, says in (
        (
            "redirect it: at night",
            "the clip is not being rendered now: say from which step",
        ),
        ("from step 10 on, at night", "cannot change after step 10"),
        ("from step 5 on, slower", "applies to a whole finished clip"),
        ("from step 5 on, make it 8 s long", "length and size cannot change"),
    ):
        with pytest.raises(SpecError, match=says):
            say(session, words)


def test_a_scene_may_take_another_course_or_grow(session: Session) -> None:
    store(session, say(session, "two scenes: a cat on the beach; then it jumps"))
    reply = say(session, "scene 1 from step 5 on, at night")
    assert [take.operation for take in reply.takes] == ["redirect", "join"]
    assert reply.takes[1].redirect_step is None
    grown = say(session, "upscale c1")
    assert [take.operation for take in grown.takes] == ["upscale"]
    assert "The joined clip stays as it is" in grown.notes[-1]


def test_the_run_that_goes_on_is_redirected_at_its_step(session: Session) -> None:
    reply = say(session, "a red ball rises over the sea")
    session.render(reply)  # names it
    ledger, (take,) = session.ledger, reply.takes
    job = ledger.jobs.add(take.id, reply.turn_id, "interactive")
    ledger.jobs.record(job, "running", phase="denoise", step=3, num_steps=10)
    assert say(session, "redirect it: at night").takes[0].redirect_step == 4


def test_a_part_of_a_storyboard_is_one_line(session: Session) -> None:
    reply = say(session, "two scenes: a cat on the beach; then it jumps")
    store(session, reply)
    with pytest.raises(SpecError, match="a part can be changed in one clip"):
        say(session, "in the left half, at night")


def test_several_pictures_are_set_in_motion(session: Session) -> None:
    values = {
        "start": Image.new("RGB", (8, 8)),
        "goal": Image.new("RGB", (8, 8), "red"),
    }
    reply = session.hear(
        "animate @start to @goal: it grows",
        {},
        variables=variables(values),
        values=values,
    )
    (take,) = reply.takes
    assert (take.operation, len(take.holds)) == ("camera", 2)
    assert take.move is not None
    assert take.move.dissolve_s == 1


def test_a_step_cache_is_the_sessions_the_turns_or_none(session: Session) -> None:
    assert say(session, "a red ball", "one").takes[0].step_cache == 0
    assert "step cache 0.1 from now on" in session.choose(
        choices.cache(StepCaching(0.1))
    )
    first = say(session, "a red ball", "two")
    assert first.takes[0].step_cache == 0.1
    (clip,) = store(session, first)
    assert "step cache 0.1" in session.record.facts(clip.name)
    assert (
        say(session, "a blue ball", "three", cache=StepCaching()).takes[0].step_cache
        == 0
    )
    slower = say(session, "make it slower", "four", cache=StepCaching(0.4)).takes[0]
    assert (slower.operation, slower.step_cache) == ("derive", 0.1)
    assert (
        session.choose(choices.cache(StepCaching()))
        == "step cache off: every step runs in full"
    )
