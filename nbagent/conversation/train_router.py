"""Builds the router's weights from the phrase files, reproducibly, in numpy.

    python -m nbagent.conversation.train_router

Reads `phrases/*.txt`, draws labelled turns with states from them by a fixed seed, fits
two linear heads with Adam, rounds them to int8 and writes `router.npz`. Nothing that
the router is scored on is ever read here.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from nbagent.conversation import features
from nbagent.conversation.clauses import split_clauses
from nbagent.conversation.plan import INTENTS
from nbagent.conversation.router import CLAUSES, EDIT_BITS, INTENT_BITS, WEIGHTS
from nbagent.conversation.state import ClipInfo, State, Variable

PHRASES: Final = Path(__file__).parent / "phrases"
SEED: Final = 7
# Draws of a phrase: one without slots says all it has in few states.
_DRAWS_PLAIN: Final = 3
_DRAWS_SLOTTED: Final = 5
_TYPO_SHARE: Final = 0.1
_NONSENSE_SHARE: Final = 0.4
_SYLLABLES: Final = (
    "ba ce dro fi gu ha jo kel li mor na o pli qua ri so tan u ver wi ya zo bri cham den "
    "el fro gle hin ist ker lum mel nor pan ret sti ter und wal stra thi shu cra"
).split()
_COMPOUNDS: Final = 700
# Adam's rate falls linearly from here; decay is against the rate.
_RATE: Final = 0.01
_DECAY: Final = 0.05
_SMOOTH: Final = 0.1
_FITS: Final = 4
_HEADER: Final = re.compile(r"^==\s*(?P<label>[\w+]+)\s*(?::\s*(?P<states>[\w ]+))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Phrases that share a label: an intent, or an edit kind, and where they are said."""

    label: str
    states: tuple[str, ...]
    lang: str
    phrases: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Everything the phrase files say."""

    fillers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A labelled turn: class is an index into `INTENTS` or `CLAUSES`."""

    text: str
    state: State
    label: int


def read_phrases(folder: Path = PHRASES) -> Grammar:
    """Read all phrase files.

    `@name = a | b` names fillers, `== label : states` opens a section, other lines are
    phrases with `{filler}` and `(one|other|)`; `#` begins a comment.
    """
    grammar = Grammar()
    for path in sorted(folder.glob("*.txt")):
        phrases: list[str] = []
        for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
            line = raw.strip()
            if line.startswith("@"):
                name, _, options = line[1:].partition(" = ")
                values = tuple(o.strip() for o in options.split(" | "))
                grammar.fillers[name] = grammar.fillers.get(name, ()) + values
            elif found := _HEADER.match(line):
                phrases = []
                section = Section(
                    label=found["label"],
                    states=tuple((found["states"] or "none").split()),
                    lang=path.stem,
                    phrases=phrases,
                )
                grammar.sections.append(section)
            elif line.startswith("=="):
                raise ValueError(f"{path.name}:{number}: no header: {line!r}")
            elif line and not line.startswith("#"):
                phrases.append(line)
    return grammar


def frame_words(grammar: Grammar) -> frozenset[str]:
    """Return the words that frame requests: those of two phrases or more, by letter.

    What fills the slots of phrases is content: there are always more cats.
    """
    counts: Counter[str] = Counter()
    for section in grammar.sections:
        for phrase in section.phrases:
            plain = re.sub(r"\{\w+\}", " ", phrase.lower())
            counts.update(set(re.findall(r"[a-z0-9äöüßáéíóúñ@:'’]+", plain)))
    return frozenset(word for word, count in counts.items() if count > 1)


def content_words(grammar: Grammar) -> frozenset[str]:
    """Return the words that fill the slots of phrases."""
    options = " ".join(o for values in grammar.fillers.values() for o in values)
    return frozenset(re.findall(r"[a-z]{5,}", options.lower()))


def _text(words: frozenset[str]) -> npt.NDArray[np.uint8]:
    """Return words as an array that loads without a pickle."""
    return np.frombuffer(" ".join(sorted(words)).encode(), dtype=np.uint8)


