"""What may be checked of a turn of a dialogue: what it was taken for, and what it gave.

A check is a name and what is wanted; docs/conversation.md lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from nbagent.acts.plan import Control, Plan
from nbagent.conversation import shot as shots
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.take import Take


class Made:
    """What a turn of a dialogue gave: takes, or an answer, or an error."""

    def __init__(
        self,
        session: Session,
        before: dict[str, Take],
        *,
        reply: Reply | None = None,
        rendered: int = 0,
        error: str = "",
    ) -> None:
        self.reply = reply
        self.error = error
        self.before = before  # the takes that clips' names stood for when it was said
        self.rendered = rendered  # takes that a model would have had to make
        self.plan = reply.plan if reply else Plan(intent="ask")
        self.takes = reply.takes if reply else ()
        self.answer = (reply.answer if reply else None) or ""
        clips = [session.ledger.artifact(take.id) for take in self.takes]
        self.clips = [clip for clip in clips if clip]

    @property
    def parent(self) -> Take | None:
        """The take that the first one was made from."""
        if not self.takes or not self.takes[0].parents:
            return None
        first = self.takes[0].parents[0]
        return next((t for t in self.before.values() if t.id == first), None)

    @property
    def fields(self) -> dict[str, Any]:
        """What the first take shows, by the fields of its shot; its frames and pace."""
        found = {**self.takes[0].shot, "frames": self.takes[0].num_frames}
        return found | ({"fps": self.clips[0].fps} if self.clips else {})

    def found(self, name: str) -> str:
        """Say what there was instead of what a check wants."""
        take = self.takes[0] if self.takes else None
        names = {t.id: n for n, t in self.before.items()}
        said: dict[str, Callable[[], object]] = {
            "intent": lambda: self.plan.intent if self.reply else None,
            "targets": lambda: self.plan.targets,
            "acts": lambda: [act.kind for act in self.plan.acts],
            "control": lambda: self.plan.control,
            "then": lambda: self.plan.then,
            "renders": lambda: self.rendered,
            "readings": lambda: [one.intent for one in self.plan.readings],
            "offers": lambda: self.plan.offers,
        }
        of_take: dict[str, Callable[[Take], object]] = {
            "clips": lambda _: len(self.takes),
            "from": lambda take: [names.get(parent, "?") for parent in take.parents],
            "operation": lambda take: take.operation,
            "seed": lambda take: take.seed,
            "effects": lambda take: [effect.kind for effect in take.effects],
            "seconds": lambda _: [clip.duration_s for clip in self.clips],
            "fields": lambda _: self.fields,
            "kept": lambda _: self.fields,
        }
        if name in said and self.reply:
            return str(said[name]())
        if take is None:
            answer = " ".join((self.error or self.answer).split())
            return f"{self.plan.intent}, {answer!r:.140}"
        of = of_take.get(name)
        return str(of(take) if of else take.prompt)


def _from(made: Made, wanted: Any) -> bool:
    if wanted is None:
        return bool(made.takes) and not made.takes[0].parents
    names = [wanted] if isinstance(wanted, str) else wanted
    ids = [made.before[name].id if name in made.before else "" for name in names]
    return bool(made.takes) and list(made.takes[0].parents[: len(names)]) == ids


def _seed(made: Made, wanted: Any) -> bool:
    if not made.takes:
        return False
    seed = made.takes[0].seed
    if wanted in ("kept", "new"):
        same = made.parent is not None and made.parent.seed == seed
        return bool(same == (wanted == "kept"))
    return bool(seed == wanted)


def _words(text: str) -> str:
    """Return the words of a text alone, each between two spaces."""
    spaced = "".join(one if one.isalnum() else " " for one in text.casefold())
    return f" {' '.join(spaced.split())} "


def _has(text: str, word: str) -> bool:
    return _words(word) in _words(text)


def _shows(made: Made, wanted: Sequence[str]) -> bool:
    return bool(made.takes) and all(_has(made.takes[0].prompt, w) for w in wanted)


def _lacks(made: Made, wanted: Sequence[str]) -> bool:
    return bool(made.takes) and not any(_has(made.takes[0].prompt, w) for w in wanted)


def _kept(made: Made, wanted: Sequence[str]) -> bool:
    if made.parent is None:
        return False
    before = shots.from_json(made.parent.shot)
    after = shots.from_json(made.takes[0].shot)
    return all(getattr(before, name) == getattr(after, name) for name in wanted)


def _fields(made: Made, wanted: Mapping[str, Any]) -> bool:
    if not made.takes:
        return False
    return all(
        _has(str(made.fields.get(name, "")), value)
        if isinstance(value, str)
        else made.fields.get(name) == value
        for name, value in wanted.items()
    )


def _effects(made: Made, wanted: Sequence[str]) -> bool:
    kinds = [effect.kind for take in made.takes[:1] for effect in take.effects]
    return bool(made.takes) and kinds == list(wanted)


def _answer(made: Made, wanted: Sequence[str]) -> bool:
    said = made.answer.lower()
    return bool(said) and not made.takes and all(w.lower() in said for w in wanted)


def _is_control(control: Control | None, wanted: str | Mapping[str, Any]) -> bool:
    if isinstance(wanted, str):
        wanted = {"action": wanted}
    return control is not None and all(
        getattr(control, name) == value for name, value in wanted.items()
    )


def _then(made: Made, wanted: Sequence[Any]) -> bool:
    done = made.plan.then
    return len(done) == len(wanted) and all(map(_is_control, done, wanted))


def _readings(made: Made, wanted: Sequence[str]) -> bool:
    offered = [choice.intent for choice in made.plan.readings]
    listed = all(choice.says in made.answer for choice in made.plan.readings)
    is_asked = made.plan.intent == "ask" and bool(made.answer) and not made.takes
    return is_asked and listed and {*wanted} <= {*offered}


def _offers(made: Made, wanted: Sequence[str]) -> bool:
    is_asked = made.plan.intent == "ask" and bool(made.plan.offers) and not made.takes
    listed = all(one in made.answer for one in made.plan.offers)
    return is_asked and listed and {*wanted} <= {*made.plan.offers}


def _unsupported(made: Made, wanted: Sequence[str]) -> bool:
    is_one = "\n" not in made.answer and "not possible yet" in made.answer
    return made.plan.intent == "unsupported" and is_one and _answer(made, wanted)


def _again(made: Made, wanted: Sequence[str]) -> bool:
    shown = made.reply.shows if made.reply else ()
    return bool(made.answer) and not made.takes and list(shown) == list(wanted)


CHECKS: Final[Mapping[str, Callable[[Made, Any], bool]]] = {
    "intent": lambda made, want: made.reply is not None and made.plan.intent == want,
    "targets": lambda made, want: list(made.plan.targets) == want,
    "acts": lambda made, want: [act.kind for act in made.plan.acts] == want,
    "control": lambda made, want: _is_control(made.plan.control, want),
    "then": _then,
    "readings": _readings,
    "offers": _offers,
    "unsupported": _unsupported,
    "again": _again,
    "renders": lambda made, want: not made.error and made.rendered == want,
    "clips": lambda made, want: len(made.takes) == want,
    "from": _from,
    "operation": lambda made, want: (
        bool(made.takes) and made.takes[0].operation == want
    ),
    "seed": _seed,
    "shows": _shows,
    "lacks": _lacks,
    "kept": _kept,
    "fields": _fields,
    "effects": _effects,
    "seconds": lambda made, want: (
        bool(made.clips) and abs(made.clips[0].duration_s - want) < 0.05
    ),
    "answer": _answer,
    "error": lambda made, want: want.lower() in made.error.lower() and not made.takes,
}
"""What may be checked of a turn, by its name in a dialogue."""
