"""A clip gives what its take and its file hold, from the store or from a file alone."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from nbagent.acts import Act, Span
from nbagent.acts.aspect import Aspect
from nbagent.acts.blend import Blend
from nbagent.acts.crop import Crop
from nbagent.acts.extend import Extend
from nbagent.acts.fps import Fps
from nbagent.acts.join import Join
from nbagent.acts.loop import Loop
from nbagent.acts.match import Match
from nbagent.acts.recolor import Recolor
from nbagent.acts.redo import Redo
from nbagent.acts.resize import Resize
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.trim import Trim
from nbagent.acts.undo import Undo
from nbagent.acts.upscale import Upscale
from nbagent.conversation.clip import Clip
from nbagent.errors import MediaError, SpecError, StoreError
from nbagent.ledger import Artifact, Ledger
from nbagent.media import (
    poster_jpeg,
    read_recipe,
    read_video,
    recent,
    write_clip,
    write_video,
)
from nbagent.notebook.speaker import Takes
from nbagent.take import Take
from tests.samples import make_frames, make_take, psnr_db


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as ledger:
        yield ledger


def render(ledger: Ledger, take: Take, folder: Path) -> None:
    """Store a take with the files that a worker writes."""
    frames, path = make_frames(), folder / "made.mp4"
    write_video(path, frames, take.fps, take.to_recipe())
    ledger.add_take(take)
    ledger.put_artifact(
        take.id,
        Artifact(
            video=ledger.put_file(path, ".mp4"),
            poster=ledger.put_file(poster_jpeg(frames), ".jpg"),
            latents=None,
            num_frames=len(frames),
            fps=take.fps,
            height=128,
            width=128,
            duration_s=len(frames) / take.fps,
            size_bytes=path.stat().st_size,
            seconds_rendered=1.0,
        ),
    )
    path.unlink()


def name(ledger: Ledger, take: Take) -> str:
    turn = ledger.turns.add("a", take.request, None, {})
    return ledger.add_clip("a", turn.id, take.id).name


def test_a_clip_of_the_store_gives_its_facts(ledger: Ledger, tmp_path: Path) -> None:
    root = make_take()
    child = make_take(operation="remix", strength=0.6, parents=(root.id,))
    for take in (root, child):
        render(ledger, take, tmp_path)
        name(ledger, take)
    clip = Clip(ledger, child, "c2")
    assert (clip.num_frames, clip.height, clip.width) == (16, 128, 128)
    assert (clip.fps, clip.duration_s) == (8.0, 2.0)
    assert (clip.seed, clip.prompt) == (7, child.prompt)
    made_of = {"made_of": [root.to_recipe() | {"request": ""}]}
    assert clip.recipe == child.to_recipe() | made_of
    assert psnr_db(make_frames(), clip.frames) > 35
    assert clip.path.suffix == ".mp4"
    (parent,) = clip.parents
    assert (parent.name, parent.take, parent.parents) == ("c1", root, ())
    assert repr(clip) == "Clip c2 (16 frames, 128x128, 2.0 s)"


def through_joblib(value: Any) -> Any:
    file = io.BytesIO()
    joblib.dump(value, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize(
    "twin",
    [
        copy.copy,
        copy.deepcopy,
        lambda clip: pickle.loads(pickle.dumps(clip)),
        lambda clip: through_joblib(clip),
    ],
)
def test_a_clip_is_copied_and_pickled_by_store_and_recipe(
    ledger: Ledger, tmp_path: Path, twin: Callable[[Clip], Clip]
) -> None:
    root = make_take()
    take = make_take(operation="remix", strength=0.6, seed=8, parents=(root.id,))
    render(ledger, root, tmp_path)
    render(ledger, take, tmp_path)
    clip = Clip(ledger, take, "c2")
    assert len(pickle.dumps([clip, clip.frames[:0]])) < 4000  # no frames
    same = twin(clip)
    assert repr(same) == repr(clip)
    assert (same.take, same.seed, same.path) == (take, 8, clip.path)
    assert np.array_equal(same.frames, clip.frames)
    assert [parent.take for parent in same.parents] == [root]
    several = twin(Takes([clip, same]))  # type: ignore[arg-type]
    assert isinstance(several, Takes)


def test_an_opened_clip_is_pickled_by_its_file(tmp_path: Path) -> None:
    write_video(tmp_path / "holiday.mp4", make_frames(8), 24, None)
    clip = Clip.open(tmp_path / "holiday.mp4")
    same = pickle.loads(pickle.dumps(clip))
    assert (repr(same), same.fps) == (repr(clip), 24.0)
    assert np.array_equal(same.frames, clip.frames)
    (tmp_path / "holiday.mp4").unlink()
    assert clip.num_frames == 8  # what was opened is not lost with its file
    with pytest.raises(MediaError, match="there is no file"):
        _ = pickle.loads(pickle.dumps(clip)).frames


def test_a_part_of_a_film_is_that_part_when_it_is_pickled(tmp_path: Path) -> None:
    write_clip(tmp_path / "film.mp4", make_frames(16, 32, 48), 8.0, None)
    clip = Clip.open(tmp_path / "film.mp4", start_s=0.5, end_s=1.5)
    same = pickle.loads(pickle.dumps(clip))
    assert same.num_frames == clip.num_frames == 8
    assert (same.frames == clip.frames).all()
    assert (same.fps, same.notes) == (clip.fps, clip.notes)


def test_a_pickled_clip_whose_store_is_not_here_is_one_line(
    ledger: Ledger, tmp_path: Path
) -> None:
    take = make_take()
    render(ledger, take, tmp_path)
    pickled = pickle.dumps(Clip(ledger, take, "c1"))
    ledger.folder.rename(tmp_path / "elsewhere")
    clip = pickle.loads(pickled)
    assert (clip.prompt, clip.seed) == (take.prompt, 7)
    assert repr(clip) == "Clip c1 (not rendered, or its file is gone)"
    with pytest.raises(
        StoreError, match=r"c1 is stored in .*, which is not on this machine: save it"
    ):
        _ = clip.frames


def test_a_pickled_clip_is_read_in_another_process(
    ledger: Ledger, tmp_path: Path
) -> None:
    take = make_take()
    render(ledger, take, tmp_path)
    file = tmp_path / "clip.pickle"
    file.write_bytes(pickle.dumps(Clip(ledger, take, "c1")))
    code = (
        "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).frames.shape)"
    )
    run = [sys.executable, "-c", code, str(file)]
    assert subprocess.check_output(run, text=True).strip() == "(16, 128, 128, 3)"


def test_a_kernel_keeps_the_frames_of_few_clips(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = []
    for seed in range(12):
        take = make_take(seed=seed)
        render(ledger, take, tmp_path)
        clips.append(Clip(ledger, take, f"c{seed}"))
    alive = [weakref.ref(clip.frames) for clip in clips]  # all clips are held
    gc.collect()
    assert [ref() is not None for ref in alive] == [False] * 8 + [True] * 4
    held = clips[0].frames
    assert clips[0].frames is held
    for clip in clips[1:]:
        assert clip.frames.shape == held.shape
    assert clips[0].frames is held  # who holds them has them
    with pytest.raises(ValueError, match="read-only"):
        held[0] = 0
    monkeypatch.setattr(recent, "MAX_BYTES", 2 * held.nbytes)
    del held
    alive = [weakref.ref(clip.frames) for clip in clips]
    gc.collect()
    assert [ref() is not None for ref in alive] == [False] * 10 + [True] * 2
    monkeypatch.setattr(recent, "MAX_BYTES", 1)
    assert clips[0].frames is clips[0].frames  # the one read last, whatever its size


def test_a_saved_clip_opens_without_the_store(ledger: Ledger, tmp_path: Path) -> None:
    take = make_take()
    render(ledger, take, tmp_path)
    clip = Clip(ledger, take, "c1")
    for file in ("a.mp4", "a.webm", "a.gif", "a.webp", "frames"):
        saved = clip.save(tmp_path / file)
        opened = Clip.open(saved)
        assert opened.take == take
        assert opened.parents == ()
        assert (opened.num_frames, opened.fps) == (16, 8.0)
        assert psnr_db(clip.frames, opened.frames) > 28
    assert (tmp_path / "a.mp4").read_bytes() == clip.path.read_bytes()
    assert (
        repr(Clip.open(str(tmp_path / "a.mp4"))) == "Clip a (16 frames, 128x128, 2.0 s)"
    )


def test_a_file_opened_with_the_store_finds_its_parents(
    ledger: Ledger, tmp_path: Path
) -> None:
    root = make_take()
    child = make_take(operation="remix", strength=0.6, parents=(root.id, "b2:unknown"))
    render(ledger, root, tmp_path)
    render(ledger, child, tmp_path)
    file = Clip(ledger, child, "c2").save(tmp_path / "night.mp4")
    (parent,) = Clip.open(file, ledger).parents
    assert parent.take == root
    assert repr(parent) == "Clip parent (16 frames, 128x128, 2.0 s)"


def test_a_file_without_a_recipe_says_so(tmp_path: Path) -> None:
    write_video(tmp_path / "holiday.mp4", make_frames(8), 24, None)
    clip = Clip.open(tmp_path / "holiday.mp4")
    assert repr(clip) == "Clip holiday (8 frames, 128x128, 0.3 s, no recipe)"
    assert (clip.recipe, clip.take, clip.seed) == (None, None, None)
    assert (clip.prompt, clip.parents) == ("", ())
    again = Clip.open(clip.save(tmp_path / "again.webm"))
    assert (again.num_frames, again.fps, again.recipe) == (8, 24.0, None)


@pytest.mark.parametrize(
    "changes", [{"recipe_version": 2}, {"seed": "x"}, {"num_frames": None}]
)
def test_a_file_with_a_recipe_that_cannot_be_used_is_one_line(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, make_frames(2), 8, make_take().to_recipe() | changes)
    with pytest.raises(SpecError) as caught:
        Clip.open(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\x00\x00\x00\x20ftypisom" + b"x" * 500)
    with pytest.raises(MediaError, match="is damaged or not a video"):
        Clip.open(path)
    with pytest.raises(MediaError, match="there is no file"):
        Clip.open(tmp_path / "b.mp4")


def test_a_clip_whose_file_is_gone_is_one_line(ledger: Ledger, tmp_path: Path) -> None:
    take = make_take()
    render(ledger, take, tmp_path)
    clip = Clip(ledger, take, "c1")
    clip.path.unlink()
    with pytest.raises(StoreError, match="c1 has no file, because it was not rendered"):
        _ = clip.frames
    assert repr(clip) == "Clip c1 (not rendered, or its file is gone)"
    assert clip._repr_mimebundle_() == {"text/plain": repr(clip)}


def test_remix_hands_the_words_on(ledger: Ledger, tmp_path: Path) -> None:
    take = make_take()
    render(ledger, take, tmp_path)
    heard: list[tuple[Clip, str, dict[str, Any]]] = []

    def remixer(clip: Clip, words: str, **options: Any) -> Clip:
        heard.append((clip, words, options))
        return clip

    clip = Clip(ledger, take, "c1", remixer)
    assert clip.remix("at night", seed=3) is clip
    assert heard == [(clip, "at night", {"seed": 3})]
    with pytest.raises(SpecError, match=r"%load_ext nbagent"):
        Clip(ledger, take, "c1").remix("at night")


Heard = list[tuple[Any, dict[str, Any]]]


@pytest.fixture
def asked(ledger: Ledger, tmp_path: Path) -> tuple[Clip, Heard]:
    """Return a clip, and what it asks of its conversation."""
    take = make_take()
    render(ledger, take, tmp_path)
    heard: Heard = []

    def remixer(clip: Clip, said: Any, **options: Any) -> Clip:
        heard.append((said, options))
        return clip

    return Clip(ledger, take, "c1", remixer), heard


LEFT = (0.0, 0.0, 0.5, 1.0)
HALF = Span(start=0.5, end=1.0, is_share=True)


@pytest.mark.parametrize(
    ("ask", "act"),
    [
        (lambda c: c.recolor("blue", what="ball"), Recolor(color="blue", what="ball")),
        (lambda c: c.recolor("blue", "ball"), Recolor(color="blue", what="ball")),
        (lambda c: c.extend(2, at_start=True), Extend(by_s=2, side="start")),
        (lambda c: c.extend(), Extend()),
        (lambda c: c.crop("1:1"), Crop(aspect="1:1")),
        (lambda c: c.crop(LEFT), Crop(region=LEFT)),
        (lambda c: c.crop([0, 0, 0.5, 1]), Crop(region=(0, 0, 0.5, 1))),
        (lambda c: c.crop("left half"), Crop(region=LEFT)),
        (lambda c: c.crop("the sky"), Crop(region="the sky")),
        (lambda c: c.resize(320, 240), Resize(width=320, height=240)),
        (lambda c: c.resize(scale=2), Resize(scale=2)),
        (lambda c: c.upscale(), Upscale(scale=2.0)),
        (lambda c: c.upscale(np.float32(3)), Upscale(scale=3.0)),
        (lambda c: c.reframe("16:9"), Aspect(aspect="16:9")),
        (lambda c: c.loop(), Loop(seamless=True)),
        (lambda c: c.loop(seamless=False), Loop()),
        (lambda c: c.speed(2, span="last half"), Speed(factor=2, span=HALF)),
        (lambda c: c.speed(2, span=(0, 1)), Speed(factor=2, span=Span(end=1))),
        (lambda c: c.trim((0.5, None)), Trim(keep=Span(start=0.5))),
        (lambda c: c.at_fps(24), Fps(fps=24)),
        (lambda c: c.time("night", region=LEFT), Time(time="night", region=LEFT)),
        (lambda c: c.match(), Match()),
        (lambda c: c.redo(1, 2), Redo(span=Span(start=1, end=2))),
        (lambda c: c.redo(1e-5, 0.5), Redo(span=Span(start=1e-5, end=0.5))),
        (lambda c: c.undo(), Undo()),
    ],
)
def test_a_method_hands_an_act_on(
    asked: tuple[Clip, Heard], ask: Callable[[Clip], Clip], act: Act
) -> None:
    clip, heard = asked
    assert ask(clip) is clip
    assert heard == [((act,), {})]


def test_another_clip_is_known_by_its_take(
    asked: tuple[Clip, Heard], ledger: Ledger, tmp_path: Path
) -> None:
    clip, heard = asked
    other = make_take(seed=2)
    render(ledger, other, tmp_path)
    namesake = Clip(ledger, other, "c1")
    clip.match(namesake)
    clip.join(namesake, clip, transition="dissolve", seed=3)
    clip.blend(namesake)
    assert heard == [
        ((Match(other=other.id),), {}),
        (
            (
                Join(
                    others=(other.id, make_take().id),
                    transition="dissolve",
                ),
            ),
            {"seed": 3},
        ),
        ((Blend(others=(other.id,)),), {}),
    ]
    opened = Clip.open(namesake.save(tmp_path / "c1.mp4"))
    clip.grid(opened)
    (act,) = heard[-1][0]
    assert ledger.take(act.others[0]).operation == "open"


def test_words_beside_a_part_are_words_with_that_part_exactly(
    asked: tuple[Clip, Heard],
) -> None:
    clip, heard = asked
    clip.redo(0.00001, 0.5, "at night")
    clip.redo(words="at night", region=LEFT)
    clip.redirect("at night", step=5)
    clip.remix("at night", seed=3)
    assert heard == [
        ("at night", {"span": (0.00001, 0.5)}),
        ("at night", {"span": (0.0, None), "region": LEFT}),
        ("at night", {"step": 5}),
        ("at night", {"seed": 3}),
    ]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda c: c.resize(9, 9), "9 pixels is odd.* use 8 or 10"),
        (lambda c: c.extend(-1), "by_s -1 is out of range"),
        (lambda c: c.upscale(-2), "scale -2 is out of range"),
        (lambda c: c.crop((0, 0, 2, 1)), "is not a region of a frame"),
        (lambda c: c.crop(7), "7 is not a part of a picture"),
        (lambda c: c.speed("fast"), "speed: factor cannot be 'fast'"),
        (lambda c: c.speed(2, span=3), "3 is not a time span"),
        (lambda c: c.redo(2, 1), "empty: the end must come after the start"),
        (lambda c: c.recolor(""), "recolor needs color"),
    ],
)
def test_a_method_that_cannot_be_is_one_line(
    asked: tuple[Clip, Heard], ask: Callable[[Clip], Clip], says: str
) -> None:
    clip, heard = asked
    with pytest.raises(SpecError, match=says) as caught:
        ask(clip)
    assert "\n" not in str(caught.value)
    assert not heard


def test_a_method_has_its_signature_and_its_documentation() -> None:
    recolor = getattr(Clip, "recolor")  # noqa: B009  (mypy knows it of a clip alone)
    assert list(inspect.signature(recolor).parameters) == [
        "self",
        "color",
        "what",
        "span",
        "region",
        "options",
    ]
    assert "a colour in words" in recolor.__doc__
    with pytest.raises(TypeError, match="missing a required argument: 'color'"):
        Clip(None, None, "x").recolor()


def test_a_clip_shows_itself_the_same_way_twice(ledger: Ledger, tmp_path: Path) -> None:
    take = make_take()
    render(ledger, take, tmp_path)
    shown = [DisplayFormatter().format(Clip(ledger, take, "c1")) for _ in range(2)]
    assert shown[0] == shown[1]
    bundle, _ = shown[0]
    assert bundle["text/plain"] == "Clip c1 (16 frames, 128x128, 2.0 s)"
    assert "<video controls" in bundle["text/html"]
    assert "nba-" not in bundle["text/html"]
    assert {"image/png", "image/jpeg"} & bundle.keys()
    assert str(tmp_path) not in bundle["text/html"]


def test_a_single_image_is_a_clip_too(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    write_clip(path, make_frames(1), 8, make_take(media="image").to_recipe())
    clip = Clip.open(path)
    assert clip.num_frames == 1
    assert np.array_equal(clip.frames, make_frames(1))
    assert "<img" in clip._repr_mimebundle_()["text/html"]
    copy = clip.save(tmp_path / "copy.png")
    assert read_recipe(copy) == read_recipe(path)
    assert len(read_video(clip.save(tmp_path / "one.mp4"))[0]) == 1


def test_a_clip_needs_no_media_library_until_it_is_looked_at() -> None:
    code = (
        "import sys, nbagent.conversation.clip;"
        "print(sorted({'av', 'numpy', 'PIL', 'torch'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert told.stdout == "[]\n"
