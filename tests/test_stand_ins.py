"""Who stands in for what the world lacks, what is said to be lost, and how many there are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nbagent.cli import main as cli
from nbagent.errors import SpecError
from nbagent.language import stand_ins as standing
from nbagent.language.scenes import WEIGHTS, encoder, read_scene, read_value, stand_ins
from nbagent.language.training import scene_data
from nbagent.language.training import stand_ins as training
from nbagent.measure import scenes as measure_scenes
from nbagent.pocket import vocabulary

SCENES = Path(__file__).parent / "scenes"
HELD = SCENES / "held"


def kind(actor: str) -> str:
    return vocabulary.colour_and_noun(actor)[1]


# Who stands in


def test_judged_nouns_are_as_the_readme_says() -> None:
    nouns = scene_data.read(SCENES).nearest
    assert len({one["text"] for one in nouns}) == len(nouns) > 1_000
    held = measure_scenes.read(HELD / "nearest-world.jsonl")
    assert {one["english"] for one in held} <= {one["text"] for one in nouns}
    assert "en" not in {one["lang"] for one in held}


def test_a_noun_needs_three_actors_of_pockets(tmp_path: Path) -> None:
    (tmp_path / "scenes-x.jsonl").write_text('{"prompt": "a cat"}\n', "utf-8")
    for nearest in (["horse", "cow"], ["horse", "cow", "gnu"]):
        line = json.dumps({"text": "okapi", "lang": "en", "nearest": nearest})
        (tmp_path / "nearest-x.jsonl").write_text(line, "utf-8")
        with pytest.raises(SpecError, match=r"nearest-x\.jsonl, line 1"):
            scene_data.read(tmp_path)


def test_three_kinds_are_offered_as_they_would_be_drawn() -> None:
    for words in ("a coffee cup", "ein Regenschirm", "长颈鹿", "democracy", "?", ""):
        offers = stand_ins(words)
        assert len({kind(one) for one in offers}) == len(offers) == 3
        assert {*offers} <= {*vocabulary.ACTORS}


def test_offers_are_those_of_the_writer_more_often_than_not() -> None:
    nouns = scene_data.read(SCENES).nearest[::40]
    offers = [stand_ins(one["text"]) for one in nouns]
    figures = standing.agreement(offers, [one["nearest"] for one in nouns])
    assert figures["first"] > 0.6
    assert figures["shared"] > 1.4


def test_the_offers_of_a_sentence_are_of_its_subject() -> None:
    found = read_scene("at night a giraffe jumps over the city")
    assert "giraffe" in found.unknown_actor
    assert {*found.nearest} & {"horse", "cow", "elephant"}
    assert found.factors["motion"] == "jump"


def test_agreement_is_of_kinds() -> None:
    figures = standing.agreement(
        [("red ball", "cat", "dog"), ("pig", "cow", "bus")],
        [("white ball", "fox", "dog"), ("car", "tree", "bird")],
    )
    assert figures == {"first": 0.5, "shared": 1.0, "none": 0.5}


def test_relatives_are_in_one_fold() -> None:
    texts = ["cup", "coffee cup", "cups", "cup of tea", "kite", "kites", "gnu", "emu"]
    fold = training.folds_of(texts, 2)
    assert len({*fold[:4].tolist()}) == 1
    assert fold[4] == fold[5]
    assert {*fold.tolist()} == {0, 1}


def test_what_is_fitted_is_what_is_offered() -> None:
    chance = np.random.default_rng(0)
    states = chance.normal(size=(6, 2, 2, 8)).astype(np.float32)
    states[:, 1] = states[:, 0]
    wanted = np.zeros((6, len(vocabulary.ACTORS)), np.float32)
    names = ("cat", "yellow ball", "bus", "tree", "crab", "ufo")
    for row, name in zip(wanted, names, strict=True):
        row[vocabulary.ACTORS.index(name)] = 1
    shown = training.Shown(texts=names, states=states, wanted=wanted, tested=states)
    none = shown.where(np.zeros(6, bool))
    for weights in (training.fitted(shown, none), training.fitted(none, shown)):
        found = [standing.offered(weights, one[0])[0] for one in states]
        assert tuple(found) == names


def test_without_a_step_weights_are_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "x.npz")
    assert cli(["train-scenes", str(SCENES), "--steps", "0", "--out", out]) != 0
    assert "--weights" in capsys.readouterr().err


def test_the_weights_of_stand_ins_are_small() -> None:
    with np.load(WEIGHTS) as stored:
        names = [n for n in stored.files if n.startswith(standing.PREFIX)]
        assert 0 < sum(stored[name].nbytes for name in names) < 1_000_000
    assert standing.SLOPES in encoder().weights


def test_nouns_are_scored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = (HELD / "nearest-world.jsonl").read_text("utf-8").splitlines()[:3]
    file = tmp_path / "nearest-x.jsonl"
    file.write_text("\n".join(rows), "utf-8")
    assert cli(["eval", "scenes", str(file), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["n"] == 3
    assert 0 <= figures["first"] <= 1
    assert set(figures["languages"]) == {"de"}


# What is lost


@pytest.mark.parametrize(
    ("words", "lost"),
    [
        ("a dog with a hat", ("hat",)),  # which is a small word in German
        ("a cat on a skateboard with a hat", ("skateboard", "hat")),
        ("a monkey eating an ice cream on the beach", ("eating", "ice cream")),
        ("a tractor loaded with hay drives across the field", ("loaded", "hay")),
        ("un chat avec un chapeau", ("chapeau",)),
        ("戴帽子的狗", ("帽子",)),
        ("모자를 쓴 개", ("모자를",)),
        ("a ball, a cube and a star", ("ball",)),
        ("a ball and a cube and a star", ("star",)),
        ("a red ball crosses the beach at sunset", ()),
    ],
)
def test_what_nothing_explains_is_lost(words: str, lost: tuple[str, ...]) -> None:
    told = read_scene(words).lost
    assert all(any(one in said for said in told) for one in lost[-1:])
    assert {*told} <= {*lost}


def test_who_moves_and_is_nobody_of_the_world_is_unknown() -> None:
    found = read_scene("democracy spins")
    assert (found.unknown_actor, dict(found.factors)) == (
        "democracy",
        {"motion": "spin"},
    )
    assert dict(read_scene("democracy").factors) == {}
    assert read_scene("it spins").unknown_actor == ""
    assert read_scene("the city at night with fireworks").unknown_actor == ""


# How many


@pytest.mark.parametrize(
    ("words", "who", "near"),
    [
        ("two balls collide", ("ball", "ball"), ""),
        ("three birds fly over the sea", ("bird", "bird"), "three birds"),
        ("five red balls bounce", ("red ball", "red ball"), "five red balls"),
        ("a pair of foxes", ("fox", "fox"), ""),
        ("two cats and a dog", ("cat", "dog"), "two cats"),
        ("zwei Hunde am Strand", ("dog", "dog"), ""),
        ("dos gatos saltan en el bosque", ("cat", "cat"), ""),
        ("due cani sulla spiaggia", ("dog", "dog"), ""),
        ("三只鸟飞过大海", ("bird", "bird"), "三只鸟"),
        ("鳥が三羽、海の上を飛ぶ", ("bird", "bird"), "鳥が三羽"),
        ("고양이 두 마리가 뛴다", ("cat", "cat"), ""),
        ("a cat walks on two legs", ("cat", None), ""),
        ("a robot jumps two times", ("robot", None), ""),
        ("scene 2: a cat", ("cat", None), ""),
    ],
)
def test_two_of_a_kind_are_two(
    words: str, who: tuple[str, str | None], near: str
) -> None:
    found = read_scene(words)
    assert (found.factors.get("actor"), found.factors.get("second")) == who
    told = [said for said, drawn in found.near if drawn in ("two", "cat")]
    assert told == ([near] if near else [])


def test_a_counted_argument_is_who_it_names() -> None:
    assert read_value("two cats", "actor") == "cat"
