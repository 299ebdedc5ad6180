"""Pictures that move: every frame is of the picture, exact, even, and the same again."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nbagent.charts.flight import Framing, flight
from nbagent.charts.pace import check_picture, pace
from nbagent.charts.virtual_camera import VirtualCamera
from nbagent.errors import SpecError
from nbagent.language.cameras import read
from nbagent.take import Hold, Take
from nbagent.take.move import Move

HIGH, WIDE = 240, 400
PICTURE, FRAME = (HIGH, WIDE), (HIGH, WIDE)
MOVES = (
    Move(zoom=1.4),
    Move(zoom=0.6),
    Move(zoom=2, focus=(0.9, 0.1)),
    Move(zoom=0.5, focus=(0.0, 1.0)),
    Move(zoom=1.5, pan=-0.16),
    Move(zoom=0.7, pan=0.15, tilt=-0.15),
    Move(pan=0.3),
    Move(tilt=-0.25),
    Move(pan=-0.2, tilt=0.2),
    Move(roll=12),
    Move(roll=-360),
    Move(zoom=1.5, roll=20),
    Move(path=(0.0, 0.0, 1.0, 0.5, 0.2, 1.0)),
    Move(path=(0.2, 0.5, 0.8, 0.5), zoom=1.6, roll=5),
)


def name(move: Move) -> str:
    return move.says()


def photo() -> NDArray[np.uint8]:
    """A picture with no two parts alike, that a small shift changes little."""
    noise = np.random.default_rng(3).integers(0, 256, (25, 41, 3), np.uint8)
    smooth = Image.fromarray(noise).resize((WIDE, HIGH), Image.Resampling.BICUBIC)
    return np.asarray(smooth)


def drawn(
    move: Move, *pictures: NDArray[np.uint8], frames: int = 24, **size: int
) -> Any:
    camera = VirtualCamera(
        move,
        pictures or [photo()],
        num_frames=frames,
        fps=24,
        height=size.get("height", HIGH),
        width=size.get("width", WIDE),
    )
    return np.stack([camera.frame(at) for at in range(frames)])


def off(one: Any, other: Any) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


# Geometry


@pytest.mark.parametrize("move", MOVES, ids=name)
@pytest.mark.parametrize("frame", [FRAME, (400, 240), (300, 300), (120, 400)])
def test_no_corner_of_a_view_leaves_the_picture(
    move: Move, frame: tuple[int, int]
) -> None:
    way = flight(move, PICTURE, frame)
    for at in range(101):
        view = way.at(at / 100)
        angle = np.radians(view.degrees)
        c, s = abs(np.cos(angle)), abs(np.sin(angle))
        half = (view.width * c + view.height * s) / 2
        tall = (view.width * s + view.height * c) / 2
        assert half - 0.05 <= view.x <= WIDE - half + 0.05
        assert tall - 0.05 <= view.y <= HIGH - tall + 0.05


def test_a_pull_out_ends_at_the_whole_picture_and_a_push_starts_there() -> None:
    whole = (0.0, 0.0, float(WIDE), float(HIGH))
    for move in (Move(zoom=0.6), Move(zoom=0.6, pan=0.2), Move(zoom=0.5, focus=(0, 1))):
        assert flight(move, PICTURE, FRAME).at(1).box == pytest.approx(whole)
    assert flight(Move(zoom=1.4), PICTURE, FRAME).at(0).box == pytest.approx(whole)


def test_a_pan_goes_as_far_and_where_it_says() -> None:
    way = flight(Move(pan=-0.25), PICTURE, FRAME)
    assert way.at(0).x - way.at(1).x == pytest.approx(0.25 * WIDE)
    assert way.at(1).box[0] == pytest.approx(0)
    up = flight(Move(tilt=-0.25), PICTURE, FRAME)
    assert up.at(0).y - up.at(1).y == pytest.approx(0.25 * HIGH)
    wide = flight(Move(pan=0.6), PICTURE, (240, 160))  # a tall frame has the room
    assert wide.at(0).height == HIGH
    assert wide.at(1).x - wide.at(0).x == pytest.approx(0.6 * WIDE)


def test_a_zoom_grows_by_the_same_factor_and_keeps_what_it_is_aimed_at() -> None:
    way = flight(Move(zoom=2, focus=(0.7, 0.4)), PICTURE, FRAME)
    widths = [way.at(at / 10).width for at in range(11)]
    assert np.ptp([b / a for a, b in pairwise(widths)]) < 1e-12
    assert (way.at(1).x, way.at(1).y) == pytest.approx((0.7 * WIDE, 0.4 * HIGH))
    lefts = [way.at(at / 10).box[0] for at in range(11)]
    assert all(a <= b for a, b in pairwise(lefts))


def test_a_path_is_followed_at_an_even_pace() -> None:
    way = flight(Move(path=(0.3, 0.3, 0.7, 0.3, 0.7, 0.7)), PICTURE, FRAME)
    places = np.array([way.at(at / 50)[:2] for at in range(51)])
    assert places[0] == pytest.approx((0.3 * WIDE, 0.3 * HIGH))
    assert places[-1] == pytest.approx((0.7 * WIDE, 0.7 * HIGH))
    steps = np.hypot(*np.diff(places, axis=0).T)
    assert steps.max() <= 1.001 * np.median(steps)
    assert steps.min() >= 0.85 * np.median(steps)  # a chord of a corner is shorter


# Frames


@pytest.mark.parametrize("move", MOVES[:9], ids=name)
def test_the_first_and_the_last_frame_are_their_crops(move: Move) -> None:
    way, frames = flight(move, PICTURE, FRAME), drawn(move)
    for view, frame in ((way.at(0), frames[0]), (way.at(1), frames[-1])):
        crop = Image.fromarray(photo()).resize(
            (WIDE, HIGH), Image.Resampling.BICUBIC, box=view.box
        )
        assert off(np.asarray(crop), frame) < 0.5


def test_a_turn_by_a_quarter_is_the_picture_on_its_side() -> None:
    square = photo()[:, :HIGH]
    frames = drawn(
        Move(roll=90, ease="linear"), square, frames=11, height=HIGH, width=HIGH
    )
    view = flight(Move(roll=90), (HIGH, HIGH), (HIGH, HIGH)).at(1)
    crop = Image.fromarray(np.rot90(square, -1).copy()).resize(
        (HIGH, HIGH), Image.Resampling.BICUBIC, box=view.box
    )
    assert off(np.asarray(crop), frames[-1]) < 1.5


@pytest.mark.parametrize("move", MOVES, ids=name)
def test_nothing_but_the_picture_is_seen(move: Move) -> None:
    plain = np.full((HIGH, WIDE, 3), (200, 90, 30), np.uint8)
    frames = drawn(move, plain, frames=13)
    assert (frames == (200, 90, 30)).all()


@pytest.mark.parametrize(
    "move", [Move(pan=0.06), Move(zoom=1.05), Move(roll=3)], ids=name
)
def test_a_slow_move_is_even_between_pixels(move: Move) -> None:
    """A move of a fraction of a pixel a frame neither jitters nor stands."""
    frames = drawn(replace(move, ease="linear"), frames=48).astype(float)
    steps = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    assert steps.min() > 0.7 * steps.mean()
    assert steps.max() < 1.3 * steps.mean()


def test_a_pan_is_measured_in_fractions_of_a_pixel() -> None:
    """Of a ramp, each frame is lighter by what a view has moved."""
    ramp = np.repeat(np.arange(WIDE) * (255 / WIDE), 3).reshape(1, WIDE, 3)
    ramp = np.repeat(ramp, HIGH, axis=0).round().astype(np.uint8)
    frames = drawn(Move(pan=0.1, ease="linear"), ramp, frames=33)
    light = frames[:, 20:-20, 20:-20].mean(axis=(1, 2, 3))
    steps = np.diff(light)
    assert np.ptp(steps) < 0.1 * steps.mean()
    assert light[-1] - light[0] == pytest.approx(0.1 * 255, rel=0.02)


def test_easing_starts_and_stops_softly() -> None:
    steps = {}
    for ease in ("linear", "in", "out", "in-out"):
        frames = drawn(Move(pan=0.2, ease=ease), frames=25).astype(float)
        moved = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
        steps[ease] = moved[[0, 12, -1]] / moved.mean()
    assert steps["in"][0] < 0.5 < steps["in"][2]
    assert steps["out"][2] < 0.5 < steps["out"][0]
    assert steps["in-out"][[0, 2]].max() < 0.5
    assert steps["linear"].min() > 0.7


def test_what_is_held_stands() -> None:
    move = Move(pan=0.2, start_hold_s=0.25, end_hold_s=0.5)
    frames = drawn(move, frames=36)
    assert (frames[:6] == frames[0]).all()
    assert (frames[-13:] == frames[-1]).all()
    assert (frames[7] != frames[6]).any()
    assert off(frames[-1], drawn(Move(pan=0.2), frames=18)[-1]) == 0


def test_frames_are_the_same_again() -> None:
    for move in (Move(zoom=1.3, pan=0.1), Move(roll=9)):
        assert (drawn(move, frames=5) == drawn(move, frames=5)).all()


def test_a_larger_picture_is_averaged_and_does_not_flicker() -> None:
    stripes = np.zeros((960, 1600, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than a frame can show: grey
    for move in (Move(zoom=1.3), Move(roll=6)):
        frames = drawn(move, stripes, frames=9).astype(float)
        assert abs(frames.mean() - 127.5) < 4
        assert np.abs(np.diff(frames.mean(axis=(1, 2, 3)))).max() < 2


# Layers


def logo() -> NDArray[np.uint8]:
    made = np.zeros((HIGH, WIDE, 4), np.uint8)
    made[..., :3] = (0, 255, 0)  # hidden: never to be seen
    made[80:160, 150:250] = (220, 40, 40, 255)
    return made


def edge(frame: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    """Return where the cut-out begins, as a mean column."""
    near = np.abs(frame[120].astype(int) - colour).sum(-1) < 60
    return float(np.flatnonzero(near)[0])


def test_a_cut_out_moves_before_its_backdrop() -> None:
    move = Move(pan=0.2, parallax=1, backdrop="#2040c0")
    frames = drawn(move, logo())
    assert edge(frames[0], (220, 40, 40)) - edge(frames[-1], (220, 40, 40)) > 70
    behind = (frames[:, :40] == (0x20, 0x40, 0xC0)).all(axis=-1)
    assert behind.all()
    assert not ((frames[..., 1] > 150) & (frames[..., 0] < 150)).any()  # nothing hidden


def test_a_backdrop_of_own_colours_is_told_apart_and_moves_less() -> None:
    two = logo()
    two[:, 200:, :3] = (40, 40, 220)  # half of it is blue
    frames = drawn(Move(pan=0.2, parallax=0.5), two).astype(float)
    inside, outside = frames[0][120, 200], frames[0][20, 20]
    assert np.abs(inside - outside).sum() > 150
    assert outside[0] >= outside[1]  # a tint of its red, not of the hidden green
    still = drawn(Move(pan=0.2, parallax=1), two).astype(float)
    assert off(still[0][:30], still[-1][:30]) < off(frames[0][:30], frames[-1][:30])


def shape(*colours: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A cut-out as large as its square picture, in bands of colours."""
    made = np.zeros((HIGH, HIGH, 4), np.uint8)
    bands = np.array_split(np.arange(20, HIGH - 20), len(colours))
    for rows, colour in zip(bands, colours, strict=True):
        made[rows[0] : rows[-1] + 1, 20 : HIGH - 20] = (*colour, 255)
    return made


