"""Words for texts over a clip, in every language that has a file.

Closed lists alone: the `[text_...]` tables of `lang/`, sides, colours and times. The words
of the text itself stand in quotes, which nobody reads. What no list has is handed back, for
the reader.

>>> read('slower, and add a title "Sales tripled" at the bottom', State())
... # doctest: +NORMALIZE_WHITESPACE
Said(acts=({'act': 'title', 'text': 'Sales tripled', 'at': 'bottom'},), rest='slower',
     names=(), unread=())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from nbagent.language.clauses import TIMES, Clause, Item, clauses, items_of
from nbagent.language.parts import span
from nbagent.language.state import ClipInfo, State
from nbagent.language.talk import is_all

_STEP: Final = 1.3  # "bigger"
_FADE_S: Final = 0.5
_MANY: Final = "lower_third"  # of its texts, each is a line
_ANY: Final = "caption"  # what "a text" is


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a turn says of texts.

    Attributes:
        acts: As the labelled turns have them.
        rest: The words that are of something else.
        names: The clips that are named beside the texts.
        unread: Words of a text that no list has.
    """

    acts: tuple[dict[str, Any], ...]
    rest: str
    names: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def read(text: str, state: State) -> Said | None:
    """Return what a turn says of texts over a clip; None if that is nothing.

    Args:
        text: The turn.
        state: What it is read against: a text that is there can be named alone.
    """
    items = items_of(text, state)
    clip = _meant(items, state)
    is_lettered = clip is not None and clip.is_lettered
    if not is_lettered and not any(one.role in ("kind", "quote") for one in items):
        return None
    turn = _Turn(text, clip)
    for clause in clauses(items):
        turn.hear(clause)
    turn.end()
    if not turn.acts and is_lettered:
        whole = Clause([one for one in items if one.role not in ("stop", "joint")])
        turn.of_latest(whole)
    if not turn.acts:
        return None
    left = " ".join(text[start:end].strip() for start, end in turn.rest)
    known = {name for one in state.clips for name in one.names}
    known |= {one.name for one in state.variables if one.ref}
    return Said(
        acts=tuple(turn.acts),
        rest=left.strip(" ,;.、，。"),
        names=tuple(name for name in dict.fromkeys(turn.names) if name in known),
        unread=tuple(turn.lost),
    )


