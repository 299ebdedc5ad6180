"""What a turn may be about: each clip and variable, with what speaks for it.

The encoder sees a candidate as one vector: its caption's mean, its kind, and these facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nbagent.language import tokens
from nbagent.language.grammar import Found, find
from nbagent.language.lexicon import small_words
from nbagent.language.seen import pointed
from nbagent.language.state import PICTURE_TYPES, ClipInfo, State, Variable

MOST_CLIPS: Final = 12
MOST_VARIABLES: Final = 8
_CAPTION: Final = 160  # characters of a caption that are looked at
_SUMMARY: Final = 120
_STEM: Final = 4  # letters of a word that tell what it is of, endings aside
_CLIP_KINDS: Final = ("video", "image", "storyboard")
_TYPES: Final[dict[str, int]] = {
    **{kind: i for i, kind in enumerate(_CLIP_KINDS)},
    **dict.fromkeys(("DataFrame", "Series"), 3),
    "ndarray": 4,
    "str": 6,
    **dict.fromkeys(("Figure", "Axes"), 7),
    **dict.fromkeys(("PIL.Image", "Image"), 8),
    "Clip": 9,
}
_OTHER: Final = 5  # lists, dicts, numbers
SAID: Final = 10  # the turn before
WHOLE: Final = 11  # the state as a whole
NUM_TYPES: Final = 12
FACTS: Final = (
    *("age", "latest", "second_latest", "oldest", "named", "nth", "last_named"),
    *("in_group", "nth_in_group", "overlap", "own_word", "share_of_caption"),
    *("running", "queued", "failed", "cancelled", "parent_of_latest", "sibling"),
    *("has_parent", "scene", "number_said", "mentioned", "name_said", "holds_named"),
    *("best_match", "newest_match", "asked_for"),
)
NUM_FACTS: Final = len(FACTS)
_NAMED: Final = FACTS.index("named")
_NTH: Final = FACTS.index("nth")
_MENTIONED: Final = FACTS.index("mentioned")
WHOLE_FACTS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A clip or a variable.

    Attributes:
        ref: Its name.
        type: Of the encoder's table.
        text: What it shows.
        facts: A number for each of `FACTS`.
        clip: The clip that a variable holds.
    """

    ref: str
    type: int
    text: str
    facts: tuple[float, ...]
    clip: str | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """What a turn says that may point at something."""

    words: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[int]
    ordinals: frozenset[int]
    mentions: frozenset[str]
    tokens: frozenset[str]


def candidates(
    turn: str, state: State, spent: Iterable[tuple[int, int]] = ()
) -> tuple[tuple[Candidate, ...], tuple[float, ...]]:
    """Return what a turn may be about, newest first, and facts of the whole state.

    Args:
        turn: The words.
        state: What they are read against.
        spent: From and to of words that say what is to be, and so not what is there: of
            "at night" the latest clip is made night, though an older one is at night.
    """
    said = _said(turn, state, spent)
    clips = _clips(state.clips, said)
    variables = [
        _variable(variable, age, said)
        for age, variable in enumerate(reversed(state.variables))
    ]
    # What is named is always seen, however long ago it was made.
    named = [c for c in clips[MOST_CLIPS:] if c.facts[_NAMED] or c.facts[_NTH]]
    marked = [v for v in variables[MOST_VARIABLES:] if v.facts[_MENTIONED]]
    known = (
        *named[:MOST_CLIPS],
        *clips[: max(0, MOST_CLIPS - len(named))],
        *marked[:MOST_VARIABLES],
        *variables[: max(0, MOST_VARIABLES - len(marked))],
    )
    statuses = {clip.status for clip in state.clips}
    whole = (
        bool(said.names or said.numbers),
        bool(state.clips),
        len(state.clips) > 1,
        bool(state.variables),
        bool(statuses & {"running", "paused"}),
        bool(statuses & {"queued", "pending"}),
        any(clip.kind == "storyboard" for clip in state.clips),
        any(variable.type in PICTURE_TYPES for variable in state.variables),
    )
    return known, tuple(map(float, whole))


def stems(text: str) -> frozenset[str]:
    """Return the words of a text by which it is known again, without their endings.

    >>> sorted(stems("the green cubes, 고양이가"))
    ['cube', 'gree', '고양', '양이', '이가']
    """
    small = small_words()
    found, run = set[str](), ""
    for token in (*tokens.tokens(text), None):
        if token is not None and token.kind == "letter":
            run = run + token.text if run and token.is_glued else token.text
            if len(run) > 1:
                found.add(run[-2:])
            continue
        run = ""
        if token is not None and token.kind == "word" and len(token.text) > 2:
            if token.text not in small:
                found.add(token.text[:_STEM])
    return frozenset(found)


def _said(turn: str, state: State, spent: Iterable[tuple[int, int]]) -> _Said:
    found, letters = find(turn), list(turn)
    names = frozenset(names_in(turn))
    if shown := pointed(turn, state):
        found, names = (*found, shown), names | {shown.value[0].lower()}
    for start, end in spent:
        letters[start:end] = " " * (end - start)
    clips = [one.value for one in found if one.kind == "clip"]
    return _Said(
        words=stems("".join(letters)),
        names=frozenset(str(one).lower() for one in clips if isinstance(one, str)),
        numbers=frozenset(one for one in clips if isinstance(one, int)),
        ordinals=frozenset(_values(found, "ordinal")),
        mentions=frozenset(one.value[0] for one in found if one.kind == "mention"),
        tokens=names,
    )