@pytest.mark.parametrize(
    "colours",
    [
        [(240, 140, 30)],
        [(0, 128, 128)],
        [(255, 255, 255), (235, 235, 245)],
        [(10, 10, 10), (30, 30, 60)],
        [(140, 140, 140)],
        [(60, 120, 220), (255, 220, 60)],
        [(255, 255, 255), (0, 0, 0)],
    ],
)
@pytest.mark.parametrize("roll", [8, 90, -360])
def test_a_cut_out_that_turns_is_seen_whole_and_stands_apart(
    colours: list[tuple[int, int, int]], roll: float
) -> None:
    frames = drawn(
        Move(roll=roll, parallax=0.5), shape(*colours), height=HIGH, width=HIGH
    ).astype(float)
    sides = (frames[:, :2], frames[:, -2:], frames[:, :, :2], frames[:, :, -2:])
    rim = np.concatenate([side.reshape(-1, 3) for side in sides])
    assert np.ptp(rim, axis=0).max() < 40  # calm, and no part is cut off
    ground = rim.mean()
    for colour in colours:
        light = np.dot(colour, (0.2126, 0.7152, 0.0722))
        assert abs(light - ground) > 60, (colour, ground)
    # Its edge is between what is on both sides: no rim is drawn around it.
    low, high = min(ground, np.min(colours)), max(rim.max(), np.max(colours))
    assert frames.max() <= high + 1
    assert frames.min() >= min(low, rim.min()) - 1


