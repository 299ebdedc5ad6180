"""The registry of acts: each says all of itself, checks itself, and does what it says."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.acts import (
    ACTS,
    Act,
    Span,
    act_from_json,
    act_of,
    apply_effects,
    readme_table,
)
from nbagent.acts.__main__ import BEGIN, END
from nbagent.acts.add import Add
from nbagent.acts.cut import Cut
from nbagent.acts.fps import Fps
from nbagent.acts.loop import Loop
from nbagent.acts.mirror import Mirror
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.recolor import Recolor
from nbagent.acts.remove import Remove
from nbagent.acts.replace import Replace
from nbagent.acts.reverse import Reverse
from nbagent.acts.shot import Shot
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.trim import Trim
from nbagent.acts.weather import Weather
from nbagent.conversation.clip import Clip
from nbagent.conversation.shot import in_words
from nbagent.errors import SpecError
from nbagent.take import Effect, Take
from tests.samples import make_frames

EACH: list[dict[str, Any]] = [
    {"act": "add", "what": "a moon", "region": [0.5, 0.0, 1.0, 0.5]},
    {"act": "annotate", "text": "lockdown", "at": "2020-03"},
    {"act": "aspect", "aspect": "16:9"},
    {"act": "blend", "with": ["c2"]},
    {"act": "camera", "camera": "from above"},
    {"act": "caption", "text": "Source: ECB", "x": 0.5, "y": 0.9, "fade": 0.5},
    {"act": "chart", "mark": "line", "then": True, "takes_s": 2},
    {"act": "chart", "move": "race", "y": "people", "also": ["births"]},
    {"act": "crop", "region": "left half"},
    {"act": "crop", "aspect": "1:1"},
    {"act": "extend", "by_s": 2, "side": "start"},
    {"act": "fps", "fps": 24},
    {"act": "grid", "with": ["c2", "c3"]},
    {"act": "highlight", "what": ["June"]},
    {"act": "highlight", "start": "2019", "end": "2021", "then": False},
    {"act": "hold", "seconds": 2, "side": "start"},
    {"act": "join", "with": ["c2"], "transition": "dissolve", "seconds": 1.5},
    {"act": "label", "text": "Berlin", "at": "top right", "color": "dark red"},
    {"act": "length", "duration_s": 4},
    {"act": "log", "log": False},
    {"act": "loop", "seamless": True},
    {"act": "lower_third", "text": "Ada\nEngineer", "plate": False, "font": "serif"},
    {"act": "match", "with": "c1"},
    {"act": "mirror", "region": [0.0, 0.0, 0.5, 1.0]},
    {"act": "motion", "motion": "jump", "then": True},
    {"act": "only", "values": ["Europe"], "out": True},
    {"act": "place", "place": "the desert"},
    {"act": "quality", "quality": "draft"},
    {"act": "recolor", "color": "blue", "what": "ball", "span": [0, 1.5]},
    {"act": "redo", "span": [-1.0, None]},
    {"act": "refresh"},
    {"act": "remove", "what": "the cat"},
    {"act": "replace", "with": "a cat", "what": "dog"},
    {"act": "reseed", "seed": 7, "count": 3},
    {"act": "resize", "width": 320, "height": 240},
    {"act": "restyle", "style": "noir"},
    {"act": "reverse"},
    {"act": "sort", "order": "name"},
    {"act": "speed", "factor": 0.5, "span": {"shares": [0.5, None]}},
    {"act": "speed", "direction": "slower"},
    {"act": "subtitle", "text": "No.", "span": [1.0, 2.0], "track": True},
    {"act": "theme", "theme": "dark", "colors": ["#ff8800", "teal"]},
    {"act": "threshold", "value": 100.0, "text": "target"},
    {"act": "time", "time": "night"},
    {"act": "title", "scale": 1.3},
    {"act": "title", "which": "Sales", "remove": True},
    {"act": "top", "count": 10},
    {"act": "trend"},
    {"act": "trim", "keep": [0, 3]},
    {"act": "trim", "drop_last_s": 1},
    {"act": "undo", "to": "c1"},
    {"act": "upscale", "scale": 3},
    {"act": "weather", "weather": "rain", "region": "the sky"},
    {"act": "zoom", "start": "2020", "axis": "y"},
]


def test_every_kind_has_an_example_here() -> None:
    assert {one["act"] for one in EACH} == ACTS.keys()


@pytest.mark.parametrize("data", EACH, ids=lambda one: json.dumps(one))
def test_json_is_a_round_trip(data: dict[str, Any]) -> None:
    act = act_from_json(data)
    assert act.to_json() == data
    assert act_from_json(json.loads(json.dumps(act.to_json()))) == act
    assert act.says()


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_each_act_says_all_of_itself(act: type[Act]) -> None:
    assert act.summary.endswith(".")
    assert act.examples
    schema = act.schema()
    assert schema["properties"]["act"] == {"const": act.kind}
    assert all(
        one.get("description") for one in list(schema["properties"].values())[1:]
    )
    json.dumps(schema)
    method = getattr(Clip, act.method or act.kind)
    assert method.__doc__


def test_the_readme_has_the_table_as_it_is() -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    table = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert table == readme_table(), "run `python -m nbagent.acts README.md`"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"act": "sing"}, "there is no act 'sing': use add, annotate, aspect"),
        ({"act": "recolor"}, r"recolor needs color \(a colour in words.*\): state it"),
        ({"act": "recolor", "color": "  "}, "recolor needs color"),
        ({"act": "recolor", "color": 3}, "recolor: color cannot be 3"),
        ({"act": "recolor", "colour": "red"}, "recolor has no 'colour': it has"),
        ({"act": "speed"}, "how fast\\? give a factor"),
        ({"act": "speed", "factor": 99}, "factor 99 is out of range: use 0.05 to 20"),
        ({"act": "speed", "factor": float("nan")}, "speed: factor cannot be nan"),
        ({"act": "extend", "by_s": -1}, "by_s -1 is out of range: use 0.01 to 3600"),
        ({"act": "upscale", "scale": -2}, "scale -2 is out of range: use 1.01 to 16"),
        ({"act": "resize", "width": 9, "height": 9}, "9 pixels is odd.* use 8 or 10"),
        ({"act": "resize"}, "to what size"),
        ({"act": "crop"}, "crop it to what"),
        ({"act": "crop", "aspect": "left hlf"}, "aspect left hlf is not a shape"),
        ({"act": "crop", "region": [0, 0, 2, 1]}, "not a region of a frame"),
        ({"act": "quality", "quality": "best"}, "use draft or final"),
        ({"act": "join", "with": ["c2"], "seconds": 1}, "a cut takes no time"),
        ({"act": "blend", "with": ["c2", "c3"]}, "into one clip, not 2"),
        ({"act": "title"}, 'what should the title say.*like title "Sales tripled"'),
        (
            {"act": "title", "text": "a", "remove": True},
            "cannot be removed and changed",
        ),
        ({"act": "title", "text": "a", "at": "upstairs"}, "use top left or top or"),
        ({"act": "title", "text": "a", "x": 0.5}, "a point has an x and a y"),
        ({"act": "title", "size": 0.1, "scale": 2}, "takes a size or a scale"),
        ({"act": "title", "text": "a", "size": 2}, "size 2 is out of range: use 0.01"),
        ({"act": "title", "text": "a", "color": "bluse"}, "'bluse' is not a colour"),
        ({"act": "title", "text": "a\x07"}, "U.0007 cannot be drawn"),
        (
            {"act": "title", "text": "a", "region": "left"},
            "title applies to the whole clip",
        ),
        ({"act": "trim"}, "what should be cut off"),
        ({"act": "trim", "keep": [2, 1]}, "empty: the end must come after the start"),
        ({"act": "fps", "fps": 24, "span": [0, 1]}, "fps applies to the whole clip"),
        (
            {"act": "loop", "seamless": True, "span": [0, 1]},
            "applies to the whole clip",
        ),
        ({"act": "reseed", "seed": -1}, "seed -1 is out of range"),
        ({"act": "speed", "factor": 2, "span": 3}, "3 is not a time span"),
    ],
)
def test_what_means_nothing_is_one_line(data: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        act_from_json(data)
    assert "\n" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(data=st.data())
def test_no_json_breaks_an_act(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(ACTS)))
    names = list(ACTS[kind].schema()["properties"])[1:]
    said = data.draw(st.dictionaries(st.sampled_from(names), JSON)) if names else {}
    try:
        act = act_from_json({"act": kind, **said})
    except SpecError:
        return
    assert act_from_json(act.to_json()) == act
    assert act.says()
    with contextlib.suppress(SpecError):
        after = act.change(Shot(core="a cat runs"), 2.0)
        assert isinstance(after, Shot)


def test_a_span_is_said_in_words() -> None:
    said = {
        "1 s to 2.5 s": Span(start=1, end=2.5),
        "0 s to 1 s": Span(end=1),
        "1 s to the end": Span(start=1),
        "the last 0.5 s": Span(start=-0.5),
        "50% to the end": Span(start=0.5, end=1.0, is_share=True),
        "0% to 50%": Span(end=0.5, is_share=True),
    }
    assert {str(span): span for span in said.values()} == said


# What becomes of a shot


@pytest.mark.parametrize(
    ("before", "act", "prompt"),
    [
        ("a red ball crosses the beach", Time(time="night"), "{} at night"),
        ("a red ball", Weather(weather="rain"), "{} in the rain"),
        ("a red ball", Recolor(color="blue"), "a blue ball"),
        ("a horse runs", Recolor(color="black", what="horse"), "a black horse runs"),
        (
            "a red ball crosses the beach",
            Place(place="the city"),
            "a red ball crosses the city",
        ),
        ("a cat sits", Motion(motion="jump"), "a cat jumps"),
        ("a cat sits", Motion(motion="jump", then=True), "a cat sits, then jumps"),
        ("a penguin sliding", Replace(by="seal"), "a seal sliding"),
        ("a dog and a cat", Remove(what="the cat"), "a dog"),
        ("a cat", Add(what="a moon", region="sky"), "a cat, with a moon in the sky"),
        (
            "a cat",
            Add(what="a moon", region="in the sky"),
            "a cat, with a moon in the sky",
        ),
        ("a cat", Time(time="summer"), "a cat in summer"),
    ],
)
def test_an_act_changes_its_field_of_the_shot(
    before: str, act: Act, prompt: str
) -> None:
    shot = act.change(Shot(core=before), None)
    said = prompt.format(before)
    assert in_words(shot) == f"{said[0].upper()}{said[1:]}."


def test_words_are_put_as_prompts_have_them() -> None:
    assert Time(time="rush hour").says() == "at rush hour"
    assert Time(time="make it day").says() == "by day"
    assert Place(place="moon").says() == "on the moon"
    assert Weather(weather="let it snow").says() == "snowing"


# What becomes of frames


def numbered(num_frames: int = 16) -> Any:
    """Return frames that are each of its number."""
    return np.arange(num_frames, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 4, 4, 3), np.uint8
    )


def played(act: Cut, num_frames: int = 16) -> tuple[list[int], float]:
    """Return what a clip of 8 frames a second shows after an act, and its rate."""
    effect = act.effect(num_frames / 8)
    frames, fps = apply_effects(numbered(num_frames), 8.0, [effect])
    assert act.lasts(num_frames / 8) == pytest.approx(len(frames) / fps, abs=0.26)
    return frames[:, 0, 0, 0].tolist(), fps


def test_a_span_limits_an_act_to_that_part_of_the_time() -> None:
    last_half = Span(start=0.5, is_share=True)
    shown, fps = played(Speed(factor=2.0, span=last_half))
    assert (shown, fps) == ([*range(8), 8, 10, 12, 14], 8.0)
    shown, _ = played(Speed(direction="slower", span=Span(start=1.0)))
    assert shown == [*range(8), *sorted([*range(8, 16)] * 2)]
    shown, _ = played(Reverse(span=Span(end=1.0)))
    assert shown == [7, 6, 5, 4, 3, 2, 1, 0, *range(8, 16)]
    shown, _ = played(Loop(span=Span(start=-0.5)))
    assert shown == [*range(16), 14, 13]


def test_a_region_limits_an_act_to_that_part_of_the_picture() -> None:
    effect = Reverse(region=(0.0, 0.0, 0.5, 1.0)).effect(2.0)
    frames, _ = apply_effects(numbered(), 8.0, [effect])
    assert frames[:, 0, 0, 0].tolist() == list(range(16))[::-1]
    assert frames[:, 0, 3, 0].tolist() == list(range(16))


def test_a_mirror_flips_left_to_right() -> None:
    frames = make_frames(4, height=48, width=64)
    flipped, fps = apply_effects(frames, 8.0, [Mirror().effect(0.5)])
    assert np.array_equal(flipped, frames[:, :, ::-1])
    assert fps == 8.0
    left = Mirror(region=(0.0, 0.0, 0.5, 1.0), span=Span(end=0.25))
    part, _ = apply_effects(frames, 8.0, [left.effect(0.5)])
    assert np.array_equal(part[:2, :, :32], frames[:2, :, 31::-1])
    assert np.array_equal(part[:2, :, 32:], frames[:2, :, 32:])
    assert np.array_equal(part[2:], frames[2:])


@pytest.mark.parametrize("fps", [24.0, 4.0, 10.0])
def test_another_frame_rate_lasts_as_long(fps: float) -> None:
    shown, rate = played(Fps(fps=fps))
    assert rate == fps
    assert len(shown) == 2 * fps
    assert (shown[0], sorted(shown)) == (0, shown)


def test_a_trim_is_by_what_is_kept_or_what_goes() -> None:
    assert played(Trim(keep=Span(start=0.5, end=1.0)))[0] == [4, 5, 6, 7]
    assert played(Trim(drop_first_s=1.5))[0] == [12, 13, 14, 15]
    assert played(Trim(drop_first_s=0.5, drop_last_s=1.0))[0] == [4, 5, 6, 7]
    assert played(Trim(span=Span(end=0.5, is_share=True)))[0] == list(range(8))
    with pytest.raises(SpecError, match="3 s is all of the clip's 2 s"):
        Trim(drop_last_s=3).effect(2.0)
    with pytest.raises(SpecError, match="needs a finished clip"):
        Trim(drop_last_s=1).effect(None)
    with pytest.raises(SpecError, match="that is the whole clip"):
        Trim(keep=Span(end=2.0)).effect(2.0)


def test_a_part_that_words_do_not_name_is_refused() -> None:
    for act in (Speed(factor=2.0, span="the good bit"), Reverse(region="the sky")):
        with pytest.raises(SpecError, match="is not a part of a clip that I know"):
            act.effect(2.0)


def test_effects_move_frames_and_touch_no_pixel() -> None:
    frames = make_frames(16)
    same, fps = apply_effects(frames, 8, (Effect(kind="speed", speed=0.5),))
    assert fps == 4
    assert np.array_equal(same, frames)
    part, _ = apply_effects(frames, 8, (Effect(kind="trim", start_s=0.5, end_s=1),))
    assert np.array_equal(part, frames[4:8])
    rest, _ = apply_effects(frames, 8, (Effect(kind="trim", start_s=1.5),))
    assert np.array_equal(rest, frames[12:])
    loop, _ = apply_effects(frames, 8, (Effect(kind="loop"),))
    assert np.array_equal(loop, np.concatenate([frames, frames[14:0:-1]]))
    back = (Effect(kind="reverse"), Effect(kind="reverse"))
    assert np.array_equal(apply_effects(frames, 8, back)[0], frames)


def test_effects_apply_in_order() -> None:
    slow_then_trim = (
        Effect(kind="speed", speed=0.5),
        Effect(kind="trim", start_s=0, end_s=2),
    )
    assert len(apply_effects(make_frames(16), 8, slow_then_trim)[0]) == 8
    assert len(apply_effects(make_frames(16), 8, slow_then_trim[::-1])[0]) == 16


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(2.0, None), (0, 2.5), (5, 6), (-1, 1), (1.0, 1.01)]
)
def test_a_trim_outside_the_clip_is_one_line(
    start_s: float, end_s: float | None
) -> None:
    effect = Effect(kind="trim", start_s=start_s, end_s=end_s)
    with pytest.raises(SpecError, match="not inside the clip: it lasts 2 s"):
        apply_effects(make_frames(16), 8, (effect,))


def test_a_recipe_trims_as_it_always_has() -> None:
    a_little_long = Effect(kind="trim", start_s=1.0, end_s=2.04)
    assert len(apply_effects(make_frames(16), 8, (a_little_long,))[0]) == 8


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
    ("values", "says"),
    [
        ({"kind": "explode"}, "there is no effect 'explode': use crop, fps, loop"),
        ({"kind": "recolor"}, "there is no effect 'recolor'"),
        ({"kind": "resize"}, "to what size"),
        ({"kind": "speed"}, "how fast"),
        ({"kind": "resize", "scale": 100.0}, "6400x4800 is larger than clips can be"),
        ({"kind": "match", "palette": (1.0, 2.0)}, "is not a palette"),
        ({"kind": "match"}, "name the clip to match"),
        ({"kind": "fps"}, "fps cannot be None: use frames per second"),
    ],
)
def test_an_effect_that_means_nothing_is_one_line(
    values: dict[str, Any], says: str
) -> None:
    frames = make_frames(1, height=48, width=64)
    with pytest.raises(SpecError, match=says):
        apply_effects(frames, 8.0, [Effect(**values)])


OLD = {
    "b2:0f3165a5a67dbe750f7a1d570107c2da": Effect(kind="speed", speed=0.5),
    "b2:de45391ebb3005fe1154c27d3565f6f7": Effect(kind="trim", start_s=1.0, end_s=2.0),
    "b2:b5c73311285619c76bc2cabec1df9b6d": Effect(kind="loop"),
    "b2:ec83cf52bfb2460d384f591a904bbc3e": Effect(kind="reverse"),
    "b2:290109553f2b3d94b09b02c2cfab9418": Effect(
        kind="crop", box=(0.0, 0.0, 0.5, 1.0)
    ),
    "b2:4c08f68c76735560a1a1ef2411878a78": Effect(kind="crop", ratio=16 / 9),
    "b2:013b225ddc8873bab59b75dd8a384d88": Effect(kind="resize", scale=2.0),
    "b2:0eddd8a9da7f9042be87b482542ee6f7": Effect(kind="resize", height=9, width=9),
    "b2:80f0c6261c4a39927a9f085b2580f2d4": Effect(
        kind="match", palette=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    ),
}


@pytest.mark.parametrize("old_id", OLD)
def test_a_recipe_keeps_the_id_that_it_has_always_had(old_id: str) -> None:
    take = Take(
        operation="derive",
        model="pocket",
        model_revision="b2:1",
        prompt="a cat",
        shot={"core": "a cat"},
        seed=1,
        num_frames=16,
        height=128,
        width=128,
        fps=8.0,
        num_inference_steps=8,
        guidance_scale=4.0,
        parents=("b2:0",),
        effects=(OLD[old_id],),
    )
    assert take.id == old_id
    assert act_of(OLD[old_id]).says()
