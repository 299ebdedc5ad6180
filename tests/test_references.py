"""What a turn is about: names, ordinals, groups, captions, data."""

from __future__ import annotations

import pytest

from nbagent.conversation import references
from nbagent.conversation.plan import EditKind, Intent
from nbagent.conversation.references import Target
from nbagent.conversation.state import ClipInfo, State, Variable

LAMP = ClipInfo(ref="c1", caption="a lamp swinging at night", duration_s=2)
CRAB = ClipInfo(ref="c2", caption="a crab on a rock", duration_s=4)
BLUE_CRAB = ClipInfo(
    ref="c3", caption="a blue crab on a rock", parent="c2", duration_s=3
)
TWO = State(clips=(LAMP, CRAB))
CHAIN = State(clips=(LAMP, CRAB, BLUE_CRAB))
SLOWER = State(
    clips=(
        CRAB,
        ClipInfo(ref="c3", caption=CRAB.caption, user="slower, softly", parent="c2"),
        ClipInfo(ref="c4", caption=CRAB.caption, user="with no sound", parent="c3"),
    )
)
TAKES = State(
    clips=(
        LAMP,
        *(ClipInfo(ref=f"c{n}", caption="a hat", group="g") for n in (2, 3, 4)),
    )
)
BOARD = State(
    clips=(
        ClipInfo(
            ref="b1",
            kind="storyboard",
            scenes=("c1", "c2", "c3"),
            captions=("an egg", "a chick", "a hen"),
        ),
    )
)
NOTEBOOK = State(
    clips=(LAMP,),
    variables=(
        Variable(name="shops", type="DataFrame", summary="90 rows, turnover per shop"),
        Variable(name="people", type="DataFrame", columns=("age", "height")),
        Variable(name="fig", type="Figure", summary="line plot of turnover"),
        Variable(name="photo", type="PIL.Image", summary="photo of a parrot"),
        Variable(name="swing", type="Clip", ref="c1", summary="a lamp"),
    ),
)
ACTIVE = State(clips=(ClipInfo(ref="c1", status="running"), CRAB))


@pytest.mark.parametrize(
    ("text", "intent", "kinds", "state", "target"),
    [
        ("make it red", "refine", ["recolor"], TWO, "c2"),
        ("c1 in red", "refine", ["recolor"], TWO, "c1"),
        ("@c1 in red", "refine", ["recolor"], TWO, "c1"),
        ("clip 1 in red", "refine", ["recolor"], TWO, "c1"),
        ("the first one in red", "refine", ["recolor"], TWO, "c1"),
        ("the previous one in red", "refine", ["recolor"], TWO, "c1"),
        ("keep the first 2 seconds", "refine", ["trim"], TWO, "c2"),
        ("paint the lamp red", "refine", ["recolor"], TWO, "c1"),
        ("make it night", "refine", ["change_background"], TWO, "c2"),
        ("the night one, slower", "refine", ["speed"], TWO, "c1"),
        ("slower", "refine", ["speed"], SLOWER, "c4"),
        ("the slower one in red", "refine", ["recolor"], SLOWER, "c3"),
        ("slow the longest one down", "refine", ["speed"], TWO, "c2"),
        ("螃蟹换成红色，第一个", "refine", ["recolor"], TWO, "c1"),
        ("der zweite Clip in Rot", "refine", ["recolor"], TWO, "c2"),
        ("blend them", "refine", ["blend"], TWO, ("c1", "c2")),
        ("melt the crab into the lamp", "refine", ["blend"], TWO, ("c2", "c1")),
        ("go back", "refine", ["undo"], CHAIN, "c2"),
        ("back to the original", "refine", ["undo"], CHAIN, "c2"),
        ("take 2 but slower", "refine", ["speed"], TAKES, "c3"),
        ("the middle take, slower", "refine", ["speed"], TAKES, "c3"),
        ("delete all takes", "control", [], TAKES, ("c2", "c3", "c4")),
        ("scene 2 in red", "refine", ["recolor"], BOARD, "c2"),
        ("which of the two is longer?", "describe", [], TWO, ("c1", "c2")),
        ("what is it?", "describe", [], TWO, "c2"),
        ("stop", "control", [], ACTIVE, "c1"),
        ("save it", "control", [], ACTIVE, "c2"),
        ("swing, but red", "refine", ["recolor"], NOTEBOOK, "swing"),
        ("what is the best turnover?", "analyze", [], NOTEBOOK, "shops"),
        ("what is the average age?", "analyze", [], NOTEBOOK, "people"),
        ("animate the plot", "animate_image", [], NOTEBOOK, "fig"),
        ("let the parrot fly", "animate_image", [], NOTEBOOK, "photo"),
        ("animate @fig", "animate_image", [], NOTEBOOK, "fig"),
        ("why is the sky blue?", "chat", [], TWO, None),
        ("make it red", "refine", ["recolor"], State(), None),
    ],
)
def test_targets(
    text: str, intent: Intent, kinds: list[EditKind], state: State, target: Target
) -> None:
    assert references.resolve(text, intent, kinds, state) == target


@pytest.mark.parametrize("kind", ["str", "list"])
@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("a red ball on the beach", ()),
        ("a {red} ball", ()),
        ("c1 but with a red hat", ("c1",)),
        ("a poster of @red", ("red",)),
    ],
)
def test_a_word_is_no_variable_that_only_stands_for_words(
    words: str, names: tuple[str, ...], kind: str
) -> None:
    state = State(variables=(Variable(name="red", type=kind),), clips=(LAMP,))
    assert [v.name for _, _, v in references.names_in(words, state)] == [
        name for name in names if name == "red"
    ]
    target = references.resolve(words, "refine", ["recolor"], state)
    assert target == (names[0] if names else "c1")


def test_unknown_names() -> None:
    assert references.unknown_names("c1 like c9 and @clip7", TWO) == ("c9", "clip7")
    assert references.unknown_names("clip 2, @nobody", TWO) == ()