class Writer:
    """Draws turns with states from a grammar; every draw comes from one generator."""

    def __init__(
        self, grammar: Grammar, known: frozenset[str], seed: int = SEED
    ) -> None:
        """Start from a seed."""
        self._grammar = grammar
        self._known = known
        self._rng = random.Random(seed)

    def intents(self) -> Iterator[Example]:
        """Draw labelled turns for the head of the intents."""
        refines: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for section in self._grammar.sections:
            label = section.label
            if label in ("talk", "clause_control"):
                continue
            intent = label if label in INTENTS else "refine"
            if intent == "refine":
                refines.setdefault(section.lang, []).extend(
                    (p, section.states) for p in section.phrases
                )
            for phrase in section.phrases:
                draws = _DRAWS_SLOTTED if "{" in phrase else _DRAWS_PLAIN
                for _ in range(draws):
                    state, names = self._state(section.states)
                    text = self._dress(
                        self._expand(phrase, names), section.lang, intent
                    )
                    yield Example(text=text, state=state, label=INTENTS.index(intent))
        yield from self._compounds(refines)

    def clauses(self) -> Iterator[Example]:
        """Draw labelled clauses for the head of the edit kinds."""
        for section in self._grammar.sections:
            label = section.label.replace("clause_", "")
            if label not in CLAUSES:
                continue
            for phrase in section.phrases:
                for _ in range(_DRAWS_SLOTTED if "{" in phrase else 2):
                    state, names = self._state(section.states)
                    text = self._dress(
                        self._expand(phrase, names), section.lang, "refine"
                    )
                    yield Example(text=text, state=state, label=CLAUSES.index(label))
                    pieces = [piece for piece, _ in split_clauses(text)]
                    if len(pieces) > 1:
                        # The head sees clauses at run time: teach it the longest.
                        longest = max(pieces, key=len)
                        yield Example(
                            text=longest, state=state, label=CLAUSES.index(label)
                        )

    def _compounds(
        self, refines: dict[str, list[tuple[str, tuple[str, ...]]]]
    ) -> Iterator[Example]:
        acts: dict[str, list[str]] = {lang: [] for lang in refines}
        for section in self._grammar.sections:
            if section.label == "clause_control":
                # English is split over several files of which one has the acts.
                for lang in acts:
                    if lang[:2] == section.lang[:2]:
                        acts[lang] += section.phrases
        for lang, phrases in refines.items():
            joints = {
                "ko": (" 그리고 ", ", "),
                "zh": ("，", "，然后", "，再"),
                "es": (" y ", ", "),
                "de": (" und ", ", "),
            }.get(
                lang, (", ", " and ", ", and ", " and then ", ". ", ", but ", " but ")
            )
            share = _COMPOUNDS if lang.startswith("en") else _COMPOUNDS // 12
            for _ in range(share):
                (first, states), (second, _) = self._rng.sample(phrases, 2)
                state, names = self._state(states)
                text = self._expand(first, names) + self._rng.choice(joints)
                text += self._expand(second, names)
                if self._rng.random() < 0.25:
                    third = self._rng.choice(phrases)[0]
                    text += self._rng.choice(joints) + self._expand(third, names)
                if acts[lang] and self._rng.random() < 0.15:
                    # "slower, and save it" is a refine with an act after it.
                    act = self._rng.choice(acts[lang])
                    text = self._expand(first, names) + self._rng.choice(joints)
                    text += self._expand(act, names)
                text = self._dress(text, lang, "refine")
                yield Example(text=text, state=state, label=INTENTS.index("refine"))

    def _expand(self, phrase: str, names: dict[str, str]) -> str:
        """Draw one text of a phrase."""
        rng = self._rng
        for _ in range(12):
            phrase = re.sub(
                r"\(([^()]*\|[^()]*)\)", lambda m: rng.choice(m[1].split("|")), phrase
            )
            found = re.search(r"\{(\w+)\}", phrase)
            if not found:
                break
            name = found[1]
            options = self._grammar.fillers.get(name)
            if name in names:
                said = names[name]
            elif options:
                said = rng.choice(options)
            else:
                raise ValueError(f"unknown filler {{{name}}} in {phrase!r}")
            phrase = phrase[: found.start()] + said + phrase[found.end() :]
        return re.sub(r"\s+", " ", phrase).strip()

    def _dress(self, text: str, lang: str, intent: str) -> str:
        """Say a turn as people type it: polite, rambling, capitalised, with a typo."""
        rng = self._rng
        if lang.startswith("en"):
            if rng.random() < 0.1:
                text = rng.choice(self._grammar.fillers["opener"]) + text
            if rng.random() < 0.1:
                text += rng.choice(self._grammar.fillers["closer"])
            if rng.random() < 0.06 and intent not in ("ask", "chat"):
                text = f"{self._expand('{ramble}', {})} {text}"
            if rng.random() < 0.04 and intent not in ("ask", "chat"):
                text = f"{text}. {self._expand('{coda}', {})}"
        if lang[:2] in ("en", "es", "de") and rng.random() < _NONSENSE_SHARE:
            text = re.sub(r"[A-Za-zäöüßáéíóúñ]{3,}", self._nonsense, text)
        if rng.random() < 0.12:
            text = text[:1].upper() + text[1:]
        if rng.random() < _TYPO_SHARE and len(text) > 8 and text.isascii():
            text = self._typo(text)
        return text

    def _nonsense(self, found: re.Match[str]) -> str:
        """Put a made-up word in the place of content, most of the time.

        The heads must not lean on which cats and boats the files happen to name.
        """
        word = found[0]
        if word.lower() in self._known or self._rng.random() < 0.3:
            return word
        ending = next((e for e in ("ing", "ly", "ed", "s") if word.endswith(e)), "")
        letters = self._rng.choices(_SYLLABLES, k=self._rng.choice((1, 2, 2, 3)))
        return "".join(letters) + ending

    def _typo(self, text: str) -> str:
        rng = self._rng
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(1, len(text) - 1)
            if not (text[at].isalpha() and text[at - 1].isalpha()):
                continue
            how = rng.randrange(3)
            if how == 0:
                text = text[:at] + text[at + 1 :]
            elif how == 1:
                text = text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
            else:
                text = text[:at] + text[at] + text[at:]
        return text

    def _state(self, kinds: tuple[str, ...]) -> tuple[State, dict[str, str]]:
        """Draw a state of one of the kinds, and the names that its phrases may use."""
        state, names = self._bare_state(self._rng.choice(kinds))
        rng = self._rng
        fillers = self._grammar.fillers
        # Any notebook may hold tables beside the clips, and clips beside the tables.
        if rng.random() < 0.18 and not state.variables:
            table, _ = _table(rng.choice(fillers["table"]))
            state = replace(state, variables=(table,))
        elif rng.random() < 0.12 and state.variables and not state.clips:
            if not names.get("noclips"):
                state = replace(state, clips=(self._clip(0)[0],))
        names.setdefault("the", "the clip")
        names["it"] = rng.choice(
            ("it", "it", "it", "this", "that", "the clip", "the video", names["the"])
        )
        return state, names

    def _bare_state(self, kind: str) -> tuple[State, dict[str, str]]:
        if kind in ("none", "nothing"):
            return State(), {"noclips": "1"} if kind == "nothing" else {}
        if kind == "text":
            question = self._rng.choice(self._grammar.fillers["question"])
            return State(turns=(question,)), {}
        if kind in ("data", "array", "picture", "plot"):
            variable, names = self._variable(kind)
            return State(variables=(variable,)), {**names, "noclips": "1"}
        return self._clips(kind)

    def _variable(self, kind: str) -> tuple[Variable, dict[str, str]]:
        rng, fillers = self._rng, self._grammar.fillers
        if kind in ("picture", "plot"):
            return _picture(
                rng.choice(fillers["photo" if kind == "picture" else "plot"])
            )
        variable, names = _table(
            rng.choice(fillers["table" if kind == "data" else "array"])
        )
        # A caller may know the columns, or only a summary that names some or none.
        how = rng.random()
        if how < 0.5:
            variable = replace(variable, columns=())
        if how < 0.3:
            said = " and ".join(rng.sample((names["col"], "id", "date", "place"), 2))
            variable = replace(variable, summary=f"{variable.summary} with {said}")
        return variable, names

    def _clips(self, kind: str) -> tuple[State, dict[str, str]]:
        first, names = self._clip(0)
        second, other = self._clip(1)
        names["other"] = other["cap"]
        again = replace(second, caption=first.caption, user="")
        group = tuple(
            replace(c, group="g1") for c in (first, again, replace(again, ref="c3"))
        )
        status = self._rng.choice(("running", "running", "queued"))
        board = replace(first, kind="storyboard", scenes=("c2", "c3", "c4"))
        states: dict[str, tuple[ClipInfo, ...]] = {
            "clip": (first,),
            "clipvar": (first,),
            "running": (replace(first, status=status),),
            "failed": (replace(first, status="failed"),),
            "image": (replace(first, kind="image"),),
            "board": (board,),
            "chain": (first, replace(again, parent=first.ref)),
            "takes": group,
            "clips": (first, second),
        }
        if kind not in states:
            raise ValueError(f"unknown kind of state {kind!r}")
        if kind != "clipvar":
            return State(clips=states[kind]), names
        name = names["cap"].split()[-1]
        variable = Variable(
            name=name, type="Clip", ref=first.ref, summary=first.caption
        )
        return State(clips=states[kind], variables=(variable,)), {**names, "var": name}

    def _clip(self, index: int) -> tuple[ClipInfo, dict[str, str]]:
        marked = self._rng.choice(self._grammar.fillers["caption"])
        found = re.search(r"\[(.+?)\]", marked)
        noun = found[1] if found else "clip"
        caption = marked.replace("[", "").replace("]", "")
        prefix = self._rng.choice(("c", "clip"))
        clip = ClipInfo(ref=f"{prefix}{index + 1}", caption=caption, user=caption)
        return clip, {"cap": noun, "the": f"the {noun}", "ref": clip.ref}


