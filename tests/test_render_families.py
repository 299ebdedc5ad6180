"""Families that are given more than words, through the worker's job loop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbagent import media
from nbagent.errors import Cancelled, JobFailed
from nbagent.ledger import Ledger
from nbagent.media import read_video
from nbagent.models.cards import model_card
from nbagent.render.arguments import call_arguments
from nbagent.render.held_frames import KnownFrames
from nbagent.render.model_cache import Shelf
from nbagent.render.renderer import Renderer
from nbagent.take import Hold, Job, Take
from tests.tiny_pipelines import TINY, save

pytestmark = pytest.mark.filterwarnings(
    # diffusers' schedulers hand tensors to numpy 2, and back.
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:__array_wrap__ must accept:DeprecationWarning",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Save each tiny model once, with defaults of its size."""
    saved: dict[str, Path] = {}

    def find(name: str) -> Path:
        if name not in saved:
            tiny = TINY[name]
            saved[name] = save(name, tmp_path_factory.mktemp(name))
            sizes = {"height": tiny.height, "width": tiny.width}
            own = {"num_frames": tiny.num_frames, "num_inference_steps": 4, **sizes}
            (saved[name] / "defaults.json").write_text(json.dumps(own))
        return saved[name]

    return find


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as opened:
        yield opened


