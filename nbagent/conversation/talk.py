"""What is said without a language model: greetings, help, questions back, refusals.

Read from the registry of acts and from the record. Nothing is rendered, nothing is
guessed, and each answer ends with things to try.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from nbagent.acts import ACTS
from nbagent.acts.base import Act
from nbagent.acts.plan import Choice, Intent, Plan, Talk, Topic
from nbagent.conversation.attachments import Attachment
from nbagent.conversation.mentions import asks_which
from nbagent.language.state import State

_FIRST: Final = (
    "a red ball crosses the beach at sunset",
    "a cat jumps in the snow, 4 seconds, 9:16",
    "what can you do?",
)
# What one may want after a question about a clip, by what was asked.
_NEXT: Final[Mapping[Topic, tuple[str, ...]]] = {
    "seed": ("reseed", "quality"),
    "length": ("extend", "trim"),
    "fps": ("fps", "speed"),
    "size": ("upscale", "aspect"),
    "prompt": ("restyle", "time"),
    "request": ("restyle", "time"),
    "model": ("quality", "reseed"),
    "steps": ("quality", "reseed"),
    "origin": ("undo", "reseed"),
    "changes": ("undo", "blend"),
    "reason": ("undo", "reseed"),
    "took": ("quality", "speed"),
}
_OFTEN: Final = ("speed", "time", "extend")

_CHOICES: Final[Mapping[Intent, str]] = {
    "generate_video": "make a new clip",
    "generate_image": "make a still picture",
    "refine": "change a clip",
    "animate_image": "set a picture in motion",
    "storyboard": "tell a story in scenes",
    "describe": "tell facts about a clip",
    "analyze": "answer from my data",
    "chat": "answer in words",
    "control": "stop, keep, save, rename or delete",
}

_LIKELY: Final = 0.5  # of two acts that share a word either may be meant

_NEEDS_MODEL: Final = (
    "That needs a language model, and none is connected yet: %nbagent connect looks"
    " for one on this machine, or name one with %nbagent connect PROVIDER:MODEL"
    " [URL], such as ollama:llama3 (needs nbagent[llm])."
)
_NO_TALK: Final = (
    "I make clips and know little about anything else; a language model can answer"
    " that (%nbagent connect looks for one)."
)


def talk(
    kind: Talk, state: State, attached: Sequence[Attachment], fits: Iterable[str] = ()
) -> str:
    """Answer talk of a kind; `fits` is as in `tries`."""
    if kind == "greeting":
        said = "Hello! Say what you want to see, and I'll make a clip of it."
    elif kind == "thanks":
        said = "You are welcome!"
    elif kind == "help":
        said = _help()
    elif attached:
        return without_model(attached)
    else:
        said = _NO_TALK
    return f"{said}\n{tries(state, fits=fits)}"


def tries(
    state: State,
    kinds: Iterable[str] = _OFTEN,
    target: str | None = None,
    fits: Iterable[str] = (),
) -> str:
    """Return two or three things to try next, as one line.

    Args:
        state: What there is to be changed.
        kinds: Of the acts that are likely wanted.
        target: The clip that they would change; the latest if it is None.
        fits: What can be said of that very clip; each is found out when it is asked for.
    """
    clip = target or (state.latest.ref if state.latest else None)
    if clip is None:
        return _try(_FIRST)
    often = (ACTS[kind].examples[0] for kind in kinds if kind in ACTS)
    said = [*islice(fits, 2)] or [*islice(often, 2)]
    return _try([*(f"{clip}: {example}" for example in said), f"save {clip} as gif"])


def next_to(plan: Plan, state: State) -> str:
    """Return what to try after a question about clips."""
    kinds = next((_NEXT[topic] for topic in plan.topics if topic in _NEXT), _OFTEN)
    return tries(state, kinds, next(iter(plan.targets), None))


def told(attached: Sequence[Attachment]) -> str:
    """Say what variables are, by their summaries."""
    return "\n".join(f"@{one.name} ({one.type}): {one.text}" for one in attached)


def without_model(attached: Sequence[Attachment]) -> str:
    """Answer what a language model would: by what variables are, or not at all."""
    if not attached:
        return _NEEDS_MODEL
    return (
        f"{told(attached)}\nFor more than this summary, connect a language model"
        " with %nbagent connect."
    )


def unsupported(
    plan: Plan, state: State, target: str | None = None, fits: Iterable[str] = ()
) -> str:
    """Say that what was asked cannot be done, and the nearest thing that can.

    `target` and `fits` are as in `tries`.
    """
    what = f"{plan.what!r} is" if plan.what else "That is"
    said = f"{what} not possible yet, so nothing was made."
    act = _nearest(plan.what)
    if act is None:
        return f"{said} {tries(state, target=target, fits=fits)}"
    return f"{said} The closest thing I can do: {act.summary} ({act.examples[0]!r})."


def left_out(plan: Plan) -> tuple[str, ...]:
    """Return a note for each part of a turn that is not done."""
    notes = [f"Left out what I did not understand: {words!r}." for words in plan.unread]
    if plan.what and plan.intent != "unsupported":
        notes.insert(0, f"Left out what is not possible yet: {plan.what!r}.")
    return tuple(notes)


def readings(plan: Plan) -> tuple[Choice, ...]:
    """Return what a turn may have meant, best first; nothing if that is not asked."""
    if plan.intent != "ask" or plan.consents or plan.offers or asks_which(plan):
        return ()
    likely = plan.readings or (
        Choice(intent="generate_video", says=""),
        Choice(intent="refine", says=""),
    )
    # A button says an intent: of two that say the same the better one is left.
    said = {choice.intent: choice for choice in reversed(likely)}
    return tuple(
        Choice(intent=choice.intent, says=choice.says or _CHOICES[choice.intent])
        for choice in likely
        if said[choice.intent] is choice and choice.intent in _CHOICES
    )


def ask_back(plan: Plan, state: State) -> str:
    """Ask the user what was meant, with the likely readings."""
    lines = ["That can be read in more than one way. Did you mean"]
    lines += [f"  - {choice.says}" for choice in readings(plan)]
    if state.clips:
        lines.append(f"The clips are {', '.join(clip.ref for clip in state.clips)}.")
    else:
        lines.append("There are no clips to change yet.")
    return "\n".join(lines)


def _try(turns: Collection[str]) -> str:
    return f"Try: {' · '.join(turns)}"


def _help() -> str:
    # Of some it depends on how they are asked.
    anew = [kind for kind, act in ACTS.items() if act.cost == "diffusion"]
    at_once = [kind for kind in ACTS if kind not in anew]
    return "\n".join(
        (
            "I make short clips from your words, set pictures and plots from this"
            " notebook in motion, tell stories in scenes, and change clips:",
            f"  at once, without a model: {', '.join(at_once)}",
            f"  by rendering again: {', '.join(anew)}",
            "I also tell you how a clip was made, and stop, pause, keep, save,"
            " rename and delete clips. Questions about data, and talk, go to a"
            " language model if one is connected. %nbagent help lists the commands,"
            " %agent? the options.",
        )
    )


def _nearest(what: str) -> type[Act] | None:
    """Return the act whose description shares the most words with a text, if any.

    A word that many descriptions have says little.
    """
    known = {
        kind: _stems(" ".join((kind, act.summary, *act.examples)))
        for kind, act in ACTS.items()
    }
    often = Counter(stem for stems in known.values() for stem in stems)
    wanted = _stems(what)
    scores = {
        kind: sum(1 / often[stem] for stem in wanted & stems)
        for kind, stems in known.items()
    }
    best = max(scores, key=lambda kind: scores[kind])
    return ACTS[best] if scores[best] >= _LIKELY else None


def _stems(text: str) -> set[str]:
    """Return the beginnings of the words of a text that say something."""
    words = ("".join(filter(str.isalnum, word)) for word in text.lower().split())
    return {word[:5] for word in words if len(word) > 3}
