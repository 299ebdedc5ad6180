"""Operations that keep a part: what each holds, and what each refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbagent.acts import Act
from nbagent.acts.aspect import Aspect
from nbagent.acts.extend import Extend
from nbagent.acts.loop import Loop
from nbagent.acts.plan import Plan
from nbagent.acts.redo import Redo
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.upscale import Upscale
from nbagent.conversation import masks
from nbagent.conversation.compose import compose
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.ledger import Artifact
from nbagent.models.cards import ModelCard, model_card
from nbagent.take import ALL, Effect, Hold, Take
from tests.played import PLAYED

MASK = "b2:" + "0" * 32 + ".png"


@pytest.fixture
def card() -> ModelCard:
    return model_card("pocket")


@pytest.fixture
def parent(card: ModelCard) -> Take:
    plan = Plan(intent="generate_video", prompt="a red ball rises over the sea")
    return made(plan, card, Sources())


def made(plan: Plan, card: ModelCard, sources: Sources, **options: Any) -> Take:
    composed = compose(
        plan, request="words", options=options, card=card, sources=sources
    )
    return composed.takes[0]


def refine(*acts: Act) -> Plan:
    return Plan(intent="refine", targets=("c1",), acts=acts)


EXTEND = Extend(by_s=2.0)
NIGHT = Time(time="at night")


def test_an_extension_holds_all_of_a_short_clip(card: ModelCard, parent: Take) -> None:
    take = made(refine(EXTEND), card, Sources(parent=parent, clip=PLAYED))
    assert take.operation == "extend"
    assert take.holds == (Hold(source=parent.id, num_frames=16),)
    assert (take.num_frames, take.shot["duration_s"]) == (32, 4.0)
    assert take.strength is None


def test_a_long_clip_is_held_by_its_end(card: ModelCard, parent: Take) -> None:
    long = replace(PLAYED, num_frames=48, duration_s=6.0)
    take = made(refine(EXTEND), card, Sources(parent=parent, clip=long))
    assert take.holds == (Hold(source=parent.id, start=32, num_frames=16),)
    assert (take.num_frames, take.shot["duration_s"]) == (32, 8.0)


def test_a_clip_of_more_frames_than_the_model_holds_is_extended_too(
    card: ModelCard, parent: Take
) -> None:
    long = replace(PLAYED, num_frames=160, duration_s=20.0)
    take = made(refine(EXTEND), card, Sources(parent=parent, clip=long))
    assert (take.num_frames, take.shot["duration_s"]) == (32, 22.0)


def test_a_long_shot_is_made_of_windows_that_overlap(card: ModelCard) -> None:
    plan = Plan(
        intent="generate_video",
        prompt="a red ball rises over the sea",
        settings={"duration_s": 18.0, "count": 2},
    )
    composed = compose(plan, request="w", options={}, card=card, sources=Sources())
    parts, (take, other) = composed.parts, composed.takes
    assert [part.num_frames for part in parts] == [64, 64, 64, 64]
    assert "18 s is rendered in 3 overlapping parts." in composed.notes
    first, second = parts[:2]
    assert (first.operation, second.operation) == ("generate", "extend")
    assert second.holds == (Hold(source=first.id, start=48, num_frames=16),)
    # 64 and 48 frames are there; 32 more, after the last 16 of them, make 18 seconds.
    assert take.holds == (Hold(source=second.id, start=96, num_frames=16),)
    assert (take.num_frames, take.shot["duration_s"]) == (48, 18.0)
    assert [t.seed for t in (first, second, take)] == [first.seed] * 3
    assert other.seed == first.seed + 1
    assert other.parents == (parts[3].id,)
    assert parts[3].parents == (parts[2].id,)


def test_a_long_clip_is_refined_as_a_whole(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt="a cat", settings={"duration_s": 14.0})
    long = made(plan, card, Sources())
    clip = replace(PLAYED, num_frames=112, duration_s=14.0)
    sources = Sources(parent=long, clip=clip)
    slower = made(refine(Speed(factor=0.5)), card, sources)
    assert (slower.operation, slower.parents) == ("derive", (long.id,))
    night = compose(refine(NIGHT), request="w", options={}, card=card, sources=sources)
    assert [t.num_frames for t in (*night.parts, *night.takes)] == [64, 64]
    assert [t.operation for t in (*night.parts, *night.takes)] == ["generate", "extend"]
    assert night.takes[0].shot["duration_s"] == 14.0


def test_pictures_are_not_spread_over_windows(card: ModelCard) -> None:
    plan = Plan(
        intent="animate_image", prompt="it moves", settings={"duration_s": 20.0}
    )
    pictures = ("b2:" + "0" * 32 + ".png", "b2:" + "1" * 32 + ".png")
    with pytest.raises(SpecError, match=r"20 s between fixed frames .* use up to 8 s"):
        made(plan, card, Sources(pictures=pictures))
    one = compose(
        plan, request="w", options={}, card=card, sources=Sources(pictures=pictures[:1])
    )
    assert one.parts[0].operation == "animate"
    assert one.takes[0].operation == "extend"


def test_an_extension_backward_leads_up_to_the_clip(
    card: ModelCard, parent: Take
) -> None:
    before = Extend(by_s=2.0, side="start")
    long = replace(PLAYED, num_frames=48, duration_s=6.0)
    take = made(refine(before), card, Sources(parent=parent, clip=long))
    assert take.holds == (Hold(source=parent.id, num_frames=16, at=16),)


def test_an_extension_plays_at_the_pace_of_its_clip(
    card: ModelCard, parent: Take
) -> None:
    slow = replace(PLAYED, fps=4.0, duration_s=4.0)
    take = made(
        refine(Extend(by_s=4.0), Loop()),
        card,
        Sources(parent=parent, clip=slow),
    )
    assert take.num_frames == 32
    assert take.effects == (Effect(kind="speed", speed=0.5), Effect(kind="loop"))


def test_what_an_extension_cannot_be_is_said(card: ModelCard, parent: Take) -> None:
    sources = Sources(parent=parent, clip=PLAYED)
    with pytest.raises(SpecError, match=r"16 windows of pocket: ask for up to 102 s"):
        made(refine(Extend(by_s=600.0)), card, sources)
    composed = compose(
        refine(Extend(by_s=1.0)),
        request="words",
        options={},
        card=card,
        sources=sources,
    )
    assert (
        "Adds 16 frames (2.00 s) instead of 8: pocket adds frames in fixed numbers."
    ) in composed.notes


def test_a_clip_that_changes_as_it_is_made_longer_is_made_anew(
    card: ModelCard, parent: Take
) -> None:
    take = made(refine(EXTEND, NIGHT), card, Sources(parent=parent, clip=PLAYED))
    assert (take.operation, take.num_frames) == ("generate", 32)


def test_an_extended_clip_is_refined_as_a_whole(card: ModelCard, parent: Take) -> None:
    long = replace(PLAYED, num_frames=48, duration_s=6.0)
    longer = made(refine(EXTEND), card, Sources(parent=parent, clip=long))
    whole = replace(PLAYED, num_frames=64, duration_s=8.0)
    night = made(refine(NIGHT), card, Sources(parent=longer, clip=whole))
    assert (night.operation, night.num_frames) == ("generate", 64)
    assert night.holds == ()


def test_a_part_is_made_anew_from_what_stood_there(
    card: ModelCard, parent: Take
) -> None:
    sources = Sources(parent=parent, clip=PLAYED, mask=MASK)
    take = made(refine(NIGHT), card, sources)
    assert take.operation == "inpaint"
    assert take.holds == (Hold(source=parent.id, num_frames=16, mask=MASK),)
    assert take.strength == 0.75
    assert made(refine(NIGHT), card, sources, strength=0.4).strength == 0.4
    again = made(refine(Redo()), card, sources)
    assert (again.operation, again.strength) == ("inpaint", 1.0)
    assert again.seed == parent.seed + 1
    assert Take.from_recipe(again.to_recipe()) == again


@pytest.mark.parametrize(
    ("plan", "clip", "says"),
    [
        (refine(Speed(factor=0.5)), PLAYED, "leave the part or the step out"),
        (
            refine(NIGHT),
            replace(PLAYED, num_frames=30),
            "30 frames do not fit pocket: use 16 or 32",
        ),
    ],
)
def test_what_a_part_cannot_be_is_said(
    card: ModelCard, parent: Take, plan: Plan, clip: Artifact, says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        made(plan, card, Sources(parent=parent, clip=clip, mask=MASK))


def test_another_shape_shows_more_around_the_picture(
    card: ModelCard, parent: Take
) -> None:
    wide = refine(Aspect(aspect="2:1"))
    sources = Sources(parent=parent, clip=PLAYED)
    take = made(wide, card, sources, size=(256, 512))
    assert (take.operation, take.height, take.width) == ("reframe", 256, 512)
    hold = Hold(source=parent.id, num_frames=16, box=(128, 0, 256, 256))
    assert take.holds == (hold,)
    assert Take.from_recipe(take.to_recipe()) == take
    # Twice the size has nothing around it.
    assert made(wide, card, sources, size=(512, 512)).operation == "generate"


def test_a_seamless_loop_holds_all_but_its_seam(card: ModelCard, parent: Take) -> None:
    seamless = refine(Loop(seamless=True))
    take = made(seamless, card, Sources(parent=parent, clip=PLAYED))
    assert take.operation == "loop"
    assert take.holds == (
        Hold(source=parent.id, start=8, num_frames=6),
        Hold(source=parent.id, start=2, num_frames=6, at=10),
    )
    assert take.effects == ()


def test_what_a_seamless_loop_cannot_be_is_said(card: ModelCard, parent: Take) -> None:
    loop = Loop(seamless=True)
    short = Sources(parent=parent, clip=replace(PLAYED, num_frames=4))
    with pytest.raises(SpecError, match="4 frames are too few for a loop"):
        made(refine(loop), card, short)
    with pytest.raises(SpecError, match="so ask for '2 s more after it' first"):
        made(refine(EXTEND, loop), card, Sources(parent=parent, clip=PLAYED))


def test_a_larger_picture_begins_with_the_clips_own(
    card: ModelCard, parent: Take
) -> None:
    sources = Sources(parent=parent, clip=PLAYED)
    take = made(refine(Upscale()), card, sources)
    assert (take.operation, take.height, take.width) == ("upscale", 512, 512)
    assert (take.strength, take.num_frames) == (0.25, 16)
    (hold,) = take.holds
    assert (hold.source, hold.mask, hold.num_frames) == (parent.id, ALL, 16)
    assert Take.from_recipe(take.to_recipe()) == take
    for scale, says in (
        (1.02, "256x256 is not larger than the clip's 256x256"),
        (16.0, "is too large for pocket"),
    ):
        with pytest.raises(SpecError, match=says):
            made(refine(Upscale(scale=scale)), card, sources)


def test_pictures_are_held_evenly(card: ModelCard) -> None:
    plan = Plan(intent="animate_image", prompt="it spins")
    take = made(plan, card, Sources(pictures=("b2:a.png", "b2:b.png", "b2:c.png")))
    assert [(hold.source, hold.at) for hold in take.holds] == [
        ("b2:a.png", 0),
        ("b2:b.png", 8),
        ("b2:c.png", 15),
    ]
    with pytest.raises(SpecError, match="17 pictures do not fit into 16 frames"):
        made(plan, card, Sources(pictures=("b2:a.png",) * 17))


# Masks


def test_the_mask_of_a_part_is_white_there_and_then() -> None:
    mask = masks.of_part((0.0, 0.0, 0.5, 1.0), (-0.5, None), PLAYED)
    assert mask.shape == (16, 256, 256)
    assert mask[12:, :, :128].all()
    assert mask.sum() == 4 * 256 * 128
    picture = masks.picture(mask)
    assert picture.shape == (16 * 256, 256, 3)
    assert set(np.unique(picture)) == {0, 255}


@pytest.mark.parametrize("span", [(1.0, 3.0), (2.0, None), (-3.0, None)])
def test_a_span_outside_the_clip_is_one_line(span: Any) -> None:
    with pytest.raises(SpecError, match="is not inside the clip: it lasts 2 s"):
        masks.of_part(None, span, PLAYED)


FRAMES = np.zeros((3, 4, 6, 3), np.uint8)
HALF = np.zeros((4, 6), bool)
HALF[:, 3:] = True


@pytest.mark.parametrize(
    "value",
    [HALF, HALF[None], HALF * 1.0, HALF * 255, Image.fromarray(HALF)],
    ids=["bool", "one", "float", "int", "pil"],
)
def test_each_kind_of_mask_is_the_same(value: Any) -> None:
    assert (masks.of_value(value, FRAMES) == HALF[None]).all()


def test_a_mask_may_differ_by_frame() -> None:
    moving = np.stack([HALF, ~HALF, HALF])
    assert (masks.of_value(moving, FRAMES) == moving).all()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            np.ones((6, 4)),
            r"shape \(6, 4\) does not fit the clip: use \(4, 6\) or \(3,",
        ),
        (np.ones((2, 4, 6)), "does not fit the clip"),
        (HALF & False, "the mask is empty"),
        (np.full((4, 6), "x"), "a mask cannot be made of <U1"),
    ],
)
def test_what_is_no_mask_is_one_line(value: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        masks.of_value(value, FRAMES)
