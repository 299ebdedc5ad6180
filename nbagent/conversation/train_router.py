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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
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
_DRAWS_PLAIN: Final = 4
_DRAWS_SLOTTED: Final = 7
_TYPO_SHARE: Final = 0.07
_COMPOUNDS: Final = 900
_HEADER: Final = re.compile(r"^==\s*(?P<label>[\w+]+)\s*(?::\s*(?P<states>[\w ]+))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Phrases that share a label: an intent, or an edit kind, and where they are said."""

    label: str
    states: tuple[str, ...]
    lang: str
    phrases: tuple[str, ...]


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
        label, states, phrases = "", ("none",), list[str]()

        def close(lang: str = path.stem) -> None:
            if label and phrases:
                grammar.sections.append(
                    Section(label=label, states=states, lang=lang, phrases=tuple(phrases))
                )

        for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("@"):
                name, _, options = line[1:].partition(" = ")
                values = tuple(o.strip() for o in options.split(" | "))
                grammar.fillers[name] = grammar.fillers.get(name, ()) + values
            elif found := _HEADER.match(line):
                close()
                label = found["label"]
                states = tuple((found["states"] or "none").split())
                phrases = []
            elif line.startswith("=="):
                raise ValueError(f"{path.name}:{number}: no header: {line!r}")
            else:
                phrases.append(line)
        close()
    return grammar


class Writer:
    """Draws turns with states from a grammar; every draw comes from one generator."""

    def __init__(self, grammar: Grammar, seed: int = SEED) -> None:
        """Start from a seed."""
        self._grammar = grammar
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
                    text = self._dress(self._expand(phrase, names), section.lang, intent)
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
                    text = self._dress(self._expand(phrase, names), section.lang, "refine")
                    yield Example(text=text, state=state, label=CLAUSES.index(label))
                    pieces = [piece for piece, _ in split_clauses(text)]
                    if len(pieces) > 1:
                        # The head sees clauses at run time: teach it the longest.
                        longest = max(pieces, key=len)
                        yield Example(text=longest, state=state, label=CLAUSES.index(label))

    def _compounds(
        self, refines: dict[str, list[tuple[str, tuple[str, ...]]]]
    ) -> Iterator[Example]:
        for lang, phrases in refines.items():
            joints = {
                "ko": (" 그리고 ", ", "),
                "zh": ("，", "，然后", "，再"),
                "es": (" y ", ", "),
                "de": (" und ", ", "),
            }.get(lang, (", ", " and ", ", and ", " and then ", ". ", ", but ", " but "))
            share = _COMPOUNDS if lang.startswith("en") else _COMPOUNDS // 12
            for _ in range(share):
                (first, states), (second, _) = self._rng.sample(phrases, 2)
                state, names = self._state(states)
                text = self._expand(first, names) + self._rng.choice(joints)
                text += self._expand(second, names)
                if self._rng.random() < 0.25:
                    third = self._rng.choice(phrases)[0]
                    text += self._rng.choice(joints) + self._expand(third, names)
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
        if rng.random() < 0.12:
            text = text[:1].upper() + text[1:]
        if rng.random() < _TYPO_SHARE and len(text) > 8 and text.isascii():
            text = self._typo(text)
        return text

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
        rng, fillers = self._rng, self._grammar.fillers
        names: dict[str, str] = {}
        if kind in ("none", "nothing"):
            if kind == "nothing":
                names["noclips"] = "1"
            return State(), names
        if kind == "text":
            return State(turns=(rng.choice(fillers["question"]),)), names
        if kind in ("data", "array"):
            variable, names = _table(rng.choice(fillers["table" if kind == "data" else "array"]))
            names["noclips"] = "1"
            return State(variables=(variable,)), names
        if kind in ("picture", "plot"):
            variable, names = _picture(rng.choice(fillers["photo" if kind == "picture" else "plot"]))
            names["noclips"] = "1"
            return State(variables=(variable,)), names
        first, names = self._clip(0)
        if kind == "clip":
            return State(clips=(first,)), names
        if kind == "clipvar":
            variable = Variable(
                name=names["cap"].split()[-1], type="Clip", ref=first.ref, summary=first.caption
            )
            names["var"] = variable.name
            return State(clips=(first,), variables=(variable,)), names
        if kind in ("running", "failed"):
            status = "failed" if kind == "failed" else rng.choice(("running", "running", "queued"))
            return State(clips=(replace(first, status=status),)), names
        if kind == "image":
            return State(clips=(replace(first, kind="image"),)), names
        if kind == "board":
            clip = replace(first, kind="storyboard", scenes=("c2", "c3", "c4"))
            return State(clips=(clip,)), names
        second, other = self._clip(1)
        names["other"] = other["cap"]
        if kind == "chain":
            second = replace(second, caption=first.caption, parent=first.ref)
            return State(clips=(first, second)), names
        if kind == "takes":
            second = replace(second, caption=first.caption, user="", group="g1")
            third = replace(second, ref="c3")
            return State(clips=(replace(first, group="g1"), second, third)), names
        if kind == "clips":
            return State(clips=(first, second)), names
        raise ValueError(f"unknown kind of state {kind!r}")

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
class Batch:
    """Examples as padded arrays: indices `(N, K)`, values `(N, K)`, labels `(N,)`."""

    indices: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


def hash_examples(
    examples: list[Example], hashed: Callable[[str, State, int], features.Sparse], bits: int
) -> Batch:
    """Hash all examples into padded arrays."""
    rows = [hashed(e.text, e.state, bits) for e in examples]
    width = max(len(i) for i, _ in rows)
    indices = np.zeros((len(rows), width), dtype=np.int32)
    values = np.zeros((len(rows), width), dtype=np.float32)
    for at, (i, v) in enumerate(rows):
        indices[at, : len(i)] = i
        values[at, : len(v)] = v
    labels = np.array([e.label for e in examples])
    return Batch(indices=indices, values=values, labels=labels)


def fit(
    batch: Batch, classes: int, bits: int, *, epochs: int = 12, seed: int = SEED
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Fit softmax regression with Adam; classes weigh as the root of their share.

    Returns:
        Weights `(features, classes)` and bias.
    """
    rng = np.random.default_rng(seed)
    size = 1 << bits
    weights = np.zeros((size, classes), dtype=np.float32)
    bias = np.zeros(classes, dtype=np.float32)
    moment, square = np.zeros_like(weights), np.zeros_like(weights)
    counts = np.bincount(batch.labels, minlength=classes).clip(1)
    balance = (counts.mean() / counts) ** 0.5
    steps, rate, size_b = 0, 0.02, 128
    total = epochs * (-(-len(batch.labels) // size_b))
    for _ in range(epochs):
        order = rng.permutation(len(batch.labels))
        for start in range(0, len(order), size_b):
            rows = order[start : start + size_b]
            idx, val, lab = batch.indices[rows], batch.values[rows], batch.labels[rows]
            logits = np.einsum("nk,nkc->nc", val, weights[idx]) + bias
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            # Soft labels: the files call one reading right where people would differ.
            target = np.full_like(p, 0.05 / classes)
            target[np.arange(len(lab)), lab] += 0.95
            error = (p - target) * balance[lab][:, None].astype(np.float32) / len(lab)
            used, inverse = np.unique(idx, return_inverse=True)
            inverse = inverse.reshape(-1)
            spread = (val[:, :, None] * error[:, None, :]).reshape(-1, classes)
            grad = np.stack(
                [np.bincount(inverse, spread[:, c], minlength=len(used)) for c in range(classes)],
                axis=1,
            ).astype(np.float32)
            steps += 1
            step = rate * (1 - steps / (total + 1))
            moment[used] = 0.9 * moment[used] + 0.1 * grad
            square[used] = 0.99 * square[used] + 0.01 * grad**2
            weights[used] -= step * (
                moment[used] / (np.sqrt(square[used]) + 1e-6) + 0.02 * weights[used]
            )
            bias -= step * 0.5 * error.sum(0)
    return weights, bias


def quantise(
    weights: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round weights to int8 with a scale per class; outliers are clipped."""
    scale = np.quantile(np.abs(weights[weights.any(1)]), 0.9995, axis=0) / 127
    scale = np.maximum(scale, 1e-8).astype(np.float32)
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8), scale


def train(grammar: Grammar, seed: int = SEED) -> dict[str, npt.NDArray[np.generic]]:
    """Draw, fit and round both heads; returns the arrays of the weights file."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    writer = Writer(grammar, seed)
    heads = (
        ("intent", list(writer.intents()), features.intent_features, INTENT_BITS, len(INTENTS)),
        ("edit", list(writer.clauses()), features.edit_features, EDIT_BITS, len(CLAUSES)),
    )
    for name, examples, hashed, bits, classes in heads:
        batch = hash_examples(examples, hashed, bits)
        weights, bias = fit(batch, classes, bits)
        rounded, scale = quantise(weights)
        arrays |= {f"{name}_weights": rounded, f"{name}_scale": scale, f"{name}_bias": bias}
    return arrays


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
