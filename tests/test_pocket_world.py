"""The world pocket is trained on: deterministic, factored, said in taught words."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nbagent.pocket import phrases
from nbagent.pocket import vocabulary as words
from nbagent.pocket.captions import caption, draw_any_scene, draw_scene
from nbagent.pocket.scenery import RGB
from nbagent.pocket.world import Scene, poses, render, render_with_mask

SCENE = Scene(
    actor="red ball", place="beach", time="day", motion="left", pace="fast", seed=3
)


def test_render_has_the_documented_shape_and_repeats() -> None:
    clip = render(SCENE)
    assert clip.shape == (16, 64, 64, 3)
    assert clip.dtype == np.uint8
    assert (clip == render(SCENE)).all()
    assert (clip != render(replace(SCENE, seed=4))).any()


def test_a_part_of_a_clip_is_that_part() -> None:
    assert (render(SCENE, 4, start=6) == render(SCENE)[6:10]).all()


def test_more_detail_is_the_same_picture() -> None:
    for camera in ("still", "pan"):
        scene = replace(SCENE, place="beach", camera=camera, second="cat")
        fine = render(scene, detail=4)
        assert fine.shape == (16, 256, 256, 3)
        coarse = fine.reshape(16, 64, 4, 64, 4, 3).mean((2, 4))
        assert np.abs(coarse - render(scene)).mean() < 1


def test_changing_the_actor_changes_only_its_pixels() -> None:
    one, mask_one = render_with_mask(SCENE)
    two, mask_two = render_with_mask(replace(SCENE, actor="panda"))
    # The mask starts at a quarter of opacity; the pixels around it are the soft edge.
    touched = mask_one | mask_two
    for axis in (1, 2, 1, 2, 1, 2):
        touched = touched | np.roll(touched, 1, axis) | np.roll(touched, -1, axis)
    assert (one != two).any()
    assert (one == two)[~touched].all()


@pytest.mark.parametrize("change", [{"place": "snow"}, {"time": "night"}])
def test_changing_the_background_moves_nothing(change: dict[str, str]) -> None:
    other = replace(SCENE, **change)  # type: ignore[arg-type]  # values are checked
    assert poses(other) == poses(SCENE)
    (one, mask), (two, other_mask) = render_with_mask(SCENE), render_with_mask(other)
    assert (mask == other_mask).all()
    assert (one[~mask] != two[~mask]).any()
    red = np.array(RGB["red"], np.int16)
    core = mask & (np.abs(one.astype(np.int16) - red).max(-1) < 2)
    assert core.any()
    assert (one[core] == two[core]).all()


@pytest.mark.parametrize(
    ("motion", "axis", "sign"),
    [("left", 1, -1), ("right", 1, 1), ("rise", 0, -1), ("fall", 0, 1)],
)
def test_motion_goes_its_way_and_pace_sets_how_far(
    motion: words.Motion, axis: int, sign: int
) -> None:
    reach = []
    for pace in words.PACES:
        path = np.array(poses(replace(SCENE, motion=motion, pace=pace)))
        reach.append(sign * (path[-1] - path[0])[axis])
        assert path[-1][1 - axis] == path[0][1 - axis]
    assert 0 < reach[0] < reach[1] < reach[2]


def test_values_outside_the_world_are_refused() -> None:
    with pytest.raises(ValueError, match="no 'green horse'"):
        Scene(actor="green horse", place="sea")
    with pytest.raises(ValueError, match="no time of day"):
        Scene(actor="cat", place="space", time="night")
    with pytest.raises(ValueError, match="no pace"):
        Scene(actor="cat", place="sea", pace="fast")
    with pytest.raises(ValueError, match="cannot be seen"):
        Scene(actor="cat", place="plain red", camera="pan")


def count_peaks(heights: np.ndarray) -> int:
    """Count the highest points of a path; y grows downwards."""
    turns = np.sign(np.diff(heights))
    turns = turns[turns != 0]
    return int(((turns[:-1] < 0) & (turns[1:] > 0)).sum())


@pytest.mark.parametrize("pace", words.PACES)
def test_the_other_motions_do_what_they_say(pace: words.Pace) -> None:
    def path(motion: words.Motion) -> np.ndarray:
        return np.array(poses(replace(SCENE, motion=motion, pace=pace)))

    y, x, scale, turn = range(4)
    grow, shrink, spin = path("grow"), path("shrink"), path("spin")
    assert (np.diff(grow[:, scale]) > 0).all()
    assert grow[::-1, scale] == pytest.approx(shrink[:, scale])
    assert spin[1, turn] > 0
    assert (spin[:, :turn] == spin[0, :turn]).all()
    jump, bounce = path("jump")[:, y], path("bounce")[:, y]
    assert count_peaks(jump) == 1
    assert count_peaks(bounce) > 1
    circle, shake = path("circle"), path("shake")
    centre = (circle[:, y].max() + circle[:, y].min()) / 2
    assert np.ptp(circle[:, x]) > 10
    assert centre == pytest.approx(spin[0, y], abs=1)
    assert (shake[:, y] == shake[0, y]).all()
    assert 6 < np.ptp(shake[:, x]) < 9


def test_a_camera_moves_the_picture_and_not_the_actor() -> None:
    still = replace(SCENE, motion="stay", pace="normal")
    (one, mask), (two, other) = (
        render_with_mask(scene) for scene in (still, replace(still, camera="pan"))
    )
    assert (mask == other).all()
    assert (one[0] == two[0]).all()
    assert (one[-1][~mask[-1]] != two[-1][~mask[-1]]).mean() > 0.1
    zoomed = render_with_mask(replace(still, camera="zoom in"))[1]
    assert 1.7 < zoomed[-1].sum() / zoomed[0].sum() < 2.2  # 1.4 squared


def test_a_companion_stands_aside_and_changes_nothing_else() -> None:
    one, mask_one = render_with_mask(SCENE)
    two, mask_two = render_with_mask(replace(SCENE, second="dog"))
    assert mask_two.sum() > mask_one.sum()
    touched = mask_two
    for axis in (1, 2, 1, 2):
        touched = touched | np.roll(touched, 1, axis) | np.roll(touched, -1, axis)
    assert (one == two)[~touched].all()


def test_every_place_and_actor_renders() -> None:
    for place in words.PLACES:
        for time in words.TIMES if words.has_time(place) else ("day",):
            assert render(Scene(actor="cat", place=place, time=time), 1).std() > 5
    looks = {render(Scene(actor=a, place="sea"), 1).tobytes() for a in words.ACTORS}
    assert len(looks) == len(words.ACTORS) == 81


def test_captions_say_only_taught_words_and_name_their_actor() -> None:
    rng = np.random.default_rng(0)
    known = phrases.KNOWN_WORDS.union(phrases.LATER_WORDS)
    for _ in range(1500):
        scene = draw_any_scene(rng)
        said = caption(scene, rng)
        assert {*re.findall(r"[a-z]+", said)} <= known, said
        names = phrases.ACTOR_WORDS[scene.actor.rpartition(" ")[2]]
        assert any(name in said for name in names)
        if scene.time == "night":
            assert any(t in said for t in phrases.TIME_PHRASES["night"])
        if scene.place in words.PLAIN:
            colour = scene.place.removeprefix("plain ")
            assert any(c in said for c in phrases.COLOUR_WORDS[colour])


def test_captions_include_the_form_the_conversation_renders() -> None:
    rng = np.random.default_rng(1)
    scene = replace(SCENE, time="night", pace="slow")
    said = {caption(scene, rng) for _ in range(20_000)}
    assert len(said) > 500
    assert "a red ball moving left on the beach, at night, slowly" in said


def test_training_never_draws_what_is_held_out() -> None:
    rng = np.random.default_rng(2)
    seen = set()
    for _ in range(4000):
        s = draw_scene(rng)
        assert not words.is_held_out(s.actor, s.motion, s.place, s.time)
        seen.add((s.actor, s.place))
    assert not any(words.is_held_out_pair(a, p) for a, p in seen)
    assert {a for a, _ in seen} == set(words.ACTORS)
    assert {p for _, p in seen} == set(words.PLACES)


def test_the_list_of_held_out_pairs_is_the_rule() -> None:
    path = Path(__file__).parent.parent / "docs" / "pocket" / "held-out-pairs.txt"
    listed = {
        (actor, place)
        for place, _, actors in (
            line.partition(": ") for line in path.read_text().splitlines()[2:]
        )
        for actor in actors.split(", ")
    }
    assert listed == {
        (a, p)
        for a in words.ACTORS
        for p in words.PLACES
        if words.is_held_out_pair(a, p)
    }


def test_held_out_shares_are_as_documented() -> None:
    pairs = [words.is_held_out_pair(a, p) for a in words.ACTORS for p in words.PLACES]
    assert np.mean(pairs) == pytest.approx(1 / 13, abs=0.01)


def test_the_vocabulary_needs_neither_numpy_nor_torch() -> None:
    code = (
        "import sys, nbagent.pocket.taught, nbagent.pocket.vocabulary;"
        "sys.exit(bool({'numpy', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_taught_word_needs_punctuation() -> None:
    assert all(re.fullmatch(r"[a-z]+", word) for word in phrases.KNOWN_WORDS)