def test_an_edge_has_no_rim() -> None:
    frames = drawn(Move(roll=30), shape((235, 235, 245)), height=HIGH, width=HIGH)
    assert frames[..., 0].max() <= 236
    frames = drawn(Move(zoom=1.4), shape((235, 235, 245)), height=HIGH, width=HIGH)
    assert frames[..., 0].max() <= 236


# Two pictures


def test_pictures_dissolve_and_nothing_third_is_shown() -> None:
    red = np.full((HIGH, WIDE, 3), (240, 0, 0), np.uint8)
    blue = np.full((300, 300, 3), (0, 0, 240), np.uint8)
    frames = drawn(Move(zoom=1.2, dissolve_s=0.5), red, blue, frames=48).astype(int)
    assert (frames[0] == (240, 0, 0)).all()
    assert (frames[-1] == (0, 0, 240)).all()
    assert np.abs(frames.sum(axis=-1) - 240).max() <= 1
    share = frames[:, 0, 0, 2]
    assert (np.diff(share) >= 0).all()
    assert np.count_nonzero((share > 0) & (share < 240)) == 12


@pytest.mark.parametrize("pictures", [1, 2, 3, 5])
def test_of_each_frame_all_is_shown_and_no_more(pictures: int) -> None:
    timed = pace(Move(dissolve_s=0.4), 97, 24, pictures)
    for at in range(97):
        shown = timed.shown(at, pictures)
        assert sum(share for *_, share in shown) == pytest.approx(1)
        assert all(0 <= way <= 1 for _, way, _ in shown)
    assert [timed.shown(at, pictures)[0][0] for at in (0, 96)] == [0, pictures - 1]


