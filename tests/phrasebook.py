"""A reader for tests: it knows some turns by heart, and takes all else for a picture.

With it a test says what a turn comes to once it is read, whatever the shipped reader is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from nbagent.acts import Act, Span
from nbagent.acts.add import Add
from nbagent.acts.aspect import Aspect
from nbagent.acts.blend import Blend
from nbagent.acts.crop import Crop
from nbagent.acts.extend import Extend
from nbagent.acts.grid import Grid
from nbagent.acts.join import Join
from nbagent.acts.length import Length
from nbagent.acts.loop import Loop
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.plan import Choice, Control, Intent, Plan, Settings, Topic
from nbagent.acts.recolor import Recolor
from nbagent.acts.redo import Redo
from nbagent.acts.replace import Replace
from nbagent.acts.reseed import Reseed
from nbagent.acts.restyle import Restyle
from nbagent.acts.reverse import Reverse
from nbagent.acts.speed import Speed
from nbagent.acts.time import Time
from nbagent.acts.trim import Trim
from nbagent.acts.undo import Undo
from nbagent.acts.upscale import Upscale
from nbagent.conversation.mentions import mentioned
from nbagent.language.state import SHOWN, State

NIGHT: Final = Time(time="at night")
LEFT: Final = (0.0, 0.0, 0.5, 1.0)

ACTS: Final[dict[str, tuple[Act, ...]]] = {
    "at night": (NIGHT,),
    "but at night": (NIGHT,),
    "--odd at night": (NIGHT,),
    "at night, like": (NIGHT,),
    "at night, in the style of": (NIGHT, Restyle(style="style of @somebody")),
    "now in the desert": (Place(place="in the desert"),),
    "in the snow": (Place(place="in the snow"),),
    "make blue": (Recolor(color="blue"),),
    "make it blue": (Recolor(color="blue"),),
    "make it green": (Recolor(color="green"),),
    "make it yellow": (Recolor(color="yellow"),),
    "make it red": (Recolor(color="red"),),
    "slower": (Speed(factor=0.5),),
    "slower, like": (Speed(factor=0.5),),
    "make it slower": (Speed(factor=0.5),),
    "make slower": (Speed(factor=0.5),),
    "twice as fast": (Speed(factor=2.0),),
    "reverse": (Reverse(),),
    "reverse it": (Reverse(),),
    "play backwards": (Reverse(),),
    "trim to 1 second": (Trim(keep=Span(start=0.0, end=1.0)),),
    "crop to the left half": (Crop(region=LEFT),),
    "extend by 1 second": (Extend(by_s=1.0),),
    "extend by two seconds": (Extend(by_s=2.0),),
    "loop it": (Loop(),),
    "loop": (Loop(),),
    "loop seamlessly": (Loop(seamless=True),),
    "upscale": (Upscale(),),
    "a seal instead": (Replace(by="a seal"),),
    "like but a cat": (Replace(by="a cat"),),
    "in the left half, at night": (replace(NIGHT, region=LEFT),),
    "in the left half of, at night": (replace(NIGHT, region=LEFT),),
    "redo the last second of": (Redo(span=Span(start=-1.0)),),
    "make it 8 s long": (Length(duration_s=8.0),),
    "add a yellow star": (Add(what="a yellow star"),),
    "add a moon": (Add(what="a moon"),),
    "add a planet": (Add(what="a planet"),),
    "the ball should be blue": (Recolor(what="ball", color="blue"),),
    "but in the desert": (Place(place="in the desert"),),
    "slower, and at night": (Speed(factor=0.5), NIGHT),
    "trim it": (Trim(drop_last_s=1.0),),
    "make it 16:9": (Aspect(aspect="16:9"),),
    "play it backwards": (Reverse(),),
    "another take": (Reseed(),),
    "make 16:9": (Aspect(aspect="16:9"),),
    "go back": (Undo(),),
    "undo that": (Undo(),),
    "undo that, go back": (Undo(),),
    "go back to the previous version": (Undo(),),
}
"""What changes a clip: of the latest, or of those that are named."""

PAIRS: Final[dict[str, Callable[[str], Act]]] = {
    "blend and": lambda other: Blend(others=(other,)),
    "blend into": lambda other: Blend(others=(other,)),
    "join and": lambda other: Join(others=(other,)),
    "put and side by side": lambda other: Grid(others=(other,)),
}

CONTROLS: Final[dict[str, Control]] = {
    "stop": Control(action="cancel"),
    "cancel": Control(action="cancel"),
    "stop everything": Control(action="cancel", is_all=True),
    "stop it but keep what there is": Control(action="keep"),
    "pause": Control(action="pause"),
    "pause it": Control(action="pause"),
    "resume it": Control(action="resume"),
    "how far is it?": Control(action="status"),
    "save": Control(action="save"),
    "save it": Control(action="save"),
    "save as gif": Control(action="save", format="gif"),
    "save it as gif": Control(action="save", format="gif"),
    "save it as beach.gif": Control(action="save", name="beach.gif"),
    "save them all": Control(action="save", is_all=True),
    "export": Control(action="export"),
    "download as webm": Control(action="save", format="webm"),
    "call sunset": Control(action="rename", name="sunset"),
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
    "how do I cook rice?": Plan(intent="chat"),
    "tell me a joke": Plan(intent="chat"),
    "yes": Plan(intent="chat"),
    "bananas maybe": Plan(
        intent="ask",
        readings=(
            Choice(intent="generate_video", says="make a clip: bananas"),
            Choice(intent="refine", says="change the latest clip"),
        ),
    ),
    "asdf qwer": Plan(intent="ask"),
    "make it nicer": Plan(
        intent="ask",
        readings=(
            Choice(intent="refine", says="change the look of it"),
            Choice(intent="generate_video", says="make a new clip of it"),
        ),
    ),
    "hmm the usual": Plan(
        intent="ask", readings=(Choice(intent="refine", says="change it"),)
    ),
    "add music": Plan(intent="unsupported", what="music"),
    "how many passengers survived?": Plan(intent="analyze"),
}

ASKS: Final[dict[str, tuple[Topic, ...]]] = {
    "which seed": ("seed",),
    "what seed has": ("seed",),
    "what seed has <b>*now*</b>": ("seed",),
    "what seed does have": ("seed",),
    "how long is it": ("length",),
    "how long is": ("length",),
    "what is it": ("all",),
    "what is": ("all",),
    "why is it so dark": ("reason",),
    "why does look darker": ("reason",),
    "why does look like that": ("reason",),
    "what is this about": ("all",),
    "how long did take to render": ("took",),
    "how long did it take": ("took",),
    "what changed": ("changes",),
    "what changed between and": ("changes",),
    "show me again": (),
}
ANALYZES: Final = (
    "explain ",
    "summarise ",
    "what is the ",
    "what is in ",
    "what's in ",
    "read ",
)
INSTEAD: Final[dict[str, str]] = {"this plot": SHOWN, "the chart above": SHOWN}

_SECONDS: Final = re.compile(r", (\d+) seconds$")
_THEN: Final = re.compile(r",? (?:then|and) (save.*)$")
_FRAME: Final = re.compile(r"@\w+\[(\d+)\]")
_STEP: Final = re.compile(r"(?:from step (\d+) on, |redirect it: )")
_CLIP: Final = re.compile(r"(?:(?<=\s)|^)(c\d+|sunset)\b[:,]?\??")


def read(words: str, state: State, *, as_intent: Intent | None = None) -> Plan:
    """Return the plan of a turn that is known, or of a picture."""
    plan = replace(_read(words, state), mentions=mentioned(words))
    if as_intent is None or as_intent == plan.intent:
        return plan
    return replace(plan, intent=as_intent, prompt=plan.prompt or words, readings=())


def _read(words: str, state: State) -> Plan:
    scene, words = _scene(words, state)
    names = tuple(_CLIP.findall(words))
    names = (scene,) if scene else names
    said = _plain(words)
    latest = (state.latest.ref,) if state.latest else ()
    then: tuple[Control, ...] = ()
    if found := _THEN.search(said):
        said, then = said[: found.start()], (CONTROLS[found[1]],)
        words = words[: _THEN.search(words).start()]  # type: ignore[union-attr]  # as there
    step, frame = None, None
    if found := _STEP.match(said):
        said, step = said[found.end() :], int(found[1] or 0)
    if found := _FRAME.search(words):
        frame = int(found[1])
    known = {clip.ref for clip in state.clips} | {v.name for v in state.variables}
    mentions = tuple(name for name in mentioned(words) if name in known)
    about = mentions or names
    if plan := _at_once(said, about, latest):
        return plan
    if said in ("undo", "redo"):
        return Plan(intent="refine", acts=(Undo(redo=said == "redo"),))
    if words.startswith(ANALYZES):
        return Plan(intent="analyze", targets=about)
    if said in PAIRS and len(about) == 2:
        acts: tuple[Act, ...] = (PAIRS[said](about[1]),)
        return Plan(intent="refine", targets=about[:1], acts=acts)
    if said == "go back to" and names:
        return Plan(intent="refine", targets=latest, acts=(Undo(to=names[0]),))
    clips = tuple(name for name in about if state.clip(name))
    clips = clips or tuple(v.name for v in state.variables if v.name in about and v.ref)
    acts = ACTS.get(said, ())
    if acts and (names or clips or latest):
        return Plan(
            intent="refine",
            targets=names or clips or latest,
            acts=acts,
            then=then,
            step=step,
            frame=frame,
        )
    return replace(_made(words, about, latest, state), then=then, frame=frame)


def _at_once(said: str, about: tuple[str, ...], latest: tuple[str, ...]) -> Plan | None:
    """Return the plan of a turn that asks for nothing new."""
    if said in CONTROLS:
        return Plan(intent="control", control=CONTROLS[said], targets=about)
    if (asked := said.rstrip("?")) in ASKS:
        return Plan(intent="describe", topics=ASKS[asked], targets=about or latest)
    return PLANS.get(said)


def _made(
    words: str, about: tuple[str, ...], latest: tuple[str, ...], state: State
) -> Plan:
    """Return the plan of something new."""
    settings: Settings = {}
    if words.endswith(", two takes"):
        words, settings = words.removesuffix(", two takes"), {"count": 2}
    if found := _SECONDS.search(words):
        words, settings = words[: found.start()], {"duration_s": float(found[1])}
    head, _, prompt = (
        words.partition(": ") if ": " in words else words.partition(" so that ")
    )
    shown = INSTEAD.get(head.removeprefix("animate "))
    if head == "animate the picture":
        about = tuple(v.name for v in state.variables if v.type == "PIL.Image")
    if head.startswith("animate ") or shown:
        targets = (shown,) if shown else about or latest
        return Plan(intent="animate_image", targets=targets, prompt=prompt)
    if found := re.search(r", seed (\d+)$", words):
        words, settings = words[: found.start()], {"seed": int(found[1])}
    if words == "let it spin" and state.latest:
        if state.latest.kind == "image":
            return Plan(intent="animate_image", targets=latest, prompt="it spins")
        return Plan(intent="refine", targets=latest, acts=(Motion(motion="spin"),))
    if found := re.match("(?:two|three) scenes: ", words):
        scenes = tuple(words[found.end() :].split("; "))
        scenes = tuple(scene.removeprefix("then ") for scene in scenes)
        return Plan(intent="storyboard", prompt="; ".join(scenes), scenes=scenes)
    if words.startswith("a picture of "):
        prompt = words.removeprefix("a picture of ")
        return Plan(intent="generate_image", prompt=prompt, settings=settings)
    prompt = words.removeprefix("a video of ")
    return Plan(intent="generate_video", prompt=prompt, settings=settings)


def _plain(words: str) -> str:
    """Return a turn without the names in it."""
    words = re.sub(r"@\w+(?:\[\d+\])?,?", " ", _CLIP.sub(" ", words))
    return " ".join(words.split())


def _scene(words: str, state: State) -> tuple[str | None, str]:
    """Read "scene 2" as the clip of that scene."""
    found = re.match(r"scene (\d),? ", words)
    board = next((clip for clip in reversed(state.clips) if clip.scenes), None)
    if found is None or board is None:
        return None, words
    return board.scenes[int(found[1]) - 1], words[found.end() :]