def take(folder: Path, **more: Any) -> Take:
    card = model_card(str(folder))
    side = card.size_multiple
    values: dict[str, Any] = {
        "operation": "generate",
        "model": card.name,
        "model_revision": card.revision,
        "prompt": "a red ball",
        "shot": {},
        "seed": 3,
        "num_frames": card.num_frames,
        "height": -(-card.height // side) * side,
        "width": -(-card.width // side) * side,
        "fps": 8.0,
        "num_inference_steps": 4,
        "guidance_scale": 3.0,
    }
    return Take(**(values | more))


def job(ledger: Ledger, asked: Take) -> Job:
    ledger.add_take(asked)
    job_id = ledger.jobs.add(asked.id, None, "interactive")
    return Job(id=job_id, take=asked, store=str(ledger.folder), checkpoint_s=0.0)


def run(ledger: Ledger, asked: Take, stop_at: int | None = None) -> dict[str, Any]:
    step = 0

    def report(progress: Any) -> None:
        nonlocal step
        step = progress.step

    return Renderer().run(
        job(ledger, asked), report=report, cancelled=lambda: step == stop_at
    )


@pytest.mark.parametrize("name", ["svd", "wan-i2v"])
def test_a_picture_moves_and_a_stopped_job_goes_on(
    name: str, folder: Callable[[str], Path], ledger: Ledger
) -> None:
    """The first frame is the picture; SVD's loop, which asks nothing, resumes too."""
    picture = np.full((32, 32, 3), (0, 200, 0), np.uint8)
    digest = ledger.put_file(media.png(picture), ".png")
    asked = take(folder(name), operation="animate", holds=(Hold(source=digest),))
    with pytest.raises(Cancelled, match="after step 2 of 4"):
        run(ledger, asked, stop_at=2)
    resumed = run(ledger, asked)
    frames = read_video(ledger.path(resumed["video"]))[0].astype(int)
    assert np.abs(frames[0] - picture[0, 0]).mean() < 8
    with Ledger(ledger.folder.parent / "other") as other:
        other.put_file(media.png(picture), ".png")
        assert run(other, asked)["latents"] == resumed["latents"]
    without = replace(asked, operation="generate", holds=())
    with pytest.raises(JobFailed, match="starts a clip from a picture"):
        run(ledger, without)


@pytest.mark.parametrize(("name", "num_frames"), [("helios", 65), ("framepack", 73)])
def test_a_clip_of_sections_begins_anew(
    name: str, num_frames: int, folder: Callable[[str], Path], ledger: Ledger
) -> None:
    """It is paused and stopped at any step, keeps no checkpoint, and ends the same."""
    picture = np.full((32, 32, 3), (0, 200, 0), np.uint8)
    held = (Hold(source=ledger.put_file(media.png(picture), ".png")),)
    asked = take(folder(name), operation="animate", holds=held, num_frames=num_frames)
    with pytest.raises(Cancelled, match="step 5 of 8: it starts afresh next time"):
        run(ledger, asked, stop_at=5)
    assert list(ledger.checkpoint_dir.iterdir()) == []
    made = run(ledger, asked)
    assert made["latents"] is None
    frames = read_video(ledger.path(made["video"]))[0].astype(int)
    assert len(frames) == num_frames
    assert np.abs(frames[0] - picture[0, 0]).mean() < 8
    with Ledger(ledger.folder.parent / "other") as other:
        other.put_file(media.png(picture), ".png")
        assert run(other, asked)["video"] == made["video"]
    with pytest.raises(JobFailed, match="cannot extend a clip, only"):
        run(ledger, replace(asked, operation="extend", parents=(asked.id,)))


def test_many_sections_are_cut_to_what_was_asked_for(
    folder: Callable[[str], Path], ledger: Ledger
) -> None:
    """Of five, Helios returns 165 frames."""
    asked = take(folder("helios"), num_frames=161, num_inference_steps=1)
    made = run(ledger, asked)
    assert len(read_video(ledger.path(made["video"]))[0]) == 161


def test_a_call_without_a_size_renders_in_the_takes(
    folder: Callable[[str], Path], ledger: Ledger
) -> None:
    """HunyuanVideo 1.5 would make squares of this: its tiny model knows no other."""
    picture = np.full((16, 32, 3), (0, 200, 0), np.uint8)
    held = (Hold(source=ledger.put_file(media.png(picture), ".png")),)
    model = folder("hunyuan-1.5-i2v")
    made = run(ledger, take(model, operation="animate", holds=held, width=32))
    assert read_video(ledger.path(made["video"]))[0].shape[1:3] == (16, 32)


def test_diffusion_forcing_makes_one_window_of_more_than_its_own(
    folder: Callable[[str], Path],
) -> None:
    """Its call would ask how the second one is to overlap."""
    loaded = Shelf().get(model_card(str(folder("skyreels-v2-df"))))
    asked = take(folder("skyreels-v2-df"), num_frames=101)
    assert call_arguments(loaded, asked, 101)["base_num_frames"] == 101


def test_the_guidance_reaches_a_guider(
    folder: Callable[[str], Path], ledger: Ledger
) -> None:
    weak, strong = (
        run(ledger, take(folder("hunyuan-1.5"), guidance_scale=scale))["latents"]
        for scale in (1.0, 6.0)
    )
    assert weak != strong


def test_what_is_held_is_given_in_the_words_of_the_pipeline(
    folder: Callable[[str], Path],
) -> None:
    shape = (9, 16, 16)
    mask = np.zeros(shape, bool)
    mask[0] = True
    mask[8, :, :8] = True
    held = KnownFrames(
        frames=np.full((*shape, 3), 7, np.uint8),
        mask=mask,
        before=np.zeros((0, 16, 16, 3), np.uint8),
        after=np.zeros((0, 16, 16, 3), np.uint8),
    )

    def given(name: str) -> dict[str, Any]:
        asked = take(folder(name), holds=(Hold(source="a.png"),))
        loaded = Shelf().get(model_card(str(folder(name))))
        return call_arguments(loaded, asked, 9, held)

    image = given("wan-i2v")
    assert np.asarray(image["image"]).max() == 7
    assert {"last_image", "video", "mask"}.isdisjoint(image)  # half of it is unknown
    vace = given("wan-vace")
    assert [int(np.asarray(m).mean()) for m in vace["mask"]] == [0, *[255] * 7, 127]
    assert [int(np.asarray(f).mean()) for f in vace["video"]] == [7, *[128] * 7, 67]
    assert "image" not in vace
    assert {"video", "mask", "image"}.isdisjoint(given("wan-unipc"))


def test_a_missing_package_is_told_before_the_model_is_loaded(
    folder: Callable[[str], Path],
) -> None:
    card = replace(model_card(str(folder("wan-unipc"))), needs=("no_such_package",))
    with pytest.raises(JobFailed, match=r"needs no_such_package.*: pip install"):
        Shelf().get(card)
