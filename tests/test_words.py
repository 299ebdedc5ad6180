"""After a plan is made nobody reads the user's words again: they are kept and shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbagent
from nbagent.acts import ACTS, Act, Span
from nbagent.acts.add import Add
from nbagent.acts.aspect import Aspect
from nbagent.acts.blend import Blend
from nbagent.acts.camera import Camera
from nbagent.acts.chart import Show
from nbagent.acts.crop import Crop
from nbagent.acts.extend import Extend
from nbagent.acts.fps import Fps
from nbagent.acts.grid import Grid
from nbagent.acts.join import Join
from nbagent.acts.length import Length
from nbagent.acts.loop import Loop
from nbagent.acts.match import Match
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.plan import INTENTS, Choice, Control, Plan
from nbagent.acts.quality import Quality
from nbagent.acts.recolor import Recolor
from nbagent.acts.redo import Redo
from nbagent.acts.remove import Remove
from nbagent.acts.replace import Replace
from nbagent.acts.reseed import Reseed
from nbagent.acts.resize import Resize
from nbagent.acts.restyle import Restyle
from nbagent.acts.reverse import Reverse
from nbagent.acts.sort import Sort
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.trim import Trim
from nbagent.acts.undo import Undo
from nbagent.acts.upscale import Upscale
from nbagent.acts.weather import Weather
from nbagent.conversation.reply import Reply
from nbagent.settings import Settings
from tests.test_hearing import Planned, make, running

PACKAGE: Final = Path(nbagent.__file__).parent
LEFT: Final = (0.0, 0.0, 0.5, 1.0)
LAST: Final = Span(start=-1.0)

WORDS: Final = (
    "as it was meant",
    "loop c2 backwards from step 3 on, at sunset in the left half, for 9 seconds, seed 5,"
    " 3 takes, 16:9, final, 30 fps, without trees, in the style of noir, and save all of"
    " them as x.gif",
    "밤에 두 배 빠르게, 오른쪽 절반만, dann alles löschen",
    "no, go back; cut, dissolve, side by side, stop everything, keep it, resume",
)
"""Words beside a plan that say other things than the plan does."""


def refine(*acts: Act, of: tuple[str, ...] = ("c2",), **more: Any) -> Plan:
    return Plan(intent="refine", targets=of, acts=acts, **more)


def control(action: Any, *of: str, **given: Any) -> Plan:
    return Plan(intent="control", targets=of, control=Control(action=action, **given))


MAKES: Final = {
    "a new clip": Plan(
        intent="generate_video",
        prompt="a cat runs across the meadow",
        settings={"duration_s": 4.0, "seed": 7, "negative": ("trees",)},
    ),
    "three takes": Plan(
        intent="generate_video", prompt="a rocket rises", settings={"count": 3}
    ),
    "a still": Plan(
        intent="generate_image",
        prompt="a fox in the snow",
        settings={"aspect": "16:9", "quality": "draft"},
    ),
    "a picture in motion": Plan(
        intent="animate_image", targets=("photo",), prompt="it spins"
    ),
    "data in motion": Plan(
        intent="animate_image", targets=("sales",), acts=(Show(mark="bar"), Sort())
    ),
    "a frame in motion": Plan(
        intent="animate_image", targets=("c2",), prompt="it jumps", frame=3
    ),
    "scenes": Plan(
        intent="storyboard",
        scenes=("a rocket in the desert", "it rises", "space at night"),
        acts=(Join(transition="dissolve"),),
    ),
    "a picture's words": refine(
        Time(time="at night"),
        Place(place="in the desert"),
        Weather(weather="rain"),
        Camera(camera="zoom in"),
        Motion(motion="jump"),
    ),
    "things": refine(
        Recolor(what="ball", color="blue"),
        Add(what="a moon"),
        Replace(what="beach", by="meadow"),
        Restyle(style="watercolor"),
    ),
    "less": refine(Remove(what="dog"), keep=("the beach",)),
    "another take": refine(Reseed(count=2)),
    "a part": refine(Time(time="at night", region=LEFT)),
    "a part again": refine(Redo(span=LAST)),
    "one frame": refine(Recolor(color="green"), frame=5),
    "another course": refine(Recolor(color="green"), step=3),
    "re-cuts": refine(
        Speed(factor=2.0),
        Reverse(),
        Trim(drop_last_s=0.25),
        Crop(region=LEFT),
        Resize(scale=0.5),
        Fps(fps=12.0),
        Loop(),
    ),
    "longer": refine(Extend(by_s=1.0, side="start")),
    "another length": refine(Length(duration_s=4.0)),
    "another shape": refine(Aspect(aspect="16:9")),
    "finer": refine(Upscale(scale=2.0)),
    "a draft": refine(Quality(quality="draft"), then=(Control(action="save"),)),
    "in a circle": refine(Loop(seamless=True)),
    "two as one": refine(Join(others=("c1",), transition="dissolve", seconds=0.25)),
    "two beside": refine(Grid(others=("c1",))),
    "one into another": refine(Blend(others=("c1",))),
    "colours of another": refine(Match(other="c1")),
    "back": refine(Undo(to="c1")),
    "back, and on": refine(Undo(to="c1"), Recolor(color="green")),
}
"""Plans that make clips."""

ANSWERS: Final = {
    "facts": Plan(intent="describe", targets=("c1",), topics=("seed", "length")),
    "what changed": Plan(
        intent="describe", targets=("c1", "c2"), topics=("changes", "reason")
    ),
    "shown again": Plan(intent="describe", targets=("c1",)),
    "data": Plan(intent="analyze", targets=("waves",), mentions=("waves",)),
    "hello": Plan(intent="chat", talk="greeting"),
    "help": Plan(intent="chat", talk="help"),
    "the world": Plan(intent="chat"),
    "unclear": Plan(
        intent="ask",
        readings=(
            Choice(intent="refine", says="change c2: at night"),
            Choice(intent="generate_video", says="a new clip: 'a night'"),
        ),
    ),
    "an unknown name": Plan(intent="ask", unknown=("wave",), mentions=("wave",)),
    "music": Plan(intent="unsupported", what="music"),
}
"""Plans that are answered."""

CONTROLS: Final = {
    "status": control("status"),
    "stop": control("cancel"),
    "stop all": control("cancel", is_all=True),
    "stop one": control("cancel", "c3"),
    "keep": control("keep"),
    "pause": control("pause", "c4"),
    "go on": control("resume"),
    "save": control("save", "c1", format="gif", name="ball"),
    "share": control("share", "c1"),
    "rename": control("rename", "c1", name="first"),
    "delete": control("delete", "c1"),
}
"""Plans that act at once."""

VALUES: Final[dict[str, object]] = {
    "photo": Image.new("RGB", (64, 64), "red"),
    "waves": np.zeros((4, 5)),
    "sales": pd.DataFrame({"city": ["Berlin", "Ulm"], "n": [3, 1]}),
}


@pytest.fixture
def planned(settings: Settings) -> Iterator[Planned]:
    session = Planned(settings)
    make(session)
    make(session, "a blue cube rises next to a dog over the sea")
    yield session
    session.close()


def of(reply: Reply) -> tuple[object, ...]:
    """Return all that a turn came to, but for its words."""
    takes = (*reply.takes, *reply.parts)
    return (
        [replace(take, request="") for take in takes],
        reply.answer,
        reply.notes,
        reply.shows,
        reply.plan,
    )


def test_the_plans_are_of_every_intent_and_of_what_acts_do() -> None:
    plans = [*MAKES.values(), *ANSWERS.values(), *CONTROLS.values()]
    assert {plan.intent for plan in plans} == {*INTENTS}
    kinds = {ACTS[act.kind] for plan in plans for act in plan.acts}
    assert {kind.does for kind in kinds} >= {kind.does for kind in ACTS.values()}
    assert {kind.cost for kind in kinds} >= {kind.cost for kind in ACTS.values()}


@pytest.mark.parametrize("name", MAKES)
def test_a_plan_makes_the_same_takes_whatever_the_words_are(
    name: str, planned: Planned
) -> None:
    first, *others = (planned.do(MAKES[name], words, values=VALUES) for words in WORDS)
    assert first.takes
    for reply in others:
        assert of(reply) == of(first)
        assert reply.takes[0].request != first.takes[0].request or name == "back"


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_the_same_whatever_the_words_are(
    name: str, planned: Planned
) -> None:
    first, *others = (
        planned.do(ANSWERS[name], words, values=VALUES) for words in WORDS
    )
    assert first.answer
    assert not first.takes
    assert [of(reply) for reply in others] == [of(first)] * len(others)


@pytest.mark.parametrize("name", CONTROLS)
def test_what_is_done_at_once_is_the_same_whatever_the_words_are(
    name: str, settings: Settings, tmp_path: Path
) -> None:
    heard = []
    for number, words in enumerate(WORDS):
        own = replace(settings, store=tmp_path / str(number) / ".nbagent")
        session = Planned(own)
        try:
            make(session)
            running(session, "a cat on the beach", "a dog in the snow", "a fox")
            heard.append(
                (
                    *of(session.do(CONTROLS[name], words, cell_id="one")),
                    len(session.engine.cancelled),
                    sorted(path.name for path in own.store.parent.glob("*.*")),
                )
            )
        finally:
            session.close()
    assert heard[0][1]
    assert heard[1:] == heard[:1] * (len(WORDS) - 1)


# No room behind the reader has the means to read

PATTERNS: Final = {
    "acts/wording.py": "takes an opening prompt apart by the words that prompts have",
    "conversation/mentions.py": "finds names behind @, for which values are fetched",
    "conversation/saving.py": "makes a file's name of a clip's",
    "render/loop.py": "looks into the source of a pipeline",
}
"""Modules that may have patterns, and what for."""

READERS: Final = {
    "conversation/brains.py": "hands a turn to the reader: the only one that does",
    "conversation/asking.py": 'reads a part that Python names: crop("left half")',
    "conversation/cameras.py": "finds what a camera does in a plan's words for it",
    "conversation/moves.py": "has what was found as a value; see cameras.py",
    "conversation/scene.py": "finds what pocket draws in a plan's picture words",
    "conversation/casting.py": "asks which words of an act name nobody pocket draws",
    "conversation/offers.py": "knows which of a few actors a turn chooses",
    "conversation/consent.py": "knows a yes, which answers a turn and is none itself",
    "conversation/drafts.py": "reads what a language model wrote, as the reader does",
    "conversation/llm.py": "knows how sure a reading must be",
    "conversation/unread.py": "counts the tokens of a prompt by its script",
}
"""Modules that may use the rooms of `nbagent.language` that read, and what for."""


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the modules of rooms, by their paths in the package."""
    for room in rooms:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            yield path.relative_to(PACKAGE).as_posix(), tree


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nobody_behind_the_reader_looks_for_patterns() -> None:
    have = {
        path
        for path, tree in modules("acts", "conversation", "render")
        if any(name.partition(".")[0] in ("re", "regex") for name in imported(tree))
    }
    assert have == PATTERNS.keys()


def test_nobody_but_those_that_hand_words_on_asks_the_rooms_that_read() -> None:
    state = "nbagent.language.state."
    have = {
        path
        for path, tree in modules("acts", "conversation", "render", "jobs", "ledger")
        if any(
            name.startswith("nbagent.language") and not name.startswith(state)
            for name in imported(tree)
        )
    }
    assert have == READERS.keys()