def names_in(turn: str) -> list[str]:
    """Return what in a turn may be a name of the notebook: "df2" is one."""
    names: list[str] = []
    glues = False
    for token in tokens.tokens(turn):
        is_part = token.kind in ("word", "digits")
        if is_part and glues and token.is_glued:
            names[-1] += token.raw
        elif is_part:
            names.append(token.raw)
        glues = is_part
    return names


def _values(found: Iterable[Found], kind: str) -> Iterable[int]:
    return (one.value for one in found if one.kind == kind)


def _clips(clips: Sequence[ClipInfo], said: _Said) -> list[Candidate]:
    """Return the clips, newest first; scenes of storyboards that are no clips come last."""
    last: dict[str, ClipInfo] = {}
    for clip in clips:  # one that was made again counts once, as the newest
        last.pop(clip.ref, None)
        last[clip.ref] = clip
    clips = tuple(last.values())
    latest = clips[-1] if clips else None
    group = [c.ref for c in clips if latest and c.group and c.group == latest.group]
    scenes = [
        (scene, dict(zip(clip.scenes, clip.captions, strict=False)).get(scene, "scene"))
        for clip in clips
        for scene in clip.scenes
        if scene not in last
    ]
    texts = [*(caption for _, caption in scenes), *(clip.caption for clip in clips)]
    matches = list(_matches(texts, said.words))
    asked = [one["best_match"] for one in _matches([c.user for c in clips], said.words)]
    found = []
    for index, (clip, match) in enumerate(
        zip(clips, matches[len(scenes) :], strict=True)
    ):
        age = len(clips) - 1 - index
        of_group = group.index(clip.ref) if clip.ref in group and group[1:] else None
        facts = match | {
            "age": min(age, 8) / 8,
            "latest": age == 0,
            "second_latest": age == 1,
            "oldest": index == 0,
            "named": clip.ref.lower() in said.names or _is_called(clip, said),
            "nth": index + 1 in said.ordinals or -age - 1 in said.ordinals - {-1},
            "last_named": age == 0 and -1 in said.ordinals,
            "in_group": of_group is not None,
            "nth_in_group": of_group is not None and of_group + 1 in said.ordinals,
            "running": clip.status in ("running", "paused"),
            "queued": clip.status in ("queued", "pending"),
            "failed": clip.status == "failed",
            "cancelled": clip.status == "cancelled",
            "parent_of_latest": latest is not None and clip.ref == latest.parent,
            "sibling": latest is not None
            and bool(clip.parent)
            and clip.parent == latest.parent,
            "has_parent": bool(clip.parent),
            "number_said": _number(clip.ref) in said.numbers,
            "mentioned": f"@{clip.ref}" in said.mentions or clip.ref in said.mentions,
            "asked_for": asked[index],
        }
        kind = _TYPES.get(clip.kind, 0)
        text = (clip.caption or clip.kind)[:_CAPTION]
        found.append(_candidate(clip.ref, kind, text, facts))
    return [*_scenes(scenes, matches, said), *found][::-1]


def _candidate(
    ref: str, kind: int, text: str, facts: Mapping[str, float], clip: str | None = None
) -> Candidate:
    """Return a candidate with the facts that speak for it; the others are 0."""
    known = tuple(float(facts.get(name, 0.0)) for name in FACTS)
    return Candidate(ref=ref, type=kind, text=text, facts=known, clip=clip)


def _matches(texts: Sequence[str], said: frozenset[str]) -> Iterator[dict[str, float]]:
    """Yield what speaks for each text that it is meant; what few of them have counts more."""
    words = [stems(text) for text in texts]
    times = Counter(word for of_text in words for word in of_text)
    sums = [sum(1 / times[word] for word in of_text & said) for of_text in words]
    best = max(sums, default=0.0)
    newest = max((i for i, one in enumerate(sums) if one == best > 0), default=None)
    for index, own in enumerate(words):
        shared = own & said
        yield {
            "overlap": min(len(shared), 3) / 3,
            "own_word": len(texts) > 1 and any(times[word] == 1 for word in shared),
            "share_of_caption": len(shared) / (1 + len(own)),
            "best_match": sums[index] / max(best, 1.0),
            "newest_match": index == newest,
        }


def _scenes(
    scenes: Sequence[tuple[str, str]],
    matches: Sequence[Mapping[str, float]],
    said: _Said,
) -> list[Candidate]:
    found = []
    for index, (ref, caption) in enumerate(scenes):
        facts = dict(matches[index]) | {
            "age": 1.0,
            "scene": True,
            "named": ref.lower() in said.names,
            "nth": index + 1 in said.ordinals,
            "number_said": _number(ref) in said.numbers,
        }
        found.append(_candidate(ref, 0, caption[:_CAPTION], facts))
    return found[::-1]


def _variable(variable: Variable, age: int, said: _Said) -> Candidate:
    text = f"{variable.name.replace('_', ' ')}: {variable.summary}"[:_SUMMARY]
    facts = {
        "age": min(age, 8) / 8,
        "latest": age == 0,
        "overlap": min(len(stems(text) & said.words), 3) / 3,
        "mentioned": variable.name in said.mentions,
        "name_said": variable.name.lower() in said.tokens,
        "holds_named": (variable.ref or "").lower() in said.names,
    }
    kind = _TYPES.get(variable.type, _OTHER)
    return _candidate(variable.name, kind, text, facts, variable.ref)


def _is_called(clip: ClipInfo, said: _Said) -> bool:
    """Return whether a turn has the name that the user gave a clip."""
    return bool(clip.alias) and {*names_in(clip.alias or "")} <= said.tokens


def _number(ref: str) -> int | None:
    digits = ref[1:]
    return int(digits) if ref[:1] == "c" and digits.isdecimal() else None