class _Turn:
    """What the clauses of a turn come to, one after the other.

    Args:
        text: The turn.
        clip: The clip that it is about, as far as these words say.
    """

    def __init__(self, text: str, clip: ClipInfo | None) -> None:
        self.acts: list[dict[str, Any]] = []
        self.rest: list[tuple[int, int]] = []
        self.names: list[str] = []
        self.lost: list[str] = []
        self._text = text
        self._there = clip.texts if clip else ()
        self._is_latest = clip is not None and clip.is_lettered
        self._last: dict[str, Any] | None = None  # may be gone on with
        self._held: Clause | None = None  # says a time, or a noun, of a text to come
        self._is_rest = False

    def hear(self, clause: Clause) -> None:
        """Take a clause for a text, for more of one, or for something else."""
        held, self._held = self._held, None
        is_line = self._last is not None and self._is_line(clause, self._last)
        made = [] if is_line else self._made(clause, held)
        if made:
            before = Clause() if held is None else held
            times = self._times(before) if before.is_more else {}
            self.acts += [times | one for one in made]
            self._last, self._is_rest = self.acts[-1], False
        elif self._last is not None and self._adds(clause, self._last):
            self._is_rest = False
        elif self._last is None and self._may_begin(clause):
            self._put(held)
            self._held = clause
            return
        else:
            self._put(held)
            self._put(clause)
            return
        clauses = (clause,) if held is None else (held, clause)
        names = [item for one in clauses for item in one.of("clip", "mention")]
        self.names += [str(item.value) for item in names]

    def end(self) -> None:
        """Hear that there is no more."""
        self._put(self._held)

    def of_latest(self, whole: Clause) -> None:
        """Take a turn for one of the text that was asked for last: "bigger"."""
        is_said = whole.of("look", "side", "factor")
        is_more = whole.of(*("unknown", "number", "duration", "span", "time", "quote"))
        if is_said and not is_more and not whole.of("kind"):
            self.acts = [{"act": self._there[-1], **self._style(whole)}]
            self.names = [str(item.value) for item in whole.of("clip", "mention")]
            self.rest = []

    def _put(self, clause: Clause | None) -> None:
        """Leave a clause to others; what stands side by side keeps what is between."""
        if clause is None:
            return
        begin = clause.start
        if self._is_rest:
            begin, _ = self.rest.pop()
        self.rest.append((begin, clause.end))
        self._last, self._is_rest = None, True

    def _may_begin(self, clause: Clause) -> bool:
        """Return whether a text to come may be meant: "from 1 s to 3 s", "two labels"."""
        if clause.of("unknown", "quote"):
            return False
        is_noun = bool(clause.of("kind")) and not self._style(clause)
        return is_noun or (clause.is_more and not clause.of("look", "side", "colour"))

    def _adds(self, clause: Clause, last: dict[str, Any]) -> bool:
        """Let a clause go on with the text before it; return whether it does."""
        if clause.is_more and not clause.of("number"):
            last.update(self._style(clause))
            return True
        if not self._is_line(clause, last):
            return False
        last["text"] += f"\n{clause.quotes[0]}"
        last.update(self._style(clause))
        return True

    def _is_line(self, clause: Clause, last: dict[str, Any]) -> bool:
        """Return whether a clause is one more line of the text before it."""
        is_many = last["act"] == _MANY and "text" in last and len(clause.quotes) == 1
        return is_many and not clause.of("unknown", "kind")

    def _made(self, clause: Clause, held: Clause | None) -> list[dict[str, Any]]:
        """Return the acts of a clause that says a text; none if it does not."""
        quotes = clause.quotes
        kind = self._kind(clause, held)
        if not kind:
            return []
        style = self._style(clause)
        strangers = clause.of("unknown")
        if not ({"span", "fade"} & style.keys()):
            strangers += clause.of("number")
        lost = _apart(clause, strangers, self._text) if strangers else []
        if strangers and not lost:
            return []
        adds, removes, changes = (
            clause.says("verb", verb) for verb in ("add", "remove", "change")
        )
        removes &= not (adds or (quotes and changes))
        if (removes or not quotes) and kind not in self._there:
            return []  # of what the picture shows, perhaps
        self.lost += lost
        if removes and not quotes:
            named = [str(item.value) for item in clause.of("kind")]
            is_of_all = named == ["text"] and is_all(self._said(clause))
            kinds = self._there if is_of_all else (kind,)
            return [{"act": one, "remove": True} for one in dict.fromkeys(kinds)]
        act: dict[str, Any] = {"act": kind}
        if removes:
            return [act | {"which": quotes[0], "remove": True}]
        if len(quotes) > 1 and kind != _MANY:
            act["which"] = quotes[0]
        if quotes:
            act["text"] = "\n".join(quotes) if kind == _MANY else quotes[-1]
        return [act | style] if quotes or style else []

    def _kind(self, clause: Clause, held: Clause | None) -> str:
        """Return which text a clause is of: by its noun, or by a verb and a quote."""
        has_quote, adds = bool(clause.quotes), clause.says("verb", "add")
        named = [str(item.value) for item in clause.of("kind")]
        if not named and has_quote and not clause.of("unknown"):
            named = [str(item.value) for item in held.of("kind")] if held else []
            if self._last is not None and self._last["act"] not in (_MANY, "title"):
                named = [str(self._last["act"])]  # "before" here and "after" there
        if named and named[0] != "text":
            return named[0]
        is_written = clause.says("verb", "write") and not clause.of("unknown")
        is_changed = self._is_latest and self._last is None and not (adds or is_written)
        is_changed &= not clause.of("unknown")
        if named or (is_changed and has_quote):  # "the text": the latest one
            there = self._there
            return there[-1] if there and not (adds and has_quote) else _ANY
        return _ANY if has_quote and is_written else ""

    def _style(self, clause: Clause) -> dict[str, Any]:
        """Return the place, the look and the time that a clause states."""
        found: dict[str, Any] = {}
        if at := _place([item.value for item in clause.of("side")]):
            found["at"] = at
        looks = [item.value for item in clause.of("look")]
        for look, scale in (("bigger", _STEP), ("smaller", 1 / _STEP)):
            if look in looks:
                found["scale"] = round(scale, 4)
        if factors := clause.of("factor"):
            found["scale"] = float(factors[0].value)
        if colours := clause.of("colour"):
            found["color"] = str(colours[0].value)
        fonts = [look for look in looks if look in ("serif", "mono", "sans")]
        found |= {"font": fonts[0]} if fonts else {}
        found |= {"plate": "plate" in looks} if {"plate", "bare"} & {*looks} else {}
        found |= {"track": True} if "track" in looks else {}
        return found | self._times(clause)

    def _times(self, clause: Clause) -> dict[str, Any]:
        """Return when a text is there, and how long it comes and goes."""
        is_faded = clause.says("look", "fade")
        lengths = [float(item.value) for item in clause.of("duration")]
        if is_faded and lengths:
            return {"fade": lengths[0]}
        found: dict[str, Any] = {"fade": _FADE_S} if is_faded else {}
        if not clause.of(*TIMES, "number"):
            return found
        if (part := span(self._said(clause))) is not None:
            ends = [part.start, part.end]
            found["span"] = {"shares": ends} if part.is_share else ends
        elif lengths:
            found["span"] = [0.0, lengths[0]]
        return found

    def _said(self, clause: Clause) -> str:
        """Return the words of a clause without its quotes and names."""
        said = list(self._text[clause.start : clause.end])
        for item in clause.of("quote", "kind", "clip", "mention"):
            begin, end = item.start - clause.start, item.end - clause.start
            said[begin:end] = " " * (end - begin)
        return "".join(said)


def _apart(clause: Clause, strangers: Sequence[Item], text: str) -> list[str]:
    """Return words of a text's clause that no list has, if it is one all the same.

    `add a nice title "X"` adds a title, and "nice" is left out, as "next to her" is of `label
    "X" next to her`; `add a book with the title "X"`, `put the title "X" into its name` are of
    something else.
    """
    items = clause.items
    nouns = [at for at, item in enumerate(items) if item.role == "kind"]
    if not nouns or not clause.quotes:
        return []
    said = [text[one.start : one.end] for one in strangers]
    if nouns[0] == 0 and items[1].role == "quote":
        return [" ".join(said)]
    starts = next((item.role for item in items if item.role != "fill"), "")
    places = [items.index(one) for one in strangers]
    is_right = places == list(range(nouns[0] - len(places), nouns[0]))
    return said if starts == "verb" and is_right else []


def _place(sides: Sequence[str]) -> str:
    down = [one for one in sides if one in ("top", "bottom")]
    across = [one for one in sides if one in ("left", "right")]
    named = " ".join((*down[:1], *across[:1]))
    return named or ("middle" if sides else "")


def _meant(items: Sequence[Item], state: State) -> ClipInfo | None:
    """Return the clip that a turn is about, as far as these words say."""
    named = [item.value for item in items if item.role in ("clip", "mention")]
    found = (one for name in named for one in state.clips if name in one.names)
    return next(found, state.latest)
