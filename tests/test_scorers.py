"""Scorers: which one is asked, what it may say, and that it can cost a clip nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbagent.errors import SpecError
from nbagent.render import scorers
from nbagent.render.scorers import Frames, Look, Scorers
from nbagent.settings import Settings

FRAMES = np.zeros((16, 64, 64, 3), np.uint8)


class Says:
    """A scorer that says one thing, or raises it."""

    def __init__(self, said: Any, models: tuple[str, ...] = ("pocket",)) -> None:
        self.models = models
        self.said = said
        self.asked = 0

    def score(self, frames: Frames, shot: Mapping[str, Any]) -> Any:
        del frames, shot
        self.asked += 1
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said


def look(found: Scorers, model: str = "pocket", **shot: Any) -> Look:
    return found.look(model, FRAMES, shot)


def test_the_first_that_takes_the_model_is_asked() -> None:
    other = Says(({"faces": 0.2}, {}), models=("wan",))
    mine = Says(({"actor": 1}, {"actor": "cat"}), models=("*",))
    last = Says(({}, {}))
    found = Scorers(
        {"other": lambda: other, "mine": lambda: mine, "last": lambda: last}
    )
    assert look(found) == Look(scores={"actor": 1.0}, seen={"actor": "cat"})
    assert look(found, "wan").scores == {"faces": 0.2}
    assert (other.asked, mine.asked, last.asked) == (1, 1, 0)
    assert look(Scorers({"other": lambda: other})) == Look()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (RuntimeError("no\nface"), r"the scorer mine failed \(RuntimeError: no face\)"),
        (SpecError("no face: smile"), r"failed \(no face: smile\)"),
        (SystemExit(), "SystemExit"),
        (None, "it said None, not"),
        (([0.5], {}), "no mapping"),
        (({"actor": float("nan")}, {}), "its score of actor is nan: use 0 to 1"),
        (({"actor": 1.5}, {}), "1.5"),
        (({"actor": "good"}, {}), "'good'"),
        (({}, {"actor": 3}), "its actor is 3"),
        (({}, {"actor": "x" * 10_000}), "use a short word"),
        (({1: 0.5}, {}), "no short word"),
        (({str(n): 0.5 for n in range(100)}, {}), "up to 64"),
    ],
)
def test_nonsense_is_one_line_and_the_next_is_asked(said: Any, line: str) -> None:
    mine, shipped = Says(said), Says(({}, {"actor": "cat"}))
    found = Scorers({"mine": lambda: mine, "shipped": lambda: shipped})
    first, second = look(found), look(found)
    assert first.seen == second.seen == {"actor": "cat"}
    with pytest.raises(AssertionError, match=line):
        raise AssertionError(first.note)
    assert "\n" not in first.note
    assert len(first.note) < 300
    assert first.note.endswith("go without it until the engine restarts")
    assert second.note == ""
    assert mine.asked == 1


def test_one_that_takes_too_long_is_left_behind() -> None:
    waits = threading.Event()

    class Slow(Says):
        def score(self, frames: Frames, shot: Mapping[str, Any]) -> Any:
            if self.asked:
                waits.wait(60)
            return super().score(frames, shot)

    slow = Slow(({"actor": 1.0}, {}))
    found = Scorers({"slow": lambda: slow}, limit_s=0.05)
    assert look(found).scores == {"actor": 1.0}
    assert "the scorer slow failed (no result after 0.05 s)" in look(found).note
    assert look(found) == Look()
    assert slow.asked == 1
    waits.set()


def test_one_that_cannot_be_made_is_one_line() -> None:
    def make() -> Says:
        raise ModuleNotFoundError("No module named 'faces'")

    assert "No module named 'faces'" in look(Scorers({"faces": make})).note


def test_a_scorer_changes_neither_the_clip_nor_its_recipe() -> None:
    class Vandal(Says):
        def score(self, frames: Frames, shot: Any) -> Any:
            shot["scene"]["actor"] = "dog"
            frames[0] = 255

    shot = {"scene": {"actor": "cat"}}
    found = Scorers({"vandal": lambda: Vandal(None)})
    assert "read-only" in found.look("pocket", FRAMES, shot).note
    assert shot == {"scene": {"actor": "cat"}}
    assert FRAMES.max() == 0


def test_looks_are_ranked_by_what_is_missing_then_by_scores() -> None:
    worst = Look()
    one = Look(scores={"actor": 0.9, "motion": 0.1})
    better = Look(scores={"actor": 0.9, "motion": 0.4})
    right = Look(scores={"actor": 0.5, "motion": 0.5})
    assert sorted([right, better, worst, one], key=lambda look: look.rank) == [
        worst,
        one,
        better,
        right,
    ]
    assert [look.is_right for look in (worst, one, right)] == [True, False, True]


def test_an_installed_scorer_wins_over_the_shipped_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(*, group: str) -> list[EntryPoint]:
        assert group == "nbagent.render.scorers"
        return [EntryPoint("mine", "tests.test_scorers:Mine", group)]

    monkeypatch.setattr(scorers, "entry_points", installed)
    assert look(Scorers.found(settings)).seen == {"actor": "mine"}


class Mine(Says):
    """What an entry point names: made without arguments."""

    def __init__(self) -> None:
        super().__init__(({}, {"actor": "mine"}))


def test_nobody_looks_where_it_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBAGENT_LOOK", "0")
    assert look(Scorers.found(Settings.from_env())) == Look()


# pocket's own


@pytest.fixture(scope="module")
def shipped() -> Scorers:
    pytest.importorskip("torch")
    return Scorers.found(Settings.from_env({}))


def red_ball(**changes: Any) -> Frames:
    from nbagent.pocket.scenery import DETAIL
    from nbagent.pocket.world import Scene, render

    scene: Any = {"actor": "red ball", "place": "beach", "motion": "left"}
    return render(Scene(**scene | changes), detail=DETAIL)


def test_pockets_own_reads_all_that_means_something(shipped: Scorers) -> None:
    seen = shipped.look("pocket", red_ball(time="night"), {}).seen
    assert seen == {
        "actor": "red ball",
        "place": "beach",
        "time": "night",
        "motion": "left",
        "pace": "normal",
        "camera": "still",
    }
    plain = shipped.look("pocket", red_ball(place="plain blue", motion="stay"), {})
    assert plain.seen == {"actor": "red ball", "place": "plain blue", "motion": "stay"}
    assert plain.scores == {}


@pytest.mark.parametrize(
    ("scene", "missing"),
    [
        ({"actor": "red ball", "motion": "across", "place": "beach"}, set()),
        (
            {"actor": "ball", "motion": "left", "second": "", "corner": "top left"},
            set(),
        ),
        ({"actor": "blue ball"}, {"colour"}),
        ({"actor": "red cube", "motion": "rise"}, {"actor", "motion"}),
        ({"actor": "cat", "time": "night"}, {"actor", "time"}),
        ({"place": "plain red", "time": "night", "camera": "pan"}, {"place"}),
        ({"motion": "stay", "pace": "fast"}, {"motion"}),
        ({"actor": "a coffee cup", "pace": 3, "who": "knows"}, set()),
    ],
)
def test_what_is_missing_is_what_was_asked_and_means_something(
    shipped: Scorers, scene: dict[str, str], missing: set[str]
) -> None:
    scores = shipped.look("pocket", red_ball(), {"scene": scene}).scores
    assert {aspect for aspect, score in scores.items() if score < 0.5} == missing


def test_an_image_and_a_longer_clip_tell_looks_alone(shipped: Scorers) -> None:
    shot = {"scene": {"actor": "red ball", "motion": "right"}}
    twice = np.concatenate([red_ball(), red_ball()])
    for frames in (red_ball()[:1], twice):
        found = shipped.look("pocket", frames, shot)
        assert set(found.seen) == {"actor", "place", "time"}
        assert set(found.scores) == {"actor", "colour"}
    assert shipped.look("pocket", red_ball()[:, :64], shot) == Look()
    assert shipped.look("pocket", red_ball(), {"scene": ["damaged"]}).note == ""


# CLIP


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of transformers' own classes, tiny and random."""
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        CLIPConfig,
        CLIPModel,
        CLIPTextConfig,
        CLIPVisionConfig,
        PreTrainedTokenizerFast,
    )

    folder = tmp_path_factory.mktemp("clip")
    words = "[pad] [unk] [end] a red ball blue cat on the beach watercolour".split()
    tokenizer = Tokenizer(
        models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="[unk]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[pad]",
        unk_token="[unk]",
        eos_token="[end]",
        model_max_length=16,
    ).save_pretrained(folder)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    torch.manual_seed(0)
    config = CLIPConfig(
        text_config=CLIPTextConfig(
            **sizes,
            vocab_size=len(words),
            max_position_embeddings=16,
            eos_token_id=2,
            bos_token_id=1,
            pad_token_id=0,
        ).to_dict(),
        vision_config=CLIPVisionConfig(**sizes, image_size=32, patch_size=8).to_dict(),
        projection_dim=16,
    )
    CLIPModel(config).save_pretrained(folder)
    return folder


