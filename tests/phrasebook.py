"""A reader for tests: it knows some turns by heart, and takes all else for a picture.

With it a test says what a turn comes to once it is read, whatever the shipped reader is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from nbagent.acts import Act, Span
from nbagent.acts.add import Add
from nbagent.acts.aspect import Aspect
from nbagent.acts.blend import Blend
from nbagent.acts.extend import Extend
from nbagent.acts.length import Length
from nbagent.acts.loop import Loop
from nbagent.acts.motion import Motion
from nbagent.acts.plan import Choice, Control, Intent, Plan, Settings
from nbagent.acts.quality import Quality
from nbagent.acts.recolor import Recolor
from nbagent.acts.replace import Replace
from nbagent.acts.reseed import Reseed
from nbagent.acts.restyle import Restyle
from nbagent.acts.reverse import Reverse
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.undo import Undo
from nbagent.acts.upscale import Upscale
from nbagent.conversation.mentions import mentioned
from nbagent.language.state import State

NIGHT: Final = Time(time="at night")
LEFT: Final = (0.0, 0.0, 0.5, 1.0)

ACTS: Final[dict[str, tuple[Act, ...]]] = {
    "at night": (NIGHT,),
    "make it blue": (Recolor(color="blue"),),
    "make it green": (Recolor(color="green"),),
    "make it yellow": (Recolor(color="yellow"),),
    "make it red": (Recolor(color="red"),),
    "slower": (Speed(factor=0.5),),
    "make it slower": (Speed(factor=0.5),),
    "twice as fast": (Speed(factor=2.0),),
    "reverse": (Reverse(),),
    "reverse it": (Reverse(),),
    "loop it": (Loop(),),
    "loop": (Loop(),),
    "upscale": (Upscale(),),
    "a seal instead": (Replace(by="a seal"),),
    "like that but a cat": (Replace(by="a cat"),),
    "in the left half, at night": (replace(NIGHT, region=LEFT),),
    "in the last second, at night": (replace(NIGHT, span=Span(start=-1.0)),),
    "make it 8 seconds longer": (Extend(by_s=8.0),),
    "add a yellow star": (Add(what="a yellow star"),),
    "as a watercolour": (Restyle(style="watercolour"),),
    "another take": (Reseed(),),
    "make it 16:9": (Aspect(aspect="16:9"),),
    "final quality": (Quality(quality="final"),),
    "go back": (Undo(),),
    "undo that, go back": (Undo(),),
    "go back to the previous version": (Undo(),),
    "make it 8 s long": (Length(duration_s=8.0),),
}
"""What changes a clip: of the latest, or of the one that stands before or behind it."""

CONTROLS: Final[dict[str, Control]] = {
    "stop": Control(action="cancel"),
    "stop everything": Control(action="cancel", is_all=True),
    "stop it but keep what is there": Control(action="keep"),
    "pause it": Control(action="pause"),
    "go on": Control(action="resume"),
    "how far is it?": Control(action="status"),
    "save": Control(action="save"),
    "save it": Control(action="save"),
    "save it as gif": Control(action="save", format="gif"),
    "save it as beach.gif": Control(action="save", name="beach.gif"),
    "call it sunset": Control(action="rename", name="sunset"),
    "delete": Control(action="delete"),
    "delete it": Control(action="delete"),
    "delete everything": Control(action="delete", is_all=True),
    "share": Control(action="share"),
    "share it": Control(action="share"),
}

PLANS: Final[dict[str, Plan]] = {
    "hello": Plan(intent="chat", talk="greeting"),
    "thanks": Plan(intent="chat", talk="thanks"),
    "what can you do?": Plan(intent="chat", talk="help"),
    "what goes well with ramen": Plan(intent="chat"),
    "asdf qwer": Plan(intent="ask"),
    "make it nicer": Plan(
        intent="ask",
        readings=(
            Choice(intent="refine", says="change the look of it"),
            Choice(intent="generate_video", says="make a new clip of it"),
        ),
    ),
    "add music": Plan(intent="unsupported", what="music"),
    "how many passengers survived?": Plan(intent="analyze"),
}

ASKS: Final[dict[str, tuple[Any, ...]]] = {
    "which seed": ("seed",),
    "what seed does have": ("seed",),
    "what changed between and": ("changes",),
    "how long is it": ("length",),
    "what is it": ("all",),
    "why is it so dark": ("reason",),
    "how long did it take": ("took",),
    "what changed": ("changes",),
    "show me again": (),
}

_SECONDS: Final = re.compile(r", (\d+) seconds$")
_STEP: Final = re.compile(r"(?:from step (\d+) on, |redirect it: )")
_CLIP: Final = re.compile(r"(?:^|\s)@?(c\d+|sunset)\b[,:]?\??")


def read(words: str, state: State, *, as_intent: Intent | None = None) -> Plan:
    """Return the plan of a turn that is known, or of a picture."""
    plan = replace(_read(words, state), mentions=mentioned(words))
    if as_intent is None or as_intent == plan.intent:
        return plan
    return replace(plan, intent=as_intent, prompt=plan.prompt or words, readings=())


def _read(words: str, state: State) -> Plan:
    names = tuple(_CLIP.findall(words))
    words, names = _scene(words, state, names)
    said = " ".join(_CLIP.sub(" ", words).split())
    latest = (state.latest.ref,) if state.latest else ()
    then: tuple[Control, ...] = ()
    step: int | None = None
    if found := _STEP.match(said):
        said, step = said[found.end() :], int(found[1] or 0)
    if ", then " in said:
        said, after = said.split(", then ")
        then = (CONTROLS[after],)
    if said in PLANS:
        return PLANS[said]
    if said in CONTROLS:
        return Plan(intent="control", control=CONTROLS[said], targets=names)
    if (asked := said.rstrip("?")) in ASKS:
        return Plan(intent="describe", topics=ASKS[asked], targets=names or latest)
    if said == "blend and" and len(names) == 2:
        acts: tuple[Act, ...] = (Blend(others=names[1:]),)
        return Plan(intent="refine", targets=names[:1], acts=acts)
    named = tuple(name for name in mentioned(words) if state.clip(name))
    acts = ACTS.get(_without_mentions(said), ())
    if acts and (names or named or latest):
        targets = names or named or latest
        return Plan(intent="refine", targets=targets, acts=acts, then=then, step=step)
    if words.startswith("two scenes: "):
        scenes = tuple(words.removeprefix("two scenes: ").split("; then "))
        return Plan(intent="storyboard", prompt="; ".join(scenes), scenes=scenes)
    if words.startswith("animate "):
        goal = mentioned(words) or names or latest
        prompt = re.sub(r"^animate (?:it|[@\w ]+?)(?::| so that|$)", "", words).strip()
        return Plan(intent="animate_image", targets=goal, prompt=prompt)
    if said == "let it spin" and state.latest:
        is_still = state.latest.kind == "image"
        spins = (Motion(motion="spin"),)
        if is_still:
            return Plan(intent="animate_image", targets=latest, prompt="it spins")
        return Plan(intent="refine", targets=latest, acts=spins)
    settings: Settings = {}
    if found := _SECONDS.search(words):
        words, settings = words[: found.start()], {"duration_s": float(found[1])}
    if words.startswith("a picture of "):
        prompt = words.removeprefix("a picture of ")
        return Plan(intent="generate_image", prompt=prompt, settings=settings)
    return Plan(intent="generate_video", prompt=words, settings=settings, then=then)


def _scene(
    words: str, state: State, names: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Read "scene 2" as the clip of that scene."""
    found = re.match(r"scene (\d),? ", words)
    board = next((clip for clip in reversed(state.clips) if clip.scenes), None)
    if found is None or board is None:
        return words, names
    return words[found.end() :], (board.scenes[int(found[1]) - 1],)


def _without_mentions(words: str) -> str:
    return " ".join(word for word in words.split() if not word.startswith("@"))