def _table(line: str) -> tuple[Variable, dict[str, str]]:
    """Read "orders ; DataFrame ; online orders ; orders ; country, price"."""
    name, kind, summary, rows, columns = (part.strip() for part in line.split(";"))
    cols = [c.strip() for c in columns.split(",")]
    pick = cols[len(summary) % len(cols)]
    variable = Variable(name=name, type=kind, summary=summary, columns=tuple(cols))
    return variable, {"var": name, "rows": rows, "col": pick, "the": f"the {name}"}


def _picture(line: str) -> tuple[Variable, dict[str, str]]:
    """Read "portrait ; PIL.Image ; photo of an old [fisherman]"."""
    name, kind, summary = (part.strip() for part in line.split(";"))
    found = re.search(r"\[(.+?)\]", summary)
    noun = found[1] if found else "picture"
    clean = summary.replace("[", "").replace("]", "")
    variable = Variable(name=name, type=kind, summary=clean)
    return variable, {"var": name, "cap": noun, "the": f"the {noun}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Hashed examples, one after the other: row i is `starts[i]` to `starts[i + 1]`."""

    indices: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]


def hash_examples(
    examples: list[Example],
    hashed: Callable[[str, State, int], features.Sparse],
    bits: int,
) -> Rows:
    """Hash all examples."""
    rows = [hashed(e.text, e.state, bits) for e in examples]
    return Rows(
        indices=np.concatenate([i for i, _ in rows]),
        values=np.concatenate([v for _, v in rows]),
        starts=np.cumsum([0, *(len(i) for i, _ in rows)]),
        labels=np.array([e.label for e in examples]),
    )