# Values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"zoom": 0}, "a zoom of 0 is out of range: use 0.125 to 8"),
        ({"zoom": 99}, "a zoom of 99 is out of range"),
        ({"pan": 1.5}, "a pan of 1.5 is out of range"),
        ({"path": (0.5, 0.5)}, "a path of one point leads nowhere"),
        ({"path": (0.1, 0.1, 0.5)}, "a path of 1.5 points leads nowhere"),
        ({"path": (0.1, 0.1, 1.5, 0)}, "1.5 is outside the picture"),
        ({"path": (0, 0, 1, 1), "pan": 0.2}, "a path already says where the view goes"),
        ({"focus": (0.2, 0.2)}, "use it with a zoom"),
        ({"focus": (0.2,), "zoom": 2}, "is not a point"),
        ({"ease": "bouncy"}, "ease cannot be 'bouncy': use linear"),
        ({"end_hold_s": -1}, "end_hold_s of -1 is out of range"),
        ({"backdrop": "red"}, "use one like #102030"),
    ],
)
def test_what_is_no_move_is_one_line(values: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        Move(**values)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_drawn_is_one_line() -> None:
    with pytest.raises(SpecError, match=r"is 1x1, .* use 8x8 pixels or more"):
        check_picture(1, 1)
    with pytest.raises(SpecError, match="20000x20000, 400 million pixels: scale it"):
        check_picture(20_000, 20_000)
    with pytest.raises(SpecError, match="fully transparent"):
        drawn(Move(zoom=1.2), np.zeros((40, 40, 4), np.uint8))
    with pytest.raises(SpecError, match=r"0.0417 s at 24 fps is too short for a move"):
        drawn(Move(zoom=1.2), frames=1)
    with pytest.raises(SpecError, match="with 2 s of it standing still is too short"):
        drawn(Move(zoom=1.2, end_hold_s=2), frames=48)
    with pytest.raises(SpecError, match=r"does not fit with a zoom of 1.1: use up to"):
        flight(Move(zoom=1.1, pan=0.3), PICTURE, FRAME)


@pytest.mark.parametrize("move", [*MOVES, Move(), Move(parallax=0.3, ease="out")])
def test_a_recipe_has_the_move(move: Move) -> None:
    take = Take(
        operation="camera",
        model="",
        model_revision="",
        prompt=move.says(),
        shot={"core": ""},
        seed=0,
        num_frames=48,
        height=HIGH,
        width=WIDE,
        fps=24.0,
        num_inference_steps=1,
        guidance_scale=0.0,
        holds=(Hold(source="b2:1.png"),),
        move=move,
    )
    again = Take.from_recipe(take.to_recipe())
    assert again == take
    assert again.id == take.id != replace(take, move=Move(zoom=3)).id
    damaged = take.to_recipe() | {"move": {"zoom": "2"}}
    with pytest.raises(SpecError, match="damaged"):
        Take.from_recipe(damaged)
    with pytest.raises(SpecError, match="a camera needs a move"):
        replace(take, move=None)
    with pytest.raises(SpecError, match="camera needs a picture"):
        replace(take, holds=())


def test_a_view_has_a_box() -> None:
    assert Framing(50, 40, 20, 10).box == (40, 35, 60, 45)


# Words


@pytest.mark.parametrize(
    ("text", "moves", "more"),
    [
        ("push in slowly", ("push in",), {"degree": "slight"}),
        ("push in on @photo and pan left", ("push in", "pan"), {"ways": ("left",)}),
        ("zoom out", ("pull out",), {}),
        ("zoom in 2x", ("push in",), {"times": 2.0}),
        ("rotate by 10 degrees clockwise", ("roll",), {"degrees": 10.0}),
        (
            "hold the last frame for a second",
            ("hold",),
            {"end": "last", "seconds": 1.0},
        ),
        ("tilt up, ease in and out", ("tilt",), {"ways": ("up",), "ease": "in-out"}),
        ("push in further", ("push in",), {"degree": "more"}),
        ("no pan", ("pan",), {"degree": "none"}),
        ("to the left", (), {"ways": ("left",)}),
        ("langsam heranzoomen", ("push in",), {"degree": "slight"}),
        ("Schwenk nach links", ("pan",), {"ways": ("left",)}),
        ("zoom arrière lent", ("pull out",), {"degree": "slight"}),
        ("panoramique vers la droite", ("pan",), {"ways": ("right",)}),
        ("acercamiento lento", ("push in",), {"degree": "slight"}),
        ("paneo a la izquierda", ("pan",), {"ways": ("left",)}),
        ("panoramica verso destra", ("pan",), {"ways": ("right",)}),
        ("zoom indietro", ("pull out",), {}),
        ("aproximar devagar", ("push in",), {"degree": "slight"}),
        ("panorâmica para a direita", ("pan",), {"ways": ("right",)}),
        ("ゆっくりズームイン", ("push in",), {"degree": "slight"}),
        ("カメラを左にパン", ("pan",), {"ways": ("left",)}),
        ("천천히 줌인", ("push in",), {"degree": "slight"}),
        ("왼쪽으로 패닝", ("pan",), {"ways": ("left",)}),
        ("镜头慢慢推近", ("push in",), {"degree": "slight"}),
        ("镜头向右平移", ("pan",), {"ways": ("right",)}),
    ],
)
def test_words_of_a_camera(text: str, moves: Any, more: dict[str, Any]) -> None:
    words = read(text)
    assert words.moves == moves
    assert {key: getattr(words, key) for key in more} == more
    assert words.is_all


@pytest.mark.parametrize(
    "text", ["waves roll in", "the cat turns around", "a dog runs", "from above", ""]
)
def test_what_a_picture_does_is_no_move_of_a_camera(text: str) -> None:
    words = read(text)
    assert not words.is_all
    assert not words.is_sure