def test_clip_scores_what_a_shot_has(clip_folder: Path) -> None:
    found = Scorers.found(Settings.from_env({"NBAGENT_CLIP_MODEL": str(clip_folder)}))
    shot = {"prompt": "a red ball " * 40, "core": "a red ball", "style": "watercolour"}
    frames = np.random.default_rng(0).integers(0, 256, (5, 40, 72, 3), np.uint8)
    look = found.look("Wan-AI/Wan2.1-T2V-1.3B-Diffusers", frames, shot)
    assert look.note == ""
    assert list(look.scores) == ["prompt", "subject", "style"]
    assert all(0 <= score <= 1 for score in look.scores.values())
    assert look == found.look("Wan-AI/Wan2.1-T2V-1.3B-Diffusers", frames, shot)
    assert found.look("wan", frames[:1], {}).scores == {}
    # pocket's own comes first.
    assert found.look("pocket", red_ball(), {}).seen["actor"] == "red ball"


def test_clips_numbers_are_transformers_own(clip_folder: Path) -> None:
    import torch
    from PIL import Image
    from transformers import CLIPModel

    from nbagent.render.clip_score import ClipScorer

    scorer = ClipScorer(clip_folder)
    frame = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    images = pytest.importorskip("transformers.models.clip.image_processing_pil_clip")
    pixels = images.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32)(
        Image.fromarray(frame), return_tensors="pt"
    )["pixel_values"]
    tokens = scorer._tokenizer(["a red ball", "cat"], padding=True, return_tensors="pt")
    with torch.no_grad():
        found = CLIPModel.from_pretrained(clip_folder)(
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
            pixel_values=pixels,
        )
    cosines = found.logits_per_text / found.logits_per_text.new_tensor(
        scorer._model.logit_scale.exp().item()
    )
    scores, _ = scorer.score(frame[None], {"prompt": "a red ball", "core": "cat"})
    wanted = (2.5 * cosines[:, 0]).clamp(0, 1).tolist()
    assert list(scores.values()) == pytest.approx(wanted, abs=1e-4)


def test_a_clip_that_is_not_here_is_one_line(tmp_path: Path) -> None:
    found = Scorers.found(Settings.from_env({"NBAGENT_CLIP_MODEL": str(tmp_path)}))
    note = found.look("wan", FRAMES, {"prompt": "a cat"}).note
    assert note.startswith("the scorer CLIP failed (")
    assert "\n" not in note
