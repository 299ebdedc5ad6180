"""What of a prompt is not read is told before it is rendered, word by word."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbagent.conversation import unread
from nbagent.conversation.session import Session
from nbagent.models.cards import ModelCard, model_card
from nbagent.pocket.taught import taught
from nbagent.take import Take
from tests.test_session import say

LONG = (
    "a red ball bounces on the beach with a blue cube and a green star and a yellow cat"
    " and a white dog and a purple rocket and an orange fish and a red cone, at night"
)
TOKENIZER = model_card("pocket").folder / "tokenizer"


def _take(session: Session, **values: Any) -> Take:
    (take,) = say(session, "a red ball on the beach").takes
    return replace(take, **values)


def _pocket_reads(text: str) -> str:
    """What pocket's own tokenizer leaves of a text, as the pipeline calls it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    ids = tokenizer(text, truncation=True, max_length=32).input_ids
    return str(tokenizer.decode(ids, skip_special_tokens=True))


def test_the_words_that_do_not_fit_are_told(session: Session) -> None:
    (note,) = unread.notes(_take(session, prompt=LONG), model_card("pocket"))
    left = note.partition("it misses ")[2].strip("'.")
    assert LONG.endswith(left)
    assert "reads 32 tokens" in note
    read = LONG.removesuffix(left).strip(" ,")
    # The pipeline's tokenizer stops there, in a word at most.
    assert _pocket_reads(LONG).replace(" ", "").startswith(read.replace(" ", ""))
    assert left.split()[0] not in _pocket_reads(LONG).split()[-1:]


def test_a_prompt_that_fits_has_no_note(session: Session) -> None:
    assert not [n for n in say(session, "a red ball on the beach").notes if "long" in n]


def test_what_pocket_is_told_always_fits(session: Session) -> None:
    (take,) = say(session, LONG).takes
    longest = {
        "actor": "orange heart",
        "second": "yellow star",
        "motion": "circle",
        "place": "plain yellow",
        "pace": "slow",
    }
    for prompt in (take.prompt, taught(longest), taught(longest | {"place": "snow"})):
        assert unread.notes(_take(session, prompt=prompt), model_card("pocket")) == ()


def test_a_negative_prompt_is_cut_too(session: Session) -> None:
    card = model_card("pocket")
    take = _take(session, negative_prompt=LONG)
    (note,) = unread.notes(take, card)
    assert "the negative prompt has" in note


def test_a_recut_reads_nothing(session: Session) -> None:
    take = _take(session, prompt=LONG, operation="derive", parents=("x",))
    assert unread.notes(take, model_card("pocket")) == ()


def _card(folder: Path, most: int) -> ModelCard:
    return replace(model_card("pocket"), name="m", folder=folder, max_tokens=most)


def _left(text: str, card: ModelCard, take: Take) -> str:
    """Return what is told not to be read of a text; empty if all is."""
    said = unread.notes(replace(take, prompt=text), card)
    return said[0].partition("it misses ")[2][1:-2] if said else ""


@pytest.fixture
def sentencepiece_folder(tmp_path: Path) -> Path:
    import sentencepiece

    lines = ["a red ball on the beach", "größe über den blauen Bergen", "a cat"] * 50
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "spiece.model").write_bytes(model.getvalue())
    return tmp_path


def test_pieces_of_a_sentence(session: Session, sentencepiece_folder: Path) -> None:
    import sentencepiece

    file = str(sentencepiece_folder / "tokenizer" / "spiece.model")
    pieces = sentencepiece.SentencePieceProcessor(model_file=file)
    take = _take(session)
    text = "a  red ball\non the beach größe über den blauen Bergen a cat"
    total = len(pieces.encode(text)) + 1
    assert _left(text, _card(sentencepiece_folder, total), take) == ""
    assert _left(text, _card(sentencepiece_folder, total - 1), take) == "cat"
    for most in range(4, total):
        left = _left(text, _card(sentencepiece_folder, most), take)
        assert " ".join(text.split()).endswith(left)
        before = " ".join(text.split()).removesuffix(left)
        assert len(pieces.encode(before)) <= most - 1


def test_the_two_files_of_clip(session: Session, tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz,"
    vocabulary = {c: i for i, c in enumerate(letters)}
    vocabulary |= {f"{c}</w>": i + 27 for i, c in enumerate(letters)}
    merges = [("r", "e"), ("re", "d</w>"), ("c", "a"), ("ca", "t</w>")]
    for pair in merges:
        vocabulary["".join(pair)] = len(vocabulary)
    vocabulary |= {"<|startoftext|>": 58, "<|endoftext|>": 59}
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines))
    theirs = CLIPTokenizer(vocab=vocabulary, merges=merges)
    take = _take(session)
    text = "A red cat, a  red\ndog and a bluish cat"
    total = len(theirs(text).input_ids)
    assert _left(text, _card(tmp_path, total), take) == ""
    assert _left(text, _card(tmp_path, total - 1), take) == "cat"
    assert _left(text, _card(tmp_path, total - 2), take) == "bluish cat"


def test_without_its_tokenizer_the_least_is_told(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = _take(session)
    words = " ".join(f"word{i}" for i in range(20))
    said = unread.notes(replace(take, prompt=words), _card(tmp_path, 16))
    assert said == (
        "m reads 16 tokens at most, and the prompt has 21 or more: it misses"
        " 'word15 word16 word17 word18 word19'.",
    )
    # A kernel without `nbagent[local]`, and a file that is damaged.
    unread._load.cache_clear()
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert (
        "or more" in unread.notes(replace(take, prompt=LONG), model_card("pocket"))[0]
    )
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{")
    assert unread.notes(replace(take, prompt=words), _card(tmp_path, 16)) == said


def test_languages_without_spaces_are_cut_between_letters(
    session: Session, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    letters = {c: i for i, c in enumerate("海滩上的红球在夜里弹跳")}
    tokenizer = Tokenizer(models.WordLevel({**letters, "?": 99}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    (tmp_path / "tokenizer").mkdir()
    tokenizer.save(str(tmp_path / "tokenizer" / "tokenizer.json"))
    take = _take(session)
    assert _left("海滩上的红球在夜里弹跳", _card(tmp_path, 6), take) == "在夜里弹跳"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=200),
    st.integers(2, 40),
)
def test_any_text_at_all(
    session: Session, sentencepiece_folder: Path, text: str, most: int
) -> None:
    take = _take(session)
    for folder in (TOKENIZER.parent, sentencepiece_folder, Path("/nowhere")):
        for note in unread.notes(replace(take, prompt=text), _card(folder, most)):
            assert note.startswith("m reads")


@pytest.mark.parametrize(
    ("pipeline", "most"),
    [
        ("WanPipeline", 512),
        ("CogVideoXPipeline", 226),
        ("LTXPipeline", 128),
        ("HunyuanVideoPipeline", 256),
        ("HunyuanVideo15Pipeline", 1000),
        ("AnimateDiffPipeline", 77),
        ("StableVideoDiffusionPipeline", None),
    ],
)
def test_each_family_has_its_number(pipeline: str, most: int | None) -> None:
    from nbagent.models.families import FAMILIES

    family = FAMILIES[pipeline]
    assert (family.max_sequence_length or family.max_tokens) == most


def test_the_card_has_what_the_folder_says() -> None:
    assert model_card("pocket").max_tokens == 32
