"""From a plan to takes: operations, numbers, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from nbagent.acts import Act
from nbagent.acts.blend import Blend
from nbagent.acts.extend import Extend
from nbagent.acts.fps import Fps
from nbagent.acts.join import Join
from nbagent.acts.length import Length
from nbagent.acts.loop import Loop
from nbagent.acts.plan import Plan
from nbagent.acts.quality import Quality
from nbagent.acts.recolor import Recolor
from nbagent.acts.reseed import Reseed
from nbagent.acts.restyle import Restyle
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.trim import Trim
from nbagent.conversation.compose import compose
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard, model_card
from nbagent.take import Effect, Hold, Take
from tests.played import PLAYED

BALL = "a red ball crosses the beach at sunset"


@pytest.fixture
def card() -> ModelCard:
    return model_card("pocket")


def make(
    plan: Plan, card: ModelCard, parent: Take | None = None, **options: Any
) -> Composed:
    sources = Sources(parent=parent, clip=PLAYED)
    return compose(plan, request="words", options=options, card=card, sources=sources)


def first(card: ModelCard, prompt: str = BALL, **options: Any) -> Take:
    plan = Plan(intent="generate_video", prompt=prompt)
    return make(plan, card, **options).takes[0]


def refine(*acts: Act, **more: Any) -> Plan:
    return Plan(intent="refine", targets=("c1",), acts=acts, **more)


NIGHT = refine(Time(time="night"))
SLOW = refine(Speed(factor=0.5))
FOUR = refine(Length(duration_s=4.0))
FINAL = refine(Quality(quality="final"))


def test_a_new_shot_takes_the_models_own_numbers(card: ModelCard) -> None:
    take = first(card)
    assert take.operation == "generate"
    side = ("left", "right")[take.seed % 2]
    assert take.prompt == f"a red ball, moving {side}, on the beach, at sunset"
    assert (take.num_frames, take.height, take.width) == (16, 256, 256)
    assert take.num_inference_steps == card.num_inference_steps
    assert take.model_revision == card.revision


def test_same_words_same_seed_other_words_another(card: ModelCard) -> None:
    assert first(card).id == first(card).id
    assert first(card).seed != first(card, "a blue cube in the snow").seed
    assert first(card, seed=7).seed == 7


def test_takes_differ_in_their_seed_and_in_what_is_open(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt=BALL, settings={"count": 3, "seed": 5})
    takes = make(plan, card).takes
    assert [take.seed for take in takes] == [5, 6, 7]
    assert [take.shot["scene"]["motion"] for take in takes] == [
        "right",
        "left",
        "right",
    ]
    said = [{**take.shot["scene"], "motion": ""} for take in takes]
    assert said[0] == said[1] == said[2]


def test_what_came_out_stays_when_something_else_is_changed(card: ModelCard) -> None:
    parent = first(card)
    side = parent.shot["scene"]["motion"]
    other = {"left": "right", "right": "left"}[side]
    played = replace(PLAYED, seen={"motion": other, "place": "city"})
    sources = Sources(parent=parent, clip=played)
    composed = compose(NIGHT, request="w", options={}, card=card, sources=sources)
    scene = composed.takes[0].shot["scene"]
    assert (scene["motion"], scene["place"]) == (other, "beach")  # that was said


def test_takes_of_a_refinement_vary_what_was_not_said(card: ModelCard) -> None:
    parent = first(card)
    plan = refine(Time(time="night"), settings={"count": 3})
    kept, *others = make(plan, card, parent).takes
    assert kept.operation == "remix"
    assert [take.operation for take in others] == ["generate", "generate"]
    assert all(take.shot["scene"]["time"] == "night" for take in (kept, *others))
    assert others[0].shot["scene"]["motion"] != others[1].shot["scene"]["motion"]


def test_a_change_of_the_picture_is_a_remix_from_the_parents_latents(
    card: ModelCard,
) -> None:
    parent = first(card)
    take = make(NIGHT, card, parent)
    child = take.takes[0]
    assert child.operation == "remix"
    assert child.parents == (parent.id,)
    assert child.seed == parent.seed
    assert child.prompt == parent.prompt.replace("sunset", "night")
    assert child.strength is not None


def test_other_weights_than_the_parents_make_it_anew_and_that_is_said(
    card: ModelCard,
) -> None:
    parent = replace(first(card), model_revision="b2:older")
    made = make(NIGHT, card, parent)
    assert made.takes[0].operation == "generate"
    assert any("other weights" in note for note in made.notes)


def test_a_re_cut_is_derived_and_carries_only_what_is_new(card: ModelCard) -> None:
    parent = first(card)
    slow = make(SLOW, card, parent).takes[0]
    assert slow.operation == "derive"
    assert slow.effects == (Effect(kind="speed", speed=0.5),)
    loop = make(refine(Loop()), card, slow).takes[0]
    assert loop.operation == "derive"
    assert loop.effects == (Effect(kind="loop"),)
    assert len(loop.shot["effects"]) == 2


def test_a_remix_of_a_re_cut_clip_applies_all_its_effects_again(
    card: ModelCard,
) -> None:
    slow = make(SLOW, card, first(card)).takes[0]
    take = make(NIGHT, card, slow).takes[0]
    assert take.operation == "remix"
    assert take.effects == (Effect(kind="speed", speed=0.5),)


def test_a_longer_clip_keeps_its_parent_and_goes_on(card: ModelCard) -> None:
    parent = first(card)
    take = make(FOUR, card, parent).takes[0]
    assert take.operation == "extend"
    assert take.num_frames == 32
    assert take.seed == parent.seed
    assert take.parents == (parent.id,)
    assert take.holds == (Hold(source=parent.id, num_frames=16),)


def test_a_shorter_length_cuts_the_end_off(card: ModelCard) -> None:
    take = make(refine(Length(duration_s=1.0)), card, first(card)).takes[0]
    assert take.operation == "derive"
    assert take.effects == (Effect(kind="trim", end_s=1.0),)


def test_another_take_is_another_seed(card: ModelCard) -> None:
    parent = first(card, seed=9)
    take = make(refine(Reseed()), card, parent).takes[0]
    assert (take.operation, take.seed) == ("generate", 10)


def test_a_final_of_a_draft_takes_all_the_steps(card: ModelCard) -> None:
    draft = first(card, draft=True)
    assert draft.num_inference_steps == card.draft_steps
    final = make(FINAL, card, draft).takes[0]
    assert (final.operation, final.strength) == ("remix", 0.5)
    assert final.parents == (draft.id,)
    other = make(FINAL, card, draft, seed=99)
    assert other.takes[0].operation == "generate"  # another seed, another lay-out
    assert final.num_inference_steps == card.num_inference_steps
    assert final.seed == draft.seed


def test_a_duration_that_does_not_fit_is_rounded_and_said(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt=BALL, settings={"duration_s": 1.9})
    made = make(plan, card)
    assert made.takes[0].num_frames % 2 == 0
    assert any("16 frames (2.00 s), the closest" in note for note in made.notes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"frames": 51}, "use 48 or 64"),
        ({"frames": 0}, "0 frames are too few"),
        ({"frames": 10**6}, "1000000 frames are more than pocket can render"),
        ({"size": (60, 256)}, "height 60 does not fit pocket"),
        ({"seed": 2**40}, "seed 1099511627776 is out of range"),
        ({"seed": -1}, "seed -1 is out of range"),
    ],
)
def test_what_the_model_cannot_do_is_refused_with_what_it_can(
    card: ModelCard, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(SpecError) as caught:
        first(card, **options)
    assert says in str(caught.value)


def test_words_that_pocket_was_not_taught_are_named(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt="a dog on the beach in the rain")
    assert any("rain" in note for note in make(plan, card).notes)


def test_words_of_which_pocket_shows_nothing_are_refused(card: ModelCard) -> None:
    with pytest.raises(SpecError, match="pocket can't draw 'qwzx blorf'"):
        first(card, "qwzx blorf")


# What is not rendered


@pytest.mark.parametrize(
    ("prompt", "act", "why"),
    [
        (
            "a red ball at night",
            Time(time="night"),
            "at night .* It is like that already",
        ),
        ("a red ball", Recolor(color="red"), "colour: red would change nothing"),
        ("a cat runs", Recolor(color="blue"), "cat keeps its own colour"),
        ("a red ball", Restyle(style="noir"), "pocket can't show noir"),
        ("a red ball", Quality(quality="final"), "quality: final would change nothing"),
        ("a red ball", Reseed(seed=7), "seed 7 would change nothing"),
    ],
)
def test_what_would_be_the_same_clip_is_never_rendered(
    card: ModelCard, prompt: str, act: Act, why: str
) -> None:
    parent = first(card, prompt, seed=7)
    with pytest.raises(SpecError, match=why) as caught:
        make(refine(act), card, parent)
    assert "\n" not in str(caught.value)


def test_a_turn_that_says_nothing_is_not_rendered(card: ModelCard) -> None:
    with pytest.raises(SpecError, match="this would change nothing"):
        make(refine(), card, first(card))


def test_other_steps_or_another_take_are_rendered(card: ModelCard) -> None:
    parent = first(card)
    assert make(refine(), card, parent, steps=30).takes[0].num_inference_steps == 30
    assert make(refine(Reseed(count=3)), card, parent).takes[2].seed == parent.seed + 3
    assert make(refine(), card, parent, seed=5).takes[0].seed == 5


@pytest.mark.parametrize(
    "plan",
    [
        Plan(intent="generate_video", prompt=BALL, settings={"aspect": "16:9"}),
        Plan(intent="storyboard", scenes=("a cat", "it jumps")),
        NIGHT,
        SLOW,
        FOUR,
        refine(Join(others=("c2",), transition="dissolve")),
        refine(Blend(others=("c2",))),
    ],
)
def test_nobody_reads_the_words_after_the_plan(card: ModelCard, plan: Plan) -> None:
    other = first(card, "a cat in the snow")
    makes = plan.intent != "refine"
    sources = Sources(
        parent=None if makes else first(card),
        clip=None if makes else PLAYED,
        others=(other,) if plan.acts and plan.acts[0].kind in ("join", "blend") else (),
    )
    made = [
        compose(plan, request=words, options={}, card=card, sources=sources)
        for words in (
            "words",
            "append c1 to c2 with a dissolve, then backwards, in the left half, at 9:16",
            "세 배 빠르게, 왼쪽 절반만",
        )
    ]
    assert len({tuple(take.id for take in one.takes) for one in made}) == 1
    assert len({one.notes for one in made}) == 1
    assert made[1].takes[0].request.startswith("append")


def test_pocket_is_told_a_scene_in_the_form_it_was_taught_whatever_the_language(
    card: ModelCard,
) -> None:
    parent = first(card, "a red ball on the beach")
    made = make(refine(Recolor(color="파란"), Time(time="bei Nacht")), card, parent)
    assert made.takes[0].prompt == "a blue ball, on the beach, at night"


def test_what_a_clip_is_cut_to_before_it_goes_on_is_asked_for_first(
    card: ModelCard,
) -> None:
    plan = refine(Trim(drop_last_s=1), Extend(by_s=2.0))
    with pytest.raises(
        SpecError, match="ask for 'without the last 1 s' in a turn before"
    ):
        make(plan, card, first(card))
    slower = make(refine(Extend(by_s=2.0), Speed(factor=0.5)), card, first(card))
    assert slower.takes[0].operation == "extend"


def test_a_new_clip_has_the_frame_rate_that_is_asked_for(card: ModelCard) -> None:
    plan = Plan(intent="generate_video", prompt=BALL, settings={"fps": 24})
    take = make(plan, card).takes[0]
    assert (take.num_frames, take.effects) == (16, (Effect(kind="fps", fps=24),))
    (faster,) = make(refine(Fps(fps=24)), card, first(card)).takes
    assert (faster.operation, faster.effects) == ("derive", take.effects)


def test_a_part_that_changes_may_be_cut_with_the_whole(card: ModelCard) -> None:
    mask = "b2:" + "0" * 32 + ".png"
    sources = Sources(parent=first(card), clip=PLAYED, mask=mask)
    plan = refine(Time(time="night", region=(0.0, 0.0, 0.5, 1.0)), Speed(factor=0.5))
    (take,) = compose(plan, request="w", options={}, card=card, sources=sources).takes
    assert (take.operation, take.effects) == (
        "inpaint",
        (Effect(kind="speed", speed=0.5),),
    )
    with pytest.raises(SpecError, match="2 s more after it applies to the whole clip"):
        compose(
            refine(*plan.acts[:1], Extend(by_s=2.0)),
            request="w",
            options={},
            card=card,
            sources=sources,
        )
