"""Cropping and resizing: what words ask for, and what becomes of the frames."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nbagent.conversation.canvas import read_canvas
from nbagent.conversation.compose import compose
from nbagent.conversation.plan import Edit, Plan
from nbagent.conversation.router import route
from nbagent.conversation.sources import Sources
from nbagent.conversation.state import ClipInfo, State
from nbagent.errors import SpecError
from nbagent.media import apply_effects
from nbagent.models import model_card
from nbagent.take import Effect, Take
from tests.played import PLAYED
from tests.samples import make_frames

STATE = State(clips=(ClipInfo(ref="c1", caption="a red ball"), ClipInfo(ref="c2")))


@pytest.mark.parametrize(
    ("words", "args"),
    [
        ("crop it to the left half", {"box": (0.0, 0.0, 0.5, 1.0)}),
        ("crop to the top right corner", {"box": (0.5, 0.0, 1.0, 0.5)}),
        ("crop off the right half", {"box": (0.0, 0.0, 0.5, 1.0)}),
        ("crop away the top half", {"box": (0.0, 0.5, 1.0, 1.0)}),
        ("crop c1 to a square", {"ratio": 1.0}),
        ("crop it to 16:9", {"ratio": 16 / 9}),
        ("resize it to 320x240", {"height": 240, "width": 320}),
        ("resize c1 to 128 pixels wide", {"width": 128}),
        ("make it twice as large", {"scale": 2.0}),
        ("make it half the size", {"scale": 0.5}),
        ("scale it down 4x", {"scale": 0.25}),
        ("upscale it 3 times", {"scale": 3.0}),
        ("upscale c1 to 1080p", {"height": 1080}),
        ("in higher resolution", {"scale": 2.0}),
        ("enlarge it", {"scale": 2.0}),
        ("scale it to 50%", {"scale": 0.5}),
        # Not about the frame of a clip that is there:
        ("a farmer brings in the crop", {}),
        ("make it bigger than the house", {}),
        ("make the ball twice as big", {}),
        ("make it 832x480", {}),
        ("scale the mountain", {}),
        ("crop it", {}),
    ],
)
def test_words_about_the_frame(words: str, args: dict[str, Any]) -> None:
    assert read_canvas(words) == args


def test_only_an_upscaling_asks_the_model_for_detail() -> None:
    for turn, name in (
        ("upscale it", "upscale"),
        ("make it higher resolution", "upscale"),
        ("make it twice as large", "canvas"),
    ):
        plan = route(turn, STATE)
        assert [edit.args for edit in plan.edits] == [{name: {"scale": 2.0}}], turn


def test_a_turn_about_the_frame_is_no_part_to_make_anew() -> None:
    plan = route("crop c1 to the left half", STATE)
    assert (plan.intent, plan.target) == ("refine", "c1")
    assert [edit.args for edit in plan.edits] == [{"canvas": {"box": (0, 0, 0.5, 1)}}]
    assert plan.region is None
    assert route("resize it to 128x128", STATE).target == "c2"
    both = route("crop it to a square, then loop it", STATE)
    assert [edit.kind for edit in both.edits] == ["aspect", "loop"]
    card = model_card("pocket")
    ball = compose(
        Plan(intent="generate_video", prompt="a red ball"),
        request="w",
        options={},
        card=card,
        sources=Sources(),
    ).takes[0]
    (take,) = compose(
        both, request="w", options={}, card=card, sources=Sources(parent=ball)
    ).takes
    assert take.effects == (Effect(kind="crop", ratio=1.0), Effect(kind="loop"))
    assert route("crop it to the left half", State()).intent != "refine"


def test_it_needs_no_diffusion_and_stays_with_the_shot() -> None:
    card = model_card("pocket")

    def made(plan: Plan, sources: Sources) -> Take:
        made = compose(plan, request="w", options={}, card=card, sources=sources)
        return made.takes[0]

    ball = made(Plan(intent="generate_video", prompt="a red ball"), Sources())
    args = {"canvas": {"box": (0.0, 0.0, 0.5, 1.0)}}
    crop = Plan(intent="refine", edits=(Edit(kind="aspect", text="", args=args),))
    left = made(crop, Sources(parent=ball, clip=PLAYED))
    effect = Effect(kind="crop", box=(0.0, 0.0, 0.5, 1.0))
    assert (left.operation, left.effects) == ("derive", (effect,))
    # As it comes back from the record, where tuples are lists.
    left = Take.from_recipe(json.loads(json.dumps(left.to_recipe())))
    night = Edit(kind="change_background", text="", args={"time": "at night"})
    dark = made(Plan(intent="refine", edits=(night,)), Sources(parent=left))
    assert (dark.operation, dark.effects) == ("remix", (effect,))
    longer = Edit(kind="extend", text="", args={"end": "end", "seconds": 2.0})
    half = replace(PLAYED, width=64)
    with pytest.raises(
        SpecError, match="64x128 was cropped or resized: extend the one"
    ):
        made(
            Plan(intent="refine", edits=(longer,)),
            Sources(parent=replace(left, media="video"), clip=half),
        )


@pytest.mark.parametrize(
    ("effect", "size"),
    [
        (Effect(kind="crop", box=(0.5, 0.0, 1.0, 1.0)), (48, 32)),
        (Effect(kind="crop", ratio=1.0), (48, 48)),
        (Effect(kind="crop", ratio=16 / 9), (36, 64)),
        (Effect(kind="crop", box=(0.0, 0.0, 0.001, 0.3)), (14, 2)),
        (Effect(kind="resize", scale=0.5), (24, 32)),
        (Effect(kind="resize", width=33), (24, 32)),
        (Effect(kind="resize", height=100, width=20), (100, 20)),
    ],
)
def test_sizes_come_out_even(effect: Effect, size: tuple[int, int]) -> None:
    frames = make_frames(4, height=48, width=64)
    after, fps = apply_effects(frames, 8.0, [effect])
    assert after.shape == (4, *size, 3)
    assert after.dtype == np.uint8
    assert fps == 8.0


def test_a_crop_keeps_its_pixels() -> None:
    frames = make_frames(4, height=48, width=64)
    right = Effect(kind="crop", box=(0.5, 0.0, 1.0, 1.0))
    assert np.array_equal(apply_effects(frames, 8.0, [right])[0], frames[:, :, 32:])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "crop", "box": (0.5, 0.0, 0.5, 1.0)}, "not a part of a frame"),
        ({"kind": "crop", "box": (0.0, 1.0)}, "not a part of a frame"),
        ({"kind": "resize"}, "to which size"),
    ],
)
def test_what_means_nothing_is_one_line(values: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Effect(**values)


def test_a_clip_larger_than_browsers_play_is_refused() -> None:
    frames = make_frames(1, height=48, width=64)
    with pytest.raises(SpecError, match="6400x4800 is larger than clips can be"):
        apply_effects(frames, 8.0, [Effect(kind="resize", scale=100.0)])