def fit(
    data: Rows, classes: int, bits: int, *, epochs: int = 8, seed: int = SEED
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Fit softmax regression with Adam; classes weigh as the root of their share.

    Returns:
        Weights `(features, classes)` and bias.
    """
    rng = np.random.default_rng(seed)
    weights = np.zeros((1 << bits, classes), dtype=np.float32)
    bias = np.zeros(classes, dtype=np.float32)
    moment, square = np.zeros_like(weights), np.zeros_like(weights)
    counts = np.bincount(data.labels, minlength=classes).clip(1)
    balance = ((counts.mean() / counts) ** 0.5).astype(np.float32)
    batch = 128
    steps = epochs * -(-len(data.labels) // batch)
    step = 0
    for _ in range(epochs):
        order = rng.permutation(len(data.labels))
        for at in range(0, len(order), batch):
            rows = order[at : at + batch]
            lengths = data.starts[rows + 1] - data.starts[rows]
            ends = np.cumsum(lengths)
            owner = np.repeat(np.arange(len(rows)), lengths)
            flat = np.arange(ends[-1]) + np.repeat(
                data.starts[rows] - ends + lengths, lengths
            )
            idx, val, lab = data.indices[flat], data.values[flat], data.labels[rows]
            logits = np.add.reduceat(weights[idx] * val[:, None], ends - lengths) + bias
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            # Soft labels: the files call one reading right where people would differ.
            target = np.full_like(p, _SMOOTH / classes)
            target[np.arange(len(lab)), lab] += 1 - _SMOOTH
            error = (p - target) * balance[lab][:, None] / len(lab)
            by_index = np.argsort(idx, kind="stable")
            used, first = np.unique(idx[by_index], return_index=True)
            spread = val[by_index, None] * error[owner[by_index]]
            grad = np.add.reduceat(spread, first)
            step += 1
            rate = _RATE * (1 - step / (steps + 1))
            moment[used] = 0.9 * moment[used] + 0.1 * grad
            square[used] = 0.99 * square[used] + 0.01 * grad**2
            move = moment[used] / (np.sqrt(square[used]) + 1e-6)
            weights[used] -= rate * (move + _DECAY * weights[used])
            bias -= rate * error.sum(0)
    return weights, bias


def quantise(
    weights: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round weights to int8 with a scale per class; outliers are clipped."""
    scale = np.quantile(np.abs(weights[weights.any(1)]), 0.9995, axis=0) / 127
    scale = np.maximum(scale, 1e-8)
    rounded = np.clip(np.round(weights / scale), -127, 127).astype(np.int8)
    return rounded, scale.astype(np.float32)


def train(grammar: Grammar, seed: int = SEED) -> dict[str, npt.NDArray[np.generic]]:
    """Draw, fit and round both heads; returns the arrays of the weights file."""
    known = frame_words(grammar)
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "frame": _text(known),
        "content": _text(content_words(grammar) - known),
    }
    fit_draw = partial(_fit_draw, grammar=grammar, known=known)
    for name, classes in (("intent", len(INTENTS)), ("edit", len(CLAUSES))):
        # The mean of a few fits, each to its own draw: how the dice of one draw fell
        # moved single figures by two points.
        fits = [fit_draw(name, classes, seed + n) for n in range(_FITS)]
        rounded, scale = quantise(np.mean([w for w, _ in fits], axis=0))
        arrays |= {
            f"{name}_weights": rounded,
            f"{name}_scale": scale,
            f"{name}_bias": np.mean([b for _, b in fits], axis=0, dtype=np.float32),
        }
    return arrays


def _fit_draw(
    name: str, classes: int, seed: int, *, grammar: Grammar, known: frozenset[str]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Draw turns or clauses by a seed and fit one head to them."""
    writer = Writer(grammar, known, seed)
    hashes = frozenset(map(features.word_hash, known))
    if name == "intent":
        hashed = partial(features.intent_features, known=hashes)
        rows = hash_examples(list(writer.intents()), hashed, INTENT_BITS)
        return fit(rows, classes, INTENT_BITS, seed=seed)
    hashed = partial(features.edit_features, known=hashes)
    rows = hash_examples(list(writer.clauses()), hashed, EDIT_BITS)
    return fit(rows, classes, EDIT_BITS, seed=seed)


def main() -> None:
    """Train from the shipped phrase files and write the shipped weights."""
    grammar = read_phrases()
    phrases = sum(len(s.phrases) for s in grammar.sections)
    arrays = train(grammar)
    # Kinds are float32 and int8 only: the file loads with allow_pickle=False.
    np.savez_compressed(WEIGHTS, **arrays)  # type: ignore[arg-type]  # numpy's stub
    size = WEIGHTS.stat().st_size
    sys.stdout.write(f"{phrases} phrases -> {WEIGHTS.name}, {size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
