"""The shot: edits touch fields and leave the rest; prompts follow from the fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.conversation import shot as shots
from nbagent.conversation.clauses import prompt_words
from nbagent.conversation.edits import read_edit
from nbagent.conversation.plan import EDIT_KINDS, Edit, EditKind, Plan
from nbagent.conversation.shot import Shot
from nbagent.conversation.slots import parse_slots
from nbagent.errors import SpecError
from nbagent.take import Effect

Said = tuple[EditKind, str]


def opening(words: str) -> Shot:
    slots = parse_slots(words, "generate_video")
    prompt = prompt_words(words, slots.get("style"))
    return shots.shot_from(Plan(intent="generate_video", prompt=prompt, slots=slots))


def refine(*said: Said) -> Plan:
    slots = parse_slots(", ".join(words for _, words in said), "refine", said)
    edits = tuple(
        Edit(kind=kind, text=words, args=read_edit(kind, words, slots))
        for kind, words in said
    )
    return Plan(intent="refine", edits=edits, slots=slots)


# An opening, then (edits, the pocket prompt that they must give) in turn.
BG: EditKind = "change_background"
WHO: EditKind = "replace_subject"
DO: EditKind = "change_motion"
DIALOGUES: list[tuple[str, list[tuple[list[Said], str]]]] = [
    (
        "a red ball crosses the beach at sunset",
        [
            (
                [(BG, "at night"), ("speed", "slower")],
                "a red ball crosses the beach, at night",
            ),
            ([(BG, "now in the city")], "a red ball crosses the city, at night"),
            ([("recolor", "make it blue")], "a blue ball crosses the city, at night"),
            ([(WHO, "like c1 but a cat")], "a cat crosses the city, at night"),
            ([(DO, "make it bounce")], "a cat bounces, in the city, at night"),
        ],
    ),
    (
        "a penguin sliding down an icy hill",
        [
            ([(WHO, "use a seal instead")], "a seal sliding down an icy hill"),
            (
                [(DO, "let it tumble at the bottom")],
                "a seal sliding down an icy hill, then tumbles at the bottom",
            ),
            (
                [("restyle", "as a paper cut-out")],
                "a seal sliding down an icy hill, then tumbles at the bottom,"
                " paper cut-out style",
            ),
        ],
    ),
    (
        "a horse galloping on a beach",
        [
            (
                [("recolor", "paint the horse black")],
                "a black horse galloping, on a beach",
            ),
            (
                [("recolor", "brown instead of black")],
                "a brown horse galloping, on a beach",
            ),
            ([(BG, "in the snow")], "a brown horse galloping, in the snow"),
            ([(WHO, "swap the horse for a camel")], "a camel galloping, in the snow"),
        ],
    ),
    (
        "a paper lantern floating on a river at night",
        [
            (
                [(WHO, "add a duck")],
                "a paper lantern floating, on a river, at night, with a duck",
            ),
            (
                [(WHO, "remove the duck")],
                "a paper lantern floating, on a river, at night",
            ),
        ],
    ),
    (
        "a cat on the beach in the rain",
        [
            ([(BG, "make it sunny")], "a cat, on the beach, in bright sunshine"),
            (
                [(BG, "in the forest at dawn")],
                "a cat, in the forest, in bright sunshine, at dawn",
            ),
        ],
    ),
    (
        "a rocket rises from the desert",
        [
            ([(BG, "from the sea, at night")], "a rocket rises from the sea, at night"),
            (
                [("camera", "from below")],
                "a rocket rises from the sea, at night, from below",
            ),
            (
                [("restyle", "in pixel art style")],
                "a rocket rises from the sea, at night, from below, pixel art",
            ),
        ],
    ),
    (
        "a yellow kite over a beach",
        [
            ([("recolor", "the kite should be red")], "a red kite, over a beach"),
            ([(WHO, "a balloon instead of the kite")], "a balloon, over a beach"),
        ],
    ),
    (
        "two dogs playing in a garden",
        [
            ([(WHO, "make it two cats")], "two cats playing, in a garden"),
            (
                [(BG, "on a plain blue background")],
                "two cats playing, on a plain blue background",
            ),
        ],
    ),
    (
        "a green cube stays still in space",
        [
            ([(DO, "make it spin")], "a green cube spins, in space"),
            ([("recolor", "purple")], "a purple cube spins, in space"),
        ],
    ),
    (
        "a dog and a cat running in the woods",
        [
            ([(WHO, "without the cat")], "a dog running, in the woods"),
            ([("recolor", "make the dog white")], "a white dog running, in the woods"),
        ],
    ),
    (
        "a boat sails slowly over the sea in the evening",
        [
            (
                [(WHO, "replace the boat with a duck")],
                "a duck sails, over the sea, in the evening, slowly",
            ),
            ([(BG, "at noon")], "a duck sails, over the sea, at noon, slowly"),
        ],
    ),
    (
        "a panda walks through a city",
        [
            ([(BG, "put it in a forest")], "a panda walks through a forest"),
            (
                [(DO, "it should jump over a log")],
                "a panda jumps over a log, in a forest",
            ),
        ],
    ),
    (
        "a star falls",
        [
            ([(BG, "in the snow at night")], "a star falls, in the snow, at night"),
            (
                [("restyle", "as a watercolour")],
                "a star falls, in the snow, at night, watercolour style",
            ),
            (
                [("restyle", "in the style of lego")],
                "a star falls, in the snow, at night, lego style",
            ),
        ],
    ),
    (
        "a robot dancing under a blue sky",
        [
            ([(BG, "at night")], "a robot dancing, at night"),
            ([(WHO, "give it a hat")], "a robot dancing, at night, with a hat"),
        ],
    ),
    (
        "close-up of a bee on a flower",
        [
            ([("camera", "wide shot")], "a bee on a flower, wide shot"),
            (
                [(WHO, "a butterfly instead of the bee")],
                "a butterfly on a flower, wide shot",
            ),
        ],
    ),
    (
        "a pink heart bounces",
        [
            ([(DO, "let it rise")], "a pink heart rises"),
            ([("recolor", "change the colour to orange")], "an orange heart rises"),
        ],
    ),
    (
        "a car drives to the left in the city",
        [
            (
                [(BG, "change the background to the desert")],
                "a car drives to the left, in the desert",
            ),
            (
                [(BG, "during a thunderstorm")],
                "a car drives to the left, in the desert, in a thunderstorm",
            ),
        ],
    ),
    (
        "a windmill turning in a field",
        [
            ([(BG, "in winter")], "a windmill turning, in a field, in winter"),
            ([(BG, "summer")], "a windmill turning, in a field, in summer"),
        ],
    ),
    (
        "a white star on a black background",
        [
            ([(BG, "on a red background")], "a white star, on a plain red background"),
            (
                [("recolor", "make the star yellow")],
                "a yellow star, on a plain red background",
            ),
        ],
    ),
    (
        "a girl with a red umbrella in the rain",
        [
            (
                [("recolor", "a yellow umbrella")],
                "a girl with a yellow umbrella, in the rain",
            ),
            (
                [(WHO, "replace the girl by a bear")],
                "a bear with a yellow umbrella, in the rain",
            ),
        ],
    ),
    (
        "a fox in the forest",
        [
            ([(BG, "夜晚")], "a fox, in the forest, at night"),
            ([(BG, "바다로")], "a fox, on the sea, at night"),
            ([("recolor", "hazlo azul")], "a blue fox, on the sea, at night"),
            (
                [("restyle", "als Aquarell")],
                "a blue fox, on the sea, at night, watercolour style",
            ),
        ],
    ),
]


@pytest.mark.parametrize(("words", "steps"), DIALOGUES, ids=[d[0] for d in DIALOGUES])
def test_a_dialogue_of_edits_gives_these_prompts(
    words: str, steps: list[tuple[list[Said], str]]
) -> None:
    shot = opening(words)
    for said, prompt in steps:
        shot, notes = shots.apply(shot, refine(*said), clip_s=2.0)
        assert shots.to_prompt(shot)[0] == prompt
        assert len(notes) == len(said)


def test_a_sentence_for_other_models() -> None:
    shot, _ = shots.apply(
        opening("a cat walks slowly on the beach at sunset, no people"),
        refine(("camera", "from above"), ("restyle", "as an oil painting")),
    )
    assert shots.to_prompt(shot, "wan") == (
        "A cat walks slowly on the beach at sunset. From above. Oil painting style.",
        "people",
    )


@pytest.mark.parametrize("kind", [k for k in EDIT_KINDS if k not in ("blend", "undo")])
def test_words_that_are_not_understood_stay_in_the_prompt(kind: EditKind) -> None:
    plan = Plan(intent="refine", edits=(Edit(kind=kind, text="more zing, please"),))
    shot, notes = shots.apply(opening("a cat"), plan)
    assert shots.to_prompt(shot)[0] == "a cat, more zing, please"
    assert notes == ["kept in your own words: 'more zing, please'"]


def test_effects_need_no_diffusion_and_leave_the_prompt() -> None:
    before = opening("a candle burning")
    said: tuple[Said, ...] = (
        ("trim", "drop the last second"),
        ("speed", "half speed"),
        ("loop", "loop it"),
        (DO, "play it backwards"),
    )
    after, _ = shots.apply(before, refine(*said), clip_s=4.0)
    assert after.effects == (
        Effect(kind="trim", end_s=3.0),
        Effect(kind="speed", speed=0.5),
        Effect(kind="loop"),
        Effect(kind="reverse"),
    )
    assert shots.is_derive(before, after)
    assert shots.to_prompt(before) == shots.to_prompt(after)
    again, _ = shots.apply(after, refine(("speed", "faster")), clip_s=6.0)
    assert shots.new_effects(after, again) == (Effect(kind="speed", speed=2.0),)
    changed, _ = shots.apply(before, refine(("speed", "slower"), (BG, "at night")))
    assert not shots.is_derive(before, changed)


@pytest.mark.parametrize(
    ("words", "effect"),
    [
        ("keep the first 2 seconds", Effect(kind="trim", end_s=2.0)),
        ("keep the last 2 seconds", Effect(kind="trim", start_s=3.0)),
        ("drop the first half second", Effect(kind="trim", start_s=0.5)),
        ("cut the last two seconds", Effect(kind="trim", end_s=3.0)),
        ("only the second half", Effect(kind="trim", start_s=2.5)),
        ("from 1s to 3s", Effect(kind="trim", start_s=1.0, end_s=3.0)),
        ("只保留前两秒", Effect(kind="trim", end_s=2.0)),
    ],
)
def test_trims(words: str, effect: Effect) -> None:
    shot, _ = shots.apply(opening("a cat"), refine(("trim", words)), clip_s=5.0)
    assert shot.effects == (effect,)


def test_trimming_more_than_there_is_is_refused() -> None:
    with pytest.raises(SpecError, match="not less than the clip's 2 s"):
        shots.apply(
            opening("a cat"), refine(("trim", "cut the last 3 seconds")), clip_s=2.0
        )


@pytest.mark.parametrize(
    ("kind", "words", "seconds"),
    [
        ("extend", "two more seconds", 4.0),
        ("extend", "carry on", 3.0),
        ("length", "make it 5 seconds long", 5.0),
        ("length", "twice as long", 4.0),
        ("length", "shorter", 1.0),
    ],
)
def test_lengths(kind: EditKind, words: str, seconds: float) -> None:
    shot, _ = shots.apply(opening("a cat"), refine((kind, words)), clip_s=2.0)
    assert shot.duration_s == seconds


def test_slots_reach_the_shot() -> None:
    shot = opening("a looping 5 second video of a cat, 9:16, 12 fps, seed 7, no text")
    assert shot == Shot(
        core="a cat",
        negative=("text",),
        duration_s=5,
        fps=12,
        aspect="9:16",
        seed=7,
        effects=(Effect(kind="loop"),),
    )
    shot, _ = shots.apply(
        shot, refine(("aspect", "640x360"), ("quality", "final quality"))
    )
    assert (shot.size, shot.aspect, shot.quality) == ("640x360", None, "final")
    shot, _ = shots.apply(shot, refine(("aspect", "square")))
    assert (shot.size, shot.aspect) == (None, "1:1")


def test_another_seed_is_asked_for_only_where_it_is() -> None:
    assert shots.wants_new_seed(refine(("seed", "once more")))
    assert not shots.wants_new_seed(refine(("seed", "with seed 5")))
    assert not shots.wants_new_seed(refine(("speed", "slower")))


def test_strength_is_the_largest_need() -> None:
    plan = refine(("recolor", "make it blue"), (BG, "at night"))
    assert shots.strength_for(plan.edits) == 0.8
    assert shots.strength_for(refine(("recolor", "make it blue")).edits) == 0.8
    assert shots.strength_for(refine(("speed", "slower")).edits) == 0.75
    swap = refine(("replace_subject", "swap it for a cat"))
    assert shots.strength_for(swap.edits) == 0.7
    add = refine(("replace_subject", "add a star"))
    assert shots.strength_for(add.edits) == 0.85


def test_sizes_keep_the_area_and_stated_pixels_stay() -> None:
    assert shots.frame_size(Shot(core="x"), 64, 64, 8) == (64, 64)
    assert shots.frame_size(Shot(core="x", aspect="9:16"), 64, 64, 8) == (88, 48)
    assert shots.frame_size(Shot(core="x", size="70x30"), 64, 64, 8) == (30, 70)
    with pytest.raises(SpecError, match="not a shape"):
        shots.frame_size(Shot(core="x", aspect="0:9"), 64, 64, 8)


TEXT = st.text(max_size=30)


@given(
    core=TEXT,
    style=TEXT,
    extra=st.lists(TEXT, max_size=3),
    duration_s=st.none() | st.floats(0.1, 100),
    speed=st.floats(0.05, 20),
)
def test_json_is_a_round_trip(
    core: str, style: str, extra: list[str], duration_s: float | None, speed: float
) -> None:
    effect = Effect(kind="speed", speed=speed)
    shot = Shot(
        core=core,
        style=style,
        extra=tuple(extra),
        duration_s=duration_s,
        effects=(effect,),
    )
    assert shots.from_json(shots.to_json(shot)) == shot


@pytest.mark.parametrize(
    "data", [{"core": "a", "effects": [{"kind": "speed", "sped": 2}]}, {"camera": 3}]
)
def test_damaged_json_is_one_line(data: dict[str, object]) -> None:
    with pytest.raises(SpecError, match="the shot is damaged"):
        shots.from_json(data)


@given(words=st.text(max_size=60), kind=st.sampled_from(EDIT_KINDS))
def test_any_words_are_read_without_a_crash(words: str, kind: EditKind) -> None:
    plan = refine((kind, words))
    try:
        after, _ = shots.apply(opening("a cat runs in the park"), plan, clip_s=2.0)
    except SpecError:
        return
    assert shots.to_prompt(after)[0]
