"""The training of what reads turns about data: it goes on, and runs as it was trained."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from nbagent.errors import SpecError
from nbagent.language import data_labels as known
from nbagent.language.data_scores import WEIGHTS, encoder_of, heard
from nbagent.language.reader import WEIGHTS as READER
from nbagent.language.reader import reader

TURNS = Path(__file__).parent / "moves"


def test_training_goes_on_and_writes_what_hears(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from nbagent.language.training.data_loop import MovesOptions, train_moves

    turns = tmp_path / "turns"
    turns.mkdir()
    lines = (TURNS / "house.jsonl").read_text("utf-8").splitlines(keepends=True)
    (turns / "few.jsonl").write_text("".join(lines[:40]), "utf-8")
    told: list[str] = []
    options = MovesOptions(
        turns=turns,
        out=tmp_path / "out.npz",
        others=Path(__file__).parent / "turns",
        weights=WEIGHTS,
        steps=2,
        batch=4,
    )
    train_moves(options, told.append)
    assert told[-1].startswith("2 of 2: loss ")
    by = encoder_of(reader().low, options.out)
    found = heard(
        "draw the line of sales", None, shown="no chart", is_figure=False, by=by
    )
    assert found.said["mark"] == "line"


def test_a_net_runs_as_it_was_trained() -> None:
    torch = pytest.importorskip("torch")
    from nbagent.language.training.data_loop import MovesNet
    from nbagent.language.training.head_net import load
    from nbagent.language.training.lower import LowerLayers
    from nbagent.language.training.stored import of_reader

    text = "let the bars of sales grow"
    net = MovesNet().eval()
    load(net, WEIGHTS)
    low, seen, pieces = LowerLayers(of_reader(READER)).batch([text])
    cues = known.cues(text, pieces[0], None, shown="no chart", is_figure=False)
    with torch.no_grad():
        logits = net(low, seen, torch.tensor([cues]))
    scores = encoder_of(reader().low).scores(text, cues)
    for head, right in zip(scores.shares.values(), logits.classes, strict=True):
        np.testing.assert_allclose(head, right[0].softmax(-1).numpy(), atol=2e-4)
    np.testing.assert_allclose(
        scores.tags, logits.tags[0].softmax(-1).numpy(), atol=2e-4
    )


def test_words_that_are_put_in_keep_their_use() -> None:
    pytest.importorskip("torch")
    from nbagent.language.training.data_turns import Maker, read

    samples = read(TURNS, without=["house"])
    maker = Maker(samples, random.Random(0))
    for one in map(maker.made, samples[:200]):
        for start, end, tag, meant in one.spans:
            assert one.text[start:end].strip()
            if tag in known.COLUMNS and one.columns:
                assert meant in one.columns or meant.casefold() in {
                    name.casefold() for name in one.columns
                }, (one.text, meant)


def test_a_line_that_is_not_as_it_should_be_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from nbagent.language.training.data_turns import read

    line = {"lang": "en", "kind": "new", "turn": "bars", "spans": [["y", "sales"]]}
    (tmp_path / "ann.jsonl").write_text(json.dumps(line), "utf-8")
    with pytest.raises(SpecError, match=r"ann.jsonl, line 1: .*not in the turn"):
        read(tmp_path)
    with pytest.raises(SpecError, match="has no labelled turns"):
        read(tmp_path, without=["ann"])
