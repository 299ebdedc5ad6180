"""The shot: edits touch fields and leave the rest; prompts follow from the fields."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.acts import Act
from nbagent.acts.add import Add
from nbagent.acts.aspect import Aspect
from nbagent.acts.camera import Camera
from nbagent.acts.extend import Extend
from nbagent.acts.length import Length
from nbagent.acts.loop import Loop
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.plan import Plan
from nbagent.acts.quality import Quality
from nbagent.acts.recolor import Recolor
from nbagent.acts.remove import Remove
from nbagent.acts.replace import Replace
from nbagent.acts.restyle import Restyle
from nbagent.acts.reverse import Reverse
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.trim import Trim
from nbagent.acts.weather import Weather
from nbagent.conversation import shot as shots
from nbagent.conversation.shot import Shot
from nbagent.errors import SpecError
from nbagent.take import Effect


def opening(prompt: str, **settings: Any) -> Shot:
    return shots.shot_from(
        Plan(intent="generate_video", prompt=prompt, settings=settings)  # type: ignore[arg-type]  # as a test has them
    )


def refine(*acts: Act) -> Plan:
    return Plan(intent="refine", acts=acts)


# An opening, then acts and the words that they must give, in turn.
DIALOGUES: list[tuple[str, list[tuple[list[Act], str]]]] = [
    (
        "a red ball crosses the beach at sunset",
        [
            (
                [Time(time="at night"), Speed(direction="slower")],
                "A red ball crosses the beach at night.",
            ),
            ([Place(place="city")], "A red ball crosses the city at night."),
            ([Recolor(color="blue")], "A blue ball crosses the city at night."),
            ([Replace(by="a cat")], "A cat crosses the city at night."),
            ([Motion(motion="bounce")], "A cat bounces in the city at night."),
        ],
    ),
    (
        "a penguin sliding down an icy hill",
        [
            ([Replace(by="seal")], "A seal sliding down an icy hill."),
            (
                [Motion(motion="tumble at the bottom", then=True)],
                "A seal sliding down an icy hill, then tumbles at the bottom.",
            ),
            (
                [Restyle(style="paper cut-out")],
                "A seal sliding down an icy hill, "
                "then tumbles at the bottom. Paper cut-out style.",
            ),
        ],
    ),
    (
        "a horse galloping on a beach",
        [
            (
                [Recolor(color="black", what="horse")],
                "A black horse galloping on a beach.",
            ),
            ([Recolor(color="brown")], "A brown horse galloping on a beach."),
            ([Place(place="in the snow")], "A brown horse galloping in the snow."),
            (
                [Replace(by="a camel", what="the horse")],
                "A camel galloping in the snow.",
            ),
        ],
    ),
    (
        "a paper lantern floating on a river at night",
        [
            (
                [Add(what="a duck")],
                "A paper lantern floating on a river at night, with a duck.",
            ),
            ([Remove(what="duck")], "A paper lantern floating on a river at night."),
        ],
    ),
    (
        "a cat on the beach in the rain",
        [
            ([Weather(weather="sunny")], "A cat on the beach in bright sunshine."),
            (
                [Place(place="forest"), Time(time="dawn")],
                "A cat in the forest in bright sunshine at dawn.",
            ),
        ],
    ),
    (
        "a rocket rises from the desert",
        [
            (
                [Place(place="from the sea"), Time(time="night")],
                "A rocket rises from the sea at night.",
            ),
            (
                [Camera(camera="from below")],
                "A rocket rises from the sea at night. From below.",
            ),
            (
                [Restyle(style="pixel art")],
                "A rocket rises from the sea at night. From below. Pixel art.",
            ),
        ],
    ),
    (
        "a yellow kite over a beach",
        [
            ([Recolor(color="red", what="kite")], "A red kite over a beach."),
            ([Replace(by="a balloon", what="kite")], "A balloon over a beach."),
        ],
    ),
    (
        "two dogs playing in a garden",
        [
            ([Replace(by="two cats")], "Two cats playing in a garden."),
            (
                [Place(place="on a plain blue background")],
                "Two cats playing on a plain blue background.",
            ),
        ],
    ),
    (
        "a dog and a cat running in the woods",
        [
            ([Remove(what="the cat")], "A dog running in the woods."),
            ([Recolor(color="white", what="dog")], "A white dog running in the woods."),
        ],
    ),
    (
        "a boat sails slowly over the sea in the evening",
        [
            (
                [Replace(by="a duck", what="boat")],
                "A duck sails slowly over the sea in the evening.",
            ),
            ([Time(time="noon")], "A duck sails slowly over the sea at noon."),
        ],
    ),
    (
        "a panda walks through a city",
        [
            ([Place(place="a forest")], "A panda walks through a forest."),
            (
                [Motion(motion="jump over a log")],
                "A panda jumps over a log in a forest.",
            ),
        ],
    ),
    (
        "a robot dancing under a blue sky",
        [
            ([Time(time="night")], "A robot dancing at night."),
            ([Add(what="a hat")], "A robot dancing at night, with a hat."),
        ],
    ),
    (
        "close-up of a bee on a flower",
        [
            ([Camera(camera="wide shot")], "A bee on a flower. Wide shot."),
            (
                [Replace(by="a butterfly", what="bee")],
                "A butterfly on a flower. Wide shot.",
            ),
        ],
    ),
    (
        "a pink heart bounces",
        [
            ([Motion(motion="rise")], "A pink heart rises."),
            ([Recolor(color="orange")], "An orange heart rises."),
        ],
    ),
    (
        "a windmill turning in a field",
        [
            ([Time(time="winter")], "A windmill turning in a field in winter."),
            ([Time(time="summer")], "A windmill turning in a field in summer."),
        ],
    ),
    (
        "a girl with a red umbrella in the rain",
        [
            (
                [Recolor(color="yellow", what="umbrella")],
                "A girl with a yellow umbrella in the rain.",
            ),
            (
                [Replace(by="a bear", what="girl")],
                "A bear with a yellow umbrella in the rain.",
            ),
        ],
    ),
]


@pytest.mark.parametrize(("words", "steps"), DIALOGUES, ids=[d[0] for d in DIALOGUES])
def test_a_dialogue_of_acts_gives_these_prompts(
    words: str, steps: list[tuple[list[Act], str]]
) -> None:
    shot = opening(words)
    for acts, prompt in steps:
        shot, notes = shots.apply(shot, refine(*acts), clip_s=2.0)
        assert shots.in_words(shot) == prompt
        assert notes == [act.says() for act in acts]


def test_a_sentence_for_other_models() -> None:
    shot, _ = shots.apply(
        opening("a cat walks slowly on the beach at sunset", negative=("people",)),
        refine(Camera(camera="from above"), Restyle(style="oil painting")),
    )
    assert shots.to_prompt(shot, "wan") == (
        "A cat walks slowly on the beach at sunset. From above. Oil painting style.",
        "people",
    )


def test_effects_need_no_diffusion_and_leave_the_prompt() -> None:
    before = opening("a candle burning")
    acts = (Trim(drop_last_s=1), Speed(factor=0.5), Loop(), Reverse())
    after, _ = shots.apply(before, refine(*acts), clip_s=4.0)
    assert after.effects == (
        Effect(kind="trim", end_s=3.0),
        Effect(kind="speed", speed=0.5),
        Effect(kind="loop"),
        Effect(kind="reverse"),
    )
    assert shots.is_derive(before, after)
    assert shots.to_prompt(before) == shots.to_prompt(after)
    again, _ = shots.apply(after, refine(Speed(direction="faster")), clip_s=6.0)
    assert shots.new_effects(after, again) == (Effect(kind="speed", speed=2.0),)
    changed, _ = shots.apply(before, refine(Speed(factor=0.5), Time(time="night")))
    assert not shots.is_derive(before, changed)


def test_each_cut_is_of_the_clip_as_it_is_by_then() -> None:
    acts = (Trim(drop_first_s=2), Speed(factor=0.5), Trim(drop_last_s=1))
    after, _ = shots.apply(opening("a cat"), refine(*acts), clip_s=4.0)
    assert after.effects[-1] == Effect(kind="trim", end_s=3.0)


@pytest.mark.parametrize(
    ("act", "seconds"),
    [
        (Extend(by_s=2), 4.0),
        (Extend(), 3.0),
        (Length(duration_s=5), 5.0),
    ],
)
def test_lengths(act: Act, seconds: float) -> None:
    shot, _ = shots.apply(opening("a cat"), refine(act), clip_s=2.0)
    assert shot.duration_s == seconds


def test_settings_reach_the_shot() -> None:
    shot = opening(
        "a cat",
        duration_s=5,
        fps=12,
        aspect="9:16",
        seed=7,
        loop=True,
        negative=("text",),
        camera="from above",
    )
    assert shot == Shot(
        core="a cat",
        negative=("text",),
        duration_s=5,
        aspect="9:16",
        seed=7,
        camera=("from above",),
        effects=(Effect(kind="fps", fps=12), Effect(kind="loop")),
    )
    plan = Plan(intent="refine", settings={"width": 640, "height": 360})
    shot, _ = shots.apply(shot, plan)
    assert (shot.size, shot.aspect) == ("640x360", None)
    shot, _ = shots.apply(shot, refine(Aspect(aspect="1:1"), Quality(quality="final")))
    assert (shot.size, shot.aspect, shot.quality) == (None, "1:1", "final")


def test_an_act_wins_over_a_setting_of_its_kind() -> None:
    plan = Plan(
        intent="refine",
        acts=(Restyle(style="noir"),),
        settings={"style": "anime", "duration_s": 4},
    )
    assert plan.asked == (Restyle(style="noir"), Length(duration_s=4))


def test_settings_decide_what_costs_time_as_acts_do() -> None:
    def needs(**settings: Any) -> bool:
        plan = Plan(intent="refine", settings=settings)  # type: ignore[arg-type]  # as a test has them
        return plan.needs_device

    assert needs(style="noir")
    assert needs(width=640, height=360)
    assert needs(count=3)
    assert not needs(fps=24)
    assert not needs(loop=True)


def test_strength_is_the_largest_need() -> None:
    night, blue = Time(time="night"), Recolor(color="blue")
    assert shots.strength_for((night, blue)) == 0.8
    assert shots.strength_for((Speed(factor=0.5),)) == 0.75
    assert shots.strength_for((Replace(by="a cat"),)) == 0.7
    assert shots.strength_for((Add(what="a star"),)) == 0.85
    assert shots.strength_for((Quality(quality="final"), Speed(factor=2.0))) == 0.5


def test_sizes_keep_the_area_and_stated_pixels_stay() -> None:
    assert shots.frame_size(Shot(core="x"), 64, 64, 8) == (64, 64)
    assert shots.frame_size(Shot(core="x", aspect="9:16"), 64, 64, 8) == (88, 48)
    assert shots.frame_size(Shot(core="x", size="70x30"), 64, 64, 8) == (30, 70)
    assert shots.frame_size(Shot(core="x", size="0x128"), 64, 64, 8) == (128, 128)
    assert shots.frame_size(Shot(core="x", size="128x0", aspect="2:1"), 64, 64, 8) == (
        64,
        128,
    )
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


@given(
    words=st.text(min_size=1, max_size=60),
    make=st.sampled_from(
        [
            lambda w: Recolor(color=w, what=w),
            lambda w: Replace(by=w),
            lambda w: Replace(by="a cat", what=w),
            lambda w: Remove(what=w),
            lambda w: Place(place=w),
            lambda w: Time(time=w),
            lambda w: Weather(weather=w),
            lambda w: Motion(motion=w),
        ]
    ),
)
def test_any_words_are_taken_without_a_crash(words: str, make: Any) -> None:
    try:
        plan = refine(make(words))
    except SpecError:
        return
    after, _ = shots.apply(opening("a cat runs in the park"), plan, clip_s=2.0)
    assert shots.in_words(after)
