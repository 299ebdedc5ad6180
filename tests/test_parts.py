"""Which part of a clip a turn is about, and how it is heard in a turn."""

from __future__ import annotations

import pytest

from nbagent.conversation.parts import Part, Region, Span, take_part
from nbagent.conversation.router import route
from nbagent.conversation.state import ClipInfo, State, Variable

ONE = State(clips=(ClipInfo(ref="c1", caption="a red ball rises over the sea"),))


@pytest.mark.parametrize(
    ("turn", "rest", "region"),
    [
        ("make the left half snowy", "make it snowy", (0, 0, 0.5, 1)),
        ("in the top right corner, add a moon", "add a moon", (0.5, 0, 1, 0.5)),
        ("a forest in the lower third", "a forest", (0, 2 / 3, 1, 1)),
        (
            "only in the right-hand side of the frame at night",
            "at night",
            (0.5, 0, 1, 1),
        ),
        ("in the middle of the picture a moon", "a moon", (0.25, 0.25, 0.75, 0.75)),
        ("in the middle third, a moon", "a moon", (1 / 3, 0, 2 / 3, 1)),
        ("the bottom left quarter blue", "it blue", (0, 0.5, 0.5, 1)),
        ("the left quarter blue", "it blue", (0, 0, 0.25, 1)),
    ],
)
def test_a_region_is_taken_out_of_a_turn(turn: str, rest: str, region: Region) -> None:
    words, part = take_part(turn)
    assert words == rest
    assert part.span is None
    assert part.region == pytest.approx(region)


@pytest.mark.parametrize(
    ("turn", "rest", "span"),
    [
        ("redo the last half second", "redo", (-0.5, None)),
        ("at night in the last 2 seconds", "at night", (-2, None)),
        ("try the first second again", "try again", (0, 1)),
        ("blue from 0.5 to 1.5 seconds", "blue", (0.5, 1.5)),
        ("blue between 1s and two seconds", "blue", (1, 2)),
        ("@c2[1s:2.5s] at night", "@c2 at night", (1, 2.5)),
        ("c2[:1] at night", "c2 at night", (0, 1)),
        ("c2[3s:] at night", "c2 at night", (3, None)),
    ],
)
def test_a_span_is_taken_out_of_a_turn(turn: str, rest: str, span: Span) -> None:
    assert take_part(turn) == (rest, Part(span=span))


@pytest.mark.parametrize(
    "turn",
    [
        "the cat moves to the left",
        "a dog on the left side of the road",
        "the left third of the road is red",
        "the second one, but at night",
        "pan to the right",
        "a ball in the middle",
        "from 3 to 5 frames",
        "from 2 to 1 seconds",
    ],
)
def test_what_is_in_the_picture_is_no_part(turn: str) -> None:
    assert take_part(turn) == (turn, Part())


@pytest.mark.parametrize(
    ("turn", "kinds", "region", "span"),
    [
        ("the left half should be night", ["change_background"], (0, 0, 0.5, 1), None),
        ("redo the last second of c1", ["seed"], None, (-1, None)),
        ("try the first second again", ["seed"], None, (0, 1)),
        ("@c1[1s:2s] at night", ["change_background"], None, (1, 2)),
        ("drop the last second", ["trim"], None, None),
        ("lop off the first second", ["trim"], None, None),
        ("make the ball blue from 0.5 to 1.5 seconds", ["recolor"], None, (0.5, 1.5)),
    ],
)
def test_a_refinement_is_of_its_part(
    turn: str, kinds: list[str], region: Region | None, span: Span | None
) -> None:
    plan = route(turn, ONE)
    assert plan.intent == "refine"
    assert [edit.kind for edit in plan.edits] == kinds
    assert (plan.region, plan.span) == (region, span)
    assert plan.target == "c1"


@pytest.mark.parametrize(
    ("turn", "kinds", "step"),
    [
        ("from step 5 on, at night", ["change_background"], 5),
        ("after step 12 make the ball blue", ["recolor"], 12),
        ("redirect it to a dog", ["replace_subject"], 0),
        ("redirect c1: at night", ["change_background"], 0),
        ("redirect c1 from step 3: a cat instead", ["replace_subject"], 3),
    ],
)
def test_a_run_may_change_its_course(turn: str, kinds: list[str], step: int) -> None:
    plan = route(turn, ONE)
    assert (plan.intent, plan.target, plan.step) == ("refine", "c1", step)
    assert [edit.kind for edit in plan.edits] == kinds


def test_a_step_on_the_ground_is_no_step_of_a_run() -> None:
    for turn in (
        "a dog steps on the beach",
        "a step by step guide",
        "redirect the light",
    ):
        assert route(turn, ONE).step is None, turn


def test_a_trim_to_a_part_says_where() -> None:
    plan = route("trim @c1[0.5s:1s]", ONE)
    assert plan.edits[0].args == {"start": 0.5, "end": 1.0}
    assert plan.span is None


def test_a_thing_is_removed_from_the_picture_and_a_clip_from_the_store() -> None:
    assert route("remove the ball", ONE).edits[0].args == {"remove": "ball"}
    for turn in ("delete the clip", "delete the last one", "delete c1"):
        assert route(turn, ONE).intent == "control", turn


def test_one_clip_cannot_be_blended() -> None:
    plan = route("turn it into the desert", ONE)
    assert plan.edits[0].args == {"setting": "in the desert"}


def test_a_loop_may_be_asked_to_have_no_seam() -> None:
    assert route("loop it", ONE).edits[0].args == {"loop": True}
    for turn in ("loop it seamlessly", "loop it without a jump", "make a perfect loop"):
        args = route(turn, ONE).edits[0].args
        assert args == {"loop": True, "seamless": True}, turn


def test_an_article_is_no_variable() -> None:
    state = State(clips=ONE.clips, variables=(Variable(name="a", type="ndarray"),))
    assert route("add a moon", state).target == "c1"
    assert route("animate @a: it spins", state).target == "a"


TWO = State(clips=(*ONE.clips, ClipInfo(ref="c2", caption="a cat in the snow")))


@pytest.mark.parametrize(
    "turn",
    [
        "put c1 and c2 side by side",
        "compare c1 with c2 next to each other",
        "show all the clips in a grid",
        "play both takes at the same time",
    ],
)
def test_clips_side_by_side_are_a_grid(turn: str) -> None:
    plan = route(turn, TWO)
    assert plan.edits[0].args == {"grid": True}
    assert plan.targets == ("c1", "c2")


def test_things_side_by_side_are_a_picture() -> None:
    assert route("two cats side by side on the beach", TWO).intent == "generate_video"


def test_a_subject_at_a_place_of_its_own_is_a_new_shot() -> None:
    for turn in ("a dog on the beach", "two robots in a dark forest"):
        assert route(turn, TWO).intent == "generate_video", turn
    for turn in ("a sunset over the sea", "a bit of fog over the sea", "at the beach"):
        assert route(turn, TWO).intent == "refine", turn
