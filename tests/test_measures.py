"""What measures clips of pocket, and what draws the pictures of the docs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from nbagent.acts.plan import Plan
from nbagent.errors import SpecError
from nbagent.measure import actors_eval, bench, chain_bench, held_eval, takes_bench
from nbagent.measure.held_cases import KINDS, Case, World, draw_scene, drawn
from nbagent.measure.workbench import Workbench
from nbagent.pocket import sheet, verify
from nbagent.pocket import vocabulary as words
from nbagent.pocket.world import NUM_FRAMES, Frames, Scene, render
from nbagent.render.held_frames import SMOOTH
from tests import sheets
from tests.samples import make_noise, make_take

SCENE = Scene(actor="cat", place="meadow", motion="right")
REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(Workbench(tmp_path_factory.mktemp("held")))


def case(frames: Frames, **changes: Any) -> Case:
    held = Case(take=make_take(), held=(0,), scene=SCENE, truth=frames)
    return replace(held, **changes)


# Held frames


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_composed_as_a_turn_would_be(world: World, kind: str) -> None:
    made = drawn(world, kind, 0)
    operations = {"fill": "inpaint", "region": "inpaint", "extend": "extend"}
    operations |= {"blend": "blend", "blend-other": "blend"}
    assert made.take.operation == operations.get(kind, "animate")
    assert made.take.holds
    assert made.take.model == "pocket"  # no camera moves over it
    size = (made.take.height, made.take.width)
    assert size == (world.card.height, world.card.width)
    if made.truth is not None:
        assert made.truth.shape == (NUM_FRAMES, *size, 3)
    again = drawn(world, kind, 0)
    assert (again.scene, again.take.prompt) == (made.scene, made.take.prompt)


def test_held_scenes_are_unseen_and_move() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        scene = draw_scene(rng)
        assert scene.motion not in ("stay", "jump")
        assert (scene.camera, scene.second) == ("still", "")
        assert words.is_held_out(scene.actor, scene.motion, scene.place, scene.time)


def test_true_frames_do_not_pop_and_another_clip_does() -> None:
    true = render(SCENE, detail=2)
    assert held_eval.pop(case(true), true) < 1.1
    other = render(replace(SCENE, place="city"), detail=2)
    jumps = np.concatenate([true[:1], other[1:]])
    assert held_eval.pop(case(true), jumps) > 3
    assert held_eval.pop(case(true, held=(0, -1)), jumps) > 3
    late = np.concatenate([true[:-1], other[-1:]])
    assert held_eval.pop(case(true), late) < 1.1  # not where anything is held
    assert held_eval.pop(case(true, held=(0, -1)), late) > 3
    frozen = true[[0] + 15 * [1]]
    assert held_eval.pop(case(true), frozen) > 3  # it moves at the held end alone


def test_a_region_pops_where_its_edge_is_seen() -> None:
    true = render(SCENE, detail=2)
    left = (0.0, 0.0, 0.5, 1.0)
    of_left = case(true, held=(), region=left)
    assert held_eval.pop(of_left, true) < 1.5
    night = render(replace(SCENE, time="night"), detail=2)
    cut = np.concatenate([night[:, :, :64], true[:, :, 64:]], axis=2)
    assert held_eval.pop(of_left, cut) > 3
    top = case(true, held=(), region=(0.0, 0.0, 1.0, 0.5))
    assert held_eval.pop(top, np.concatenate([night[:, :64], true[:, 64:]], 1)) > 1.5


def test_what_is_kept_is_read_in_the_new_frames_alone() -> None:
    judge = verify.load_verifier()
    true = render(SCENE)
    assert held_eval.kept(judge, case(true), true) == dict.fromkeys(
        ("actor", "place", "time"), True
    )
    other = Scene(actor="red ball", place="sea", time="night", motion="right")
    lost = np.concatenate([true[:12], render(other)[12:]])
    kept = held_eval.kept(judge, case(true, held=tuple(range(12))), lost)
    assert not any(kept.values())
    # From one scene to another both must be there, each at its own end.
    both = np.concatenate([true[:8], render(other)[8:]])
    blend = case(true, held=(0, -1), other=other)
    assert all(held_eval.kept(judge, blend, both).values())
    assert not all(held_eval.kept(judge, blend, true).values())


def test_held_frames_are_reported_by_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "held.webp"
    options = ["--n", "1", "--kinds", "fill", "extend", "--painted"]
    assert held_eval.main([*options, "--json", "--sheet", str(path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["fill"]["true pop"] <= SMOOTH
    assert report["fill"]["best pop"] <= 2 * SMOOTH
    assert 0 <= report["fill"]["kept"] <= 1
    assert {"moves", "true kept"} & report["extend"].keys() == set()
    with Image.open(path) as picture:
        assert picture.width <= sheet.WIDTH


def test_a_vae_paints_what_is_held(world: World) -> None:
    crisp = world.frames(SCENE)
    painted = World(world.bench, is_painted=True).frames(SCENE)
    assert painted.shape == crisp.shape
    assert 0 < np.abs(painted.astype(float) - crisp).mean() < 15
    part = case(crisp, held=(), region=(0.0, 0.0, 0.5, 1.0))
    whole = held_eval._put_back(part, painted)
    half = crisp.shape[2] // 2
    assert (whole[:, :, half:] == crisp[:, :, half:]).all()
    assert (whole[:, :, :half] == painted[:, :, :half]).all()
    ends = held_eval._put_back(case(crisp, held=(0, -1)), painted)
    assert (ends[[0, -1]] == crisp[[0, -1]]).all()
    assert (ends[1:-1] == painted[1:-1]).all()


def test_no_clips_are_one_line() -> None:
    with pytest.raises(SpecError, match="use 1 or more"):
        held_eval.main(["--n", "0"])
    with pytest.raises(SpecError, match="use 1 or more"):
        actors_eval.main(["--n", "0"])
    with pytest.raises(SpecError, match="no actor 'zebra'"):
        actors_eval.main(["--actors", "zebra"])


# Actors


def test_actors_stand_where_training_never_showed_them() -> None:
    for actor in words.ACTORS:
        drawn = actors_eval.scenes(actor, 3)
        assert len(drawn) == 3
        for scene in drawn:
            assert words.is_held_out_pair(actor, scene.place)
            assert scene.place != f"plain {actor.split()[0]}"


def test_actors_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--n", "1", "--actors", "red ball", "cat"]
    assert actors_eval.main([*options, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["actors"].keys() == {"red ball", "cat"}
    row = report["actors"]["cat"]
    assert row["best of 3"] >= row["first"]
    assert row["verifier"] == 1.0


def test_an_actor_that_is_mistaken_is_named_below_the_table() -> None:
    seen = {
        actor: [actors_eval.Seen(first=actor, shown=actor, true=actor)]
        for actor in ("cat", "dog", "pig", "cow")
    }
    seen["cow"] = [actors_eval.Seen(first="pig", shown="cow", true="cow")]
    text = actors_eval._table(actors_eval._report(seen) | {"n": 1})
    head, line, *rows = text.splitlines()
    assert {row.count("|") for row in (head, line, *rows[:2])} == {10}
    assert rows[0] == "| cat | 1.00 | 1.00 | pig | 1.00 | 1.00 | | | |"
    assert "Below 0.9 of three: none." in text
    assert "cow (0.00: pig)" in text


# Takes


def test_takes_are_compared_with_fresh_ones(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes_bench, "TAKES", 2)
    assert bench.main(["takes", "--rounds", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["takes"] == 2
    assert figures["ratio of distance"] >= 1 / 3
    assert figures["refined"].keys() == figures["fresh"].keys()


def test_the_distance_of_a_clip_to_itself_is_nothing() -> None:
    one = render(SCENE)
    assert takes_bench.distance(one, one) == 0
    assert takes_bench.distance(np.zeros_like(one), np.full_like(one, 10)) == 10


# Pictures of the docs


def test_a_moving_sheet_shows_each_clip_under_its_words() -> None:
    clips = [render(SCENE), render(replace(SCENE, place="sea"))]
    made = sheet.moving_sheet(clips, ["one", "two\nlines"], columns=2, width=128)
    assert len(made) == NUM_FRAMES
    assert {picture.size for picture in made} == {(2 * 136, 128 + 2 * 14 + 6)}
    last = np.asarray(made[-1])
    shown = last[32:160, 4:132][::2, ::2]
    assert (shown == clips[0][-1]).all()


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.png"])
def test_a_picture_is_as_fine_as_there_is_room_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (noise,) = make_noise(1, 500, 700)
    smooth = np.repeat(noise[:, :1], 700, axis=1)
    sheet.save(Image.fromarray(smooth if name.endswith("png") else noise), path)
    assert path.stat().st_size <= sheet.MAX_BYTES
    with Image.open(path) as picture:
        assert picture.size == (700, 500)


def test_a_picture_without_room_is_one_line(tmp_path: Path) -> None:
    pictures = [Image.fromarray(frame) for frame in make_noise(3, 100, 160)]
    with pytest.raises(SpecError, match="4 is the most"):
        sheet.save(pictures[0], tmp_path / "a.png", max_bytes=4000)
    with pytest.raises(SpecError, match="show fewer clips"):
        sheet.save(pictures, tmp_path / "a.webp", max_bytes=4000)


def test_a_sheet_that_cannot_be_written_is_refused_before_a_clip_is_made(
    tmp_path: Path,
) -> None:
    with pytest.raises(SpecError, match=r"use a name ending in \.jpg, \.png, \.webp"):
        held_eval.main(["--sheet", str(tmp_path / "held.bmp")])
    with pytest.raises(SpecError, match="make it first"):
        held_eval.main(["--sheet", str(tmp_path / "none/held.webp")])


def test_a_chain_is_there_to_be_shown(tmp_path: Path) -> None:
    made = chain_bench.refinements(Workbench(tmp_path), 0)
    first, second = next(made), next(made)
    assert (first.factor, first.take.operation) == ("", "generate")
    assert second.said
    assert second.frames.shape == first.frames.shape
    assert second.take.parents == (first.take.id,)


def test_pictures_are_set_in_motion_without_a_model(tmp_path: Path) -> None:
    bench, values = Workbench(tmp_path), {"logo": sheets.logo()}
    frames = sheets._framed(sheets._moved(bench, "parallax", values, None))
    assert frames.shape == (5, *sheets._STRIP, 3)
    assert (frames[0] != frames[-1]).any()
    assert sheets.landscape().size == (640, 400)


def test_words_of_a_caption_go_on_in_a_second_line() -> None:
    assert sheets._in_two_lines("short") == "short"
    assert sheets._in_two_lines("one two three", 8) == "one two\nthree"


def test_the_docs_show_what_the_script_draws() -> None:
    documents = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    text = "\n".join(path.read_text("utf-8") for path in documents)
    for place, _ in sheets.SHEETS.values():
        assert f"({place})" in text or f"(docs/{place})" in text


def test_an_unknown_sheet_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sheets.main(["zebra"])
    assert "there is no sheet 'zebra': use verbs, chain" in capsys.readouterr().err


def test_a_notebooks_tries_are_a_benchs(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    plan = Plan(intent="generate_video", prompt="a cat in the meadow")
    (take,) = bench.composed(plan, seed=3, steps=2).takes
    wrong = replace(take, shot={"scene": {"actor": "red ball"}})
    shown, frames = bench.shown(wrong, step=4)
    assert shown.seed in (3, 7, 11)
    assert len(frames) == NUM_FRAMES
    assert bench.shown(replace(take, shot={}), 1)[0].seed == 3
