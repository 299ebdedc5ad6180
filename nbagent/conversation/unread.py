"""What a model does not read: the end of a prompt that is too long, or words at all.

Pipelines cut such a prompt and say so in a log at most. Tokens are counted here with the
model's own tokenizer, from its files alone: no torch, and nothing is loaded for a prompt
that is short enough whatever its words are.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbagent.acts.base import Act
from nbagent.acts.plan import Plan
from nbagent.errors import SpecError
from nbagent.language.tokens import script
from nbagent.models.cards import ModelCard
from nbagent.take import Take

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SPECIAL: Final = 1  # the end that T5 puts behind a text
_END: Final = "<|endoftext|>"  # CLIP's, and what it takes an unknown one for
_SHOWN: Final = 300  # characters of what is not read
# Where each token begins in the text, and how many tokens stand around all of them.
Starts = tuple[list[int], int]


def notes(take: Take, card: ModelCard) -> tuple[str, ...]:
    """Return a note for each text of a take whose end its model does not read.

    Args:
        take: Of that model. One that only re-cuts frames reads nothing.
        card: Of the model.
    """
    if take.is_recut or card.max_tokens is None:
        return ()
    texts = [("prompt", take.prompt)]
    if take.guidance_scale > 1:  # else nothing reads the other, long or short
        texts.append(("negative prompt", take.negative_prompt))
    said = (_note(what, text, card, card.max_tokens) for what, text in texts)
    return tuple(filter(None, said))


def unheard(plan: Plan, takes: Sequence[Take], card: ModelCard) -> tuple[str, ...]:
    """Return a note of the words of a turn, if its model reads none.

    Raises:
        SpecError: If only words say what a clip is to become.
    """
    if card.max_tokens is not None or all(take.is_recut for take in takes):
        return ()
    said = [act.says() for act in plan.asked if act.does == "shot" and _is_told(act)]
    if plan.intent == "refine" and said:
        raise SpecError(
            f"{card.name} does not read words, so {', '.join(said)!r} would change"
            " nothing: name a different model with --model"
        )
    said = [plan.prompt, *said] if plan.prompt else said
    told = ", ".join(said)
    if not told:
        return ()
    return (
        f"{card.name} does not read words: {told[:_SHOWN]!r} has no effect on the"
        " clip.",
    )


def _is_told(act: Act) -> bool:
    """Return whether an act reaches a model by words: takes and steps are numbers."""
    return not act.renews and act.kind != "quality"


def _note(what: str, text: str, card: ModelCard, most: int) -> str:
    # A token is at least a byte of the text.
    if len(text.encode()) + 2 <= most:
        return ""
    count = _counter(card.folder / "tokenizer")
    if count is None:
        words = text.split()
        left = " ".join(words[most - _SPECIAL :])
        number = f"{len(words) + _SPECIAL} or more"
        room = f"{most} tokens at most"
    else:
        starts, around = count(text)
        fit = most - around
        left = text[_word(text, starts[fit]) :] if len(starts) > fit else ""
        number, room = str(len(starts) + around), f"{most} tokens"
    left = " ".join(left.split()).strip(" ,;.")
    if not left:
        return ""
    shown = left if len(left) <= _SHOWN else f"{left[:_SHOWN]}..."
    return (
        f"{card.name} reads {room}, and the {what} has {number}: it misses {shown!r}."
    )


def _word(text: str, at: int) -> int:
    """Return where the word begins that a token lies in: half a word says nothing."""
    while 0 < at < len(text) and text[at].isalnum() and text[at - 1].isalnum():
        if script(text[at - 1]):  # whose words have no spaces between them
            break
        at -= 1
    return at


def _counter(folder: Path) -> Callable[[str], Starts] | None:
    """Return what counts the tokens of a model; None if that is not here."""
    files = ("tokenizer.json", "spiece.model", "tokenizer.model", "merges.txt")
    found = next((folder / name for name in files if (folder / name).is_file()), None)
    if found is None:
        return None
    try:
        return _load(found, found.stat().st_mtime_ns)
    except Exception:  # noqa: BLE001  a package or a file: the libraries raise any class
        return None  # the worker says it of a damaged file, and reads by its own


@functools.lru_cache(maxsize=2)  # of a large model, 1.5 s and 60 MB
def _load(file: Path, _changed_ns: int) -> Callable[[str], Starts]:
    if file.suffix == ".model":
        import sentencepiece

        pieces = sentencepiece.SentencePieceProcessor(model_file=str(file))
        return functools.partial(_in_pieces, pieces)
    from tokenizers import Tokenizer

    if file.suffix == ".json":
        tokenizer = Tokenizer.from_file(str(file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        around = tokenizer.num_special_tokens_to_add(is_pair=False)
    else:
        tokenizer, around = _clip(file), 2
    return functools.partial(_in_tokens, tokenizer, around)


def _in_tokens(tokenizer: Tokenizer, around: int, text: str) -> Starts:
    tokens = tokenizer.encode(text, add_special_tokens=False)
    return [start for start, _ in tokens.offsets], around


def _in_pieces(pieces: Any, text: str) -> Starts:
    """Find where each piece begins: they have the text's characters but the spaces."""
    places = [at for at, letter in enumerate(text) if not letter.isspace()]
    starts, seen = [], 0
    for piece in pieces.encode(text, out_type=str):
        starts.append(places[min(seen, len(places) - 1)])
        seen += len(piece.replace("\N{LOWER ONE EIGHTH BLOCK}", ""))
    return starts, _SPECIAL


def _clip(merges: Path) -> Tokenizer:
    """Return CLIP's tokenizer of the two files that older models have of it."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = json.loads((merges.parent / "vocab.json").read_text("utf-8"))
    # Its first line is the version, "#version: 0.2".
    lines = [line.split(" ") for line in merges.read_text("utf-8").split("\n")[1:]]
    pairs = [(line[0], line[1]) for line in lines if len(line) == 2]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=pairs,
            end_of_word_suffix="</w>",
            unk_token=_END,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Lowercase(),
        ]
    )
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    return tokenizer
