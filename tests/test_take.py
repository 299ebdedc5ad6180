"""A take keeps its id through JSON, and refuses what no renderer can do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.errors import SpecError
from nbagent.take import MAX_SEED, Effect, Hold, Job, Progress, Take, digest
from tests.samples import make_take

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(
    prompt=st.text(),
    seed=st.integers(0, MAX_SEED),
    shot=st.dictionaries(st.text(), st.text() | st.integers()),
)
def test_a_recipe_through_json_is_the_same_take(
    prompt: str, seed: int, shot: dict[str, Any]
) -> None:
    take = make_take(
        prompt=prompt,
        seed=seed,
        shot=shot,
        effects=(Effect(kind="speed", speed=0.5), Effect(kind="loop")),
        parents=("b2:1", "b2:2"),
    )
    again = Take.from_recipe(json.loads(json.dumps(take.to_recipe())))
    assert again == take
    assert again.id == take.id


def test_what_a_take_holds_is_part_of_it_and_travels() -> None:
    plain = make_take()
    assert "holds" not in plain.to_recipe()  # recipes from before read the same
    hold = Hold(source="b2:1.png", at=2)
    take = make_take(operation="animate", holds=(hold,))
    assert take.id != make_take(operation="animate", holds=(Hold(source="x"),)).id
    assert Take.from_recipe(json.loads(json.dumps(take.to_recipe()))) == take


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"operation": "animate"}, "animate needs a picture"),
        ({"operation": "join", "parents": ("b2:1",)}, "a join needs two clips"),
        ({"holds": (Hold(source="x", at=16),)}, "held frame 17 is outside"),
    ],
)
def test_a_hold_or_a_join_that_cannot_be_is_refused(
    values: dict[str, Any], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        make_take(**values)
    with pytest.raises(SpecError, match="hold one frame or more"):
        Hold(source="x", num_frames=0)


def test_the_words_of_the_user_are_not_part_of_the_id() -> None:
    assert make_take(request="a ball").id == make_take(request="the ball").id
    assert make_take(seed=1).id != make_take(seed=2).id
    assert make_take().with_seed(9).seed == 9


def test_an_id_is_the_same_on_every_machine() -> None:
    assert digest({"b": 1, "a": "é"}) == digest({"a": "é", "b": 1})
    assert digest({"a": 1}) == "b2:2c6b113b8dd15ffbded9860b43eb0c6c"


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(SpecError, match=rf"seed {seed} .* use 0 to 4294967295"):
        make_take(seed=seed)


def test_strength_and_parents_are_checked() -> None:
    with pytest.raises(SpecError, match=r"strength 1\.5 is out of range"):
        make_take(strength=1.5)
    with pytest.raises(SpecError, match="remix needs a parent clip"):
        make_take(operation="remix", strength=0.5)


def test_effects_are_checked() -> None:
    with pytest.raises(SpecError, match="speed 0 is out of range"):
        Effect(kind="speed", speed=0)
    with pytest.raises(SpecError, match="trim 2s to 1s is empty"):
        Effect(kind="trim", start_s=2, end_s=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipe_version", 99),
        ("recipe_version", None),
        ("seed", "seven"),
        ("seed", True),
        ("seed", 1.5),
        ("num_frames", "many"),
        ("num_frames", [16]),
        ("height", None),
        ("fps", "8"),
        ("fps", float("nan")),
        ("guidance_scale", float("inf")),
        ("prompt", 5),
        ("prompt", "\ud800"),
        ("shot", []),
        ("shot", "ab"),
        ("operation", "explode"),
        ("media", "smell"),
        ("quality", None),
        ("effects", 3),
        ("effects", [{"kind": "trim", "start_s": "x"}]),
        ("effects", [{"kind": "speed", "speed": "2"}]),
        ("parents", 3),
        ("parents", [None]),
        ("strength", "0.5"),
    ],
)
def test_a_recipe_of_wrong_content_is_one_clear_line(field: str, value: object) -> None:
    recipe = make_take().to_recipe() | {field: value}
    with pytest.raises(SpecError) as caught:
        Take.from_recipe(recipe)
    assert "\n" not in str(caught.value)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(sorted(make_take().to_recipe())), JSON))
def test_any_json_is_a_take_or_one_clear_line(changes: dict[str, Any]) -> None:
    try:
        take = Take.from_recipe(make_take().to_recipe() | changes)
    except SpecError:
        return
    assert take.id.startswith("b2:")
    assert Take.from_recipe(take.to_recipe()) == take


def test_a_recipe_without_a_field_is_refused() -> None:
    recipe = make_take().to_recipe()
    del recipe["prompt"]
    with pytest.raises(SpecError, match="prompt"):
        Take.from_recipe(recipe)


def test_progress_is_small_plain_json() -> None:
    told = Progress(job="j1", state="running", phase="denoise", step=3, num_steps=24)
    assert len(json.dumps(told.to_json())) < 500
    assert Job(id="j1", take=make_take(), store="/s").lane == "interactive"
