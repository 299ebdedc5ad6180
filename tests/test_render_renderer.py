"""The worker's job loop on real pipelines and a real ledger: drills and properties."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from nbagent import media
from nbagent.artifacts import store_frames
from nbagent.errors import Cancelled, JobFailed
from nbagent.ledger import Artifact, Ledger
from nbagent.media import read_recipe, read_video
from nbagent.models.cards import ModelCard, model_card
from nbagent.render.renderer import Renderer
from nbagent.take import Effect, Hold, Job, Progress, Take
from tests.tiny_pipelines import save

STEPS = 5


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of pocket's own classes on disk, as a user would have one."""
    folder = save("pocket-like", tmp_path_factory.mktemp("model"))
    (folder / "defaults.json").write_text(
        '{"fps": 8, "height": 16, "width": 16, "num_frames": 8,'
        ' "max_sequence_length": 16}'
    )
    return folder


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """One worker's renderer for all tests: that it survives them is part of them."""
    return Renderer()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as opened:
        yield opened


@pytest.fixture
def card(model: Path) -> ModelCard:
    return model_card(str(model))


def take(card: ModelCard, **more: Any) -> Take:
    values: dict[str, Any] = {
        "operation": "generate",
        "model": card.name,
        "model_revision": card.revision,
        "prompt": "a red ball",
        "request": "a red ball please",
        "shot": {},
        "seed": 3,
        "num_frames": 8,
        "height": 16,
        "width": 16,
        "fps": 8.0,
        "num_inference_steps": STEPS,
        "guidance_scale": 3.0,
    }
    return Take(**(values | more))


def job(ledger: Ledger, asked: Take, checkpoint_s: float = 0.0) -> Job:
    ledger.add_take(asked)
    job_id = ledger.jobs.add(asked.id, None, "interactive")
    return Job(
        id=job_id, take=asked, store=str(ledger.folder), checkpoint_s=checkpoint_s
    )


class Watch:
    """Collects progress, and stops the job where it is told to."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: list[Progress] = []
        self.stop_at = stop_at
        self.on_step: Callable[[int], None] | None = None

    def report(self, progress: Progress) -> None:
        self.seen.append(progress)
        if progress.phase == "denoise" and progress.step and self.on_step:
            self.on_step(progress.step)

    def cancelled(self) -> bool:
        return bool(self.seen) and self.seen[-1].step == self.stop_at


def run(renderer: Renderer, work: Job, watch: Watch | None = None) -> dict[str, Any]:
    watch = watch or Watch()
    return renderer.run(work, report=watch.report, cancelled=watch.cancelled)


def artifact(ledger: Ledger, asked: Take) -> Artifact:
    found = ledger.artifact(asked.id)
    assert found is not None
    return found


def test_a_take_becomes_a_clip(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    asked = take(card)
    work, watch = job(ledger, asked), Watch()
    facts = run(renderer, work, watch)

    made = artifact(ledger, asked)
    assert made.video is not None
    frames, fps = read_video(ledger.path(made.video))
    assert frames.shape == (8, 16, 16, 3)
    assert fps == 8
    assert read_recipe(ledger.path(made.video)) == json.loads(
        json.dumps(asked.to_recipe())
    )
    assert facts["video"] == made.video
    json.dumps(facts)
    assert ledger.jobs.get(work.id).state == "done"
    assert list(ledger.checkpoint_dir.iterdir()) == []

    phases = list(dict.fromkeys(p.phase for p in watch.seen))
    assert phases == ["load", "encode", "denoise", "decode", "write"]
    steps = [p.step for p in watch.seen if p.phase == "denoise"]
    assert steps == list(range(STEPS))
    assert {p.state for p in watch.seen} == {"running"}
    # A remaining time is told once two steps were timed, never before.
    known = {p.step: p.eta_s for p in watch.seen if p.phase == "denoise"}
    assert [known[step] is None for step in range(4)] == [True, True, False, False]
    assert watch.seen[-1].eta_s == 0


def test_no_room_for_a_checkpoint_is_one_line(
    renderer: Renderer,
    ledger: Ledger,
    card: ModelCard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = tempfile.mkstemp

    def on_a_full_disk(**more: Any) -> tuple[int, str]:
        if more.get("suffix") != ".tmp":  # not the checkpoint's
            return make(**more)
        link = tmp_path / "full.tmp"
        link.symlink_to("/dev/full")
        return os.open(link, os.O_WRONLY), str(link)

    monkeypatch.setattr(tempfile, "mkstemp", on_a_full_disk)
    with pytest.raises(JobFailed, match=r"no space left for .*: free some and run"):
        run(renderer, job(ledger, take(card)))


def test_a_parent_that_is_not_there_is_rendered_first(
    renderer: Renderer, ledger: Ledger, card: ModelCard, tmp_path: Path
) -> None:
    parent = take(card)
    child = take(card, operation="remix", strength=0.6, parents=(parent.id,))
    ledger.add_take(parent)
    watch = Watch()
    run(renderer, job(ledger, child), watch)
    labels = dict.fromkeys(progress.message for progress in watch.seen)
    assert list(labels) == ["part 1 of 2", "part 2 of 2"]
    with Ledger(tmp_path / "alone") as other:
        run(renderer, job(other, parent))
        run(renderer, job(other, child))
        for made in (parent, child):
            assert artifact(other, made).video == artifact(ledger, made).video


def test_what_is_kept_early_is_a_take_of_its_own(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    asked = take(card)
    work, watch = job(ledger, asked), Watch()
    heard = []

    def keep(step: int) -> None:
        if step == 2:
            heard.append(renderer.keep(work))

    watch.on_step = keep
    assert renderer.keep(work) is False  # it does not run
    facts = run(renderer, work, watch)
    assert heard == [True]
    assert facts["message"] == f"kept as it looked at step 3 of {STEPS}"
    assert ledger.artifact(asked.id) is None  # its own clip is another

    kept = ledger.take(ledger.jobs.get(work.id).take_id)
    assert kept == replace(asked, stop_step=3)
    made = artifact(ledger, kept)
    assert made.video is not None
    assert read_recipe(ledger.path(made.video))["stop_step"] == 3  # type: ignore[index]
    # The recipe renders to the same bytes, and the first take still to its end.
    again = Ledger(ledger.folder.parent / "again")
    run(renderer, job(again, kept))
    assert artifact(again, kept).video == made.video
    run(renderer, job(ledger, asked))
    run(renderer, job(again, asked))
    assert artifact(ledger, asked).latents == artifact(again, asked).latents


@pytest.mark.parametrize("step", [1, STEPS - 1])
def test_a_run_that_is_redirected_to_its_own_words_is_itself(
    renderer: Renderer, ledger: Ledger, card: ModelCard, step: int
) -> None:
    asked = take(card)
    same = replace(asked, operation="redirect", redirect_step=step, parents=(asked.id,))
    ledger.add_take(asked)  # its run alone is needed, not its clip
    run(renderer, job(ledger, same))
    assert ledger.artifact(asked.id) is None
    run(renderer, job(ledger, asked))
    assert artifact(ledger, same).latents == artifact(ledger, asked).latents


def test_a_redirected_run_begins_as_its_parent_and_replays(
    renderer: Renderer, ledger: Ledger, card: ModelCard, tmp_path: Path
) -> None:
    parent = take(card)
    turned = replace(
        parent,
        operation="redirect",
        prompt="a blue star",
        redirect_step=2,
        parents=(parent.id,),
    )
    again = replace(
        turned, prompt="a cat", redirect_step=3, parents=(turned.id,), seed=parent.seed
    )
    # The parent was stopped after a step: its run goes on from there.
    with pytest.raises(Cancelled):
        run(renderer, job(ledger, parent), Watch(stop_at=1))
    watch = Watch()
    run(renderer, job(ledger, turned), watch)
    steps = [(p.message, p.step) for p in watch.seen if p.phase == "denoise"]
    assert steps[:2] == [("as before", 1), ("as before", 2)]
    assert [step for message, step in steps if not message] == list(range(STEPS - 2))
    run(renderer, job(ledger, again))
    with Ledger(tmp_path / "elsewhere") as other:
        for one in (parent, turned):
            other.add_take(one)
        run(renderer, job(other, again))
        assert artifact(other, again).latents == artifact(ledger, again).latents
        run(renderer, job(other, turned))
        assert artifact(other, turned).video == artifact(ledger, turned).video
    made = {artifact(ledger, one).latents for one in (turned, again)}
    run(renderer, job(ledger, parent))
    assert len(made | {artifact(ledger, parent).latents}) == 3


def test_a_remix_is_redirected_though_its_parent_is_gone(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    parent = take(card)
    child = take(card, operation="remix", strength=0.6, parents=(parent.id,))
    turned = replace(child, operation="redirect", redirect_step=1, parents=(child.id,))
    for one in (parent, child):
        ledger.add_take(one)
    run(renderer, job(ledger, turned))
    assert ledger.artifact(parent.id) is not None  # its latents are where it began
    assert ledger.artifact(child.id) is None
    run(renderer, job(ledger, child))
    assert artifact(ledger, turned).latents == artifact(ledger, child).latents


def test_the_clip_is_the_stock_pipelines(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    asked = take(card)
    run(renderer, job(ledger, asked))
    loaded = renderer.shelf.kept[-1]
    stock = loaded.pipe(
        prompt=asked.prompt,
        num_frames=7,  # the quirk of a VAE without temporal compression: 8 come out
        height=16,
        width=16,
        num_inference_steps=STEPS,
        guidance_scale=3.0,
        max_sequence_length=16,
        generator=torch.Generator().manual_seed(asked.seed),
        output_type="latent",
    ).frames
    latents = artifact(ledger, asked).latents
    assert latents is not None
    assert torch.equal(load_file(ledger.path(latents))["latents"], stock)


def test_the_same_take_is_rendered_once(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    asked = take(card)
    first = run(renderer, job(ledger, asked))
    watch = Watch()
    assert run(renderer, job(ledger, asked), watch) == first
    assert watch.seen == []


def test_the_same_take_is_the_same_bytes_elsewhere(
    renderer: Renderer, tmp_path: Path, card: ModelCard
) -> None:
    made = []
    for name in ("one", "two"):
        with Ledger(tmp_path / name) as other:
            made.append(run(renderer, job(other, take(card))))
    assert made[0]["latents"] == made[1]["latents"]
    assert made[0]["video"] == made[1]["video"]


def test_an_image_is_the_first_frame_of_the_smallest_clip(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    asked = take(card, media="image", num_frames=1)
    facts = run(renderer, job(ledger, asked))
    made = artifact(ledger, asked)
    assert made.video is None
    assert made.num_frames == 1
    assert facts["message"] == "a still: the first of 2 frames"
    picture = np.asarray(Image.open(ledger.path(made.poster)))
    assert picture.shape == (16, 16, 3)
    recipe = read_recipe(ledger.path(made.poster))
    assert recipe is not None
    assert recipe["prompt"] == asked.prompt


def test_effects_are_in_the_file(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    asked = take(card, effects=(Effect(kind="speed", speed=0.5),))
    facts = run(renderer, job(ledger, asked))
    assert facts["fps"] == 4
    assert facts["duration_s"] == 2


@pytest.mark.parametrize("step", [1, 3])
def test_cancel_then_go_on_to_the_same_bytes(
    renderer: Renderer, ledger: Ledger, tmp_path: Path, card: ModelCard, step: int
) -> None:
    with Ledger(tmp_path / "undisturbed") as other:
        wanted = run(renderer, job(other, take(card)))
    work, watch = job(ledger, take(card)), Watch(stop_at=step)
    with pytest.raises(Cancelled, match=f"after step {step} of {STEPS}"):
        run(renderer, work, watch)
    assert watch.seen[-1].step == step  # within one step
    assert ledger.jobs.get(work.id).state == "cancelled"

    again = Watch()
    facts = run(renderer, work, again)
    assert facts["latents"] == wanted["latents"]
    assert facts["video"] == wanted["video"]
    steps = [p.step for p in again.seen if p.phase == "denoise"]
    assert steps == list(range(step, STEPS))


def test_killed_in_the_middle_resumes_to_the_same_bytes(
    renderer: Renderer, ledger: Ledger, tmp_path: Path, card: ModelCard
) -> None:
    """kill -9 of a real worker process after step 3; a new one goes on from there."""
    with Ledger(tmp_path / "undisturbed") as other:
        wanted = run(renderer, job(other, take(card)))
    work = job(ledger, take(card))
    script = """
import os, signal, sys
from pathlib import Path
from nbagent.ledger import Ledger
from nbagent.render.renderer import Renderer
from nbagent.take import Job
store, job_id = sys.argv[1:]
with Ledger(Path(store)) as ledger:
    take = ledger.take(ledger.jobs.get(job_id).take_id)
def report(progress):
    if progress.phase == "denoise" and progress.step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
job = Job(id=job_id, take=take, store=store, checkpoint_s=0)
Renderer().run(job, report=report, cancelled=lambda: False)
"""
    # The same number of threads as here: it is part of what makes floats equal.
    env = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    killed = subprocess.run(
        [sys.executable, "-c", script, work.store, work.id], env=env, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert ledger.jobs.get(work.id).state == "running"

    watch = Watch()
    facts = run(renderer, work, watch)
    assert facts["latents"] == wanted["latents"]
    assert facts["video"] == wanted["video"]
    assert min(p.step for p in watch.seen if p.phase == "denoise") == 3


def test_a_failed_decode_starts_again_at_decoding(
    renderer: Renderer, ledger: Ledger, card: ModelCard, monkeypatch: Any
) -> None:
    asked = take(card, seed=11)
    work = job(ledger, asked)
    renderer.warm(card.name)
    vae = renderer.shelf.kept[-1].pipe.vae
    whole = type(vae).decode

    def broken(*_args: Any, **_kwargs: Any) -> Any:
        monkeypatch.setattr(type(vae), "decode", whole)
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(type(vae), "decode", broken)
    with pytest.raises(JobFailed, match="out of memory at 8 frames of 16x16: ask for"):
        run(renderer, work)
    failed = ledger.jobs.get(work.id)
    assert failed.state == "failed"
    assert "out of memory" in failed.message
    assert len(list((ledger.folder / "files").rglob("*.safetensors"))) == 1

    watch = Watch()
    facts = run(renderer, work, watch)
    assert [p.phase for p in watch.seen] == ["load", "decode", "write"]
    assert facts["latents"] is not None
    assert ledger.jobs.get(work.id).state == "done"


def test_remix_runs_its_share_and_shows_its_own_steps(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    parent = take(card)
    run(renderer, job(ledger, parent))
    asked = take(
        card,
        operation="remix",
        prompt="a blue cat",
        parents=(parent.id,),
        strength=0.6,
        num_inference_steps=10,
    )
    watch = Watch()
    run(renderer, job(ledger, asked), watch)
    assert [p.step for p in watch.seen if p.phase == "denoise"] == list(range(6))
    assert watch.seen[-1].num_steps == 6


def test_a_remix_resumes_to_the_same_bytes(
    renderer: Renderer, ledger: Ledger, tmp_path: Path, card: ModelCard
) -> None:
    parent = take(card)
    asked = take(
        card, operation="remix", parents=(parent.id,), strength=0.8, prompt="a cat"
    )
    with Ledger(tmp_path / "undisturbed") as other:
        run(renderer, job(other, parent))
        wanted = run(renderer, job(other, asked))
    run(renderer, job(ledger, parent))
    work = job(ledger, asked)
    with pytest.raises(Cancelled):
        run(renderer, work, Watch(stop_at=2))
    watch = Watch()
    assert run(renderer, work, watch)["latents"] == wanted["latents"]
    assert [p.step for p in watch.seen if p.phase == "denoise"] == [2, 3]


def test_a_remix_of_a_derived_clip_takes_its_sources_latents(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    source = take(card)
    run(renderer, job(ledger, source))
    derived = replace(source, operation="derive", parents=(source.id,))
    ledger.add_take(derived)
    rendered = ledger.artifact(source.id)
    assert rendered is not None
    ledger.put_artifact(derived.id, rendered)  # a re-cut keeps its source's latents
    asked = take(card, operation="remix", parents=(derived.id,), strength=0.4)
    assert run(renderer, job(ledger, asked))["num_frames"] == 8


def test_previews_follow_the_steps(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    work, watch = job(ledger, take(card)), Watch()
    seen: list[bytes | None] = []

    def look(_step: int) -> None:
        # As the engine does: from another thread than the one that renders.
        thread = threading.Thread(target=lambda: seen.append(renderer.preview(work)))
        thread.start()
        thread.join()

    watch.on_step = look
    assert renderer.preview(work) is None
    run(renderer, work, watch)
    assert renderer.preview(work) is None
    assert len(seen) == STEPS - 1
    assert seen[0] != seen[-1]
    with Image.open(io.BytesIO(seen[0] or b"")) as webp:
        assert webp.format == "WEBP"
        assert getattr(webp, "n_frames", 1) == 8
        assert webp.size == (16, 16)


def test_a_job_waits_for_its_turn(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    turns: list[int] = []
    watch = Watch()
    # One turn to encode, then one before each step.
    with pytest.raises(Cancelled, match="after step 1"):
        renderer.run(
            job(ledger, take(card)),
            report=watch.report,
            cancelled=lambda: len(turns) == 3,
            turn=lambda: turns.append(1),
        )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"num_frames": 7}, "7 frames do not fit .*: use 6 or 8"),
        ({"height": 20}, "height 20 does not fit .*: use 16 or 32"),
        ({"model_revision": "b2:0123456789"}, "weights have changed since this take"),
        ({"model": "nobody/nothing"}, "is not here, and HF_HUB_OFFLINE is set"),
        (
            {"operation": "remix", "parents": ("b2:gone",)},
            "latents are not in the store",
        ),
        ({"operation": "derive", "parents": ("b2:gone",)}, "needs no rendering"),
    ],
)
def test_what_cannot_be_is_one_line(
    renderer: Renderer,
    ledger: Ledger,
    card: ModelCard,
    change: dict[str, Any],
    line: str,
) -> None:
    work = job(ledger, take(card, **change))
    with pytest.raises(JobFailed, match=line) as failure:
        run(renderer, work)
    assert "\n" not in str(failure.value)
    assert ledger.jobs.get(work.id).state == "failed"
    assert ledger.jobs.get(work.id).message == str(failure.value)


def test_a_parent_of_another_size_is_refused(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    parent = take(card, num_frames=4)
    run(renderer, job(ledger, parent))
    asked = take(card, operation="remix", parents=(parent.id,), strength=0.5)
    with pytest.raises(JobFailed, match="keep the frame count and the size"):
        run(renderer, job(ledger, asked))


def test_weights_replaced_in_place_are_loaded_anew(
    renderer: Renderer, ledger: Ledger, tmp_path: Path
) -> None:
    folder = save("pocket-like", tmp_path / "model")
    before = model_card(str(folder))
    first = run(renderer, job(ledger, take(before)))
    file = folder / "scheduler" / "scheduler_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"flow_shift": 1.0}))
    after = model_card(str(folder))
    assert after.revision != before.revision
    assert run(renderer, job(ledger, take(after)))["latents"] != first["latents"]


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (500, "transformer/.* cannot be read"),
        (-500, "transformer/.* cannot be read .*is cut short"),
    ],
)
def test_a_damaged_model_is_one_line(
    renderer: Renderer, ledger: Ledger, tmp_path: Path, size: int, says: str
) -> None:
    folder = save("pocket-like", tmp_path / "model")
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    with pytest.raises(JobFailed, match=rf"{says}.*: download or save") as failure:
        run(renderer, job(ledger, take(model_card(str(folder)))))
    assert "\n" not in str(failure.value)


def test_a_held_picture_is_the_first_frame(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    """A picture of another shape is scaled to cover the clip, and cropped evenly."""
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[:, 10:30] = (0, 200, 0)  # what is left of it in a square
    digest = ledger.put_file(media.png(picture), ".png")
    asked = take(card, operation="animate", holds=(Hold(source=digest),))
    made = run(renderer, job(ledger, asked))
    frames = read_video(ledger.path(made["video"]))[0].astype(int)
    assert len(frames) == 8
    assert np.abs(frames[0] - (0, 200, 0)).mean() < 8
    assert np.abs(frames[1:] - (0, 200, 0)).mean() > 30
    # The same take again, in another store, has the same bytes.
    with Ledger(ledger.folder.parent / "other") as other:
        other.put_file(media.png(picture), ".png")
        again = run(renderer, job(other, asked))
    assert again["video"] == made["video"]


def test_frames_of_another_clip_are_held_where_they_are_asked_for(
    renderer: Renderer, ledger: Ledger, card: ModelCard
) -> None:
    first = take(card)
    ledger.add_take(first)
    shades = np.array([0, 0, 255, 0, 0, 0, 0, 0], np.uint8)
    source = np.broadcast_to(shades[:, None, None, None], (8, 16, 16, 3))
    store_frames(ledger, first, source.copy(), 8.0, latents=None, seconds_rendered=1.0)
    hold = Hold(source=first.id, start=2, num_frames=2, at=6)
    asked = take(card, seed=9, operation="animate", holds=(hold,))
    after = run(renderer, job(ledger, asked))
    frames = read_video(ledger.path(after["video"]))[0].astype(int)
    assert np.abs(frames[6:] - source[2:4]).mean() < 12  # encoded twice
    assert 30 < frames[:6].mean() < 225


@pytest.mark.parametrize(
    ("hold", "says"),
    [
        (Hold(source="b2:" + "0" * 32), "is gone: render it again"),
        (Hold(source="b2:" + "0" * 32 + ".png"), "there is no file"),
    ],
)
def test_a_hold_without_its_source_is_one_line(
    renderer: Renderer, ledger: Ledger, card: ModelCard, hold: Hold, says: str
) -> None:
    asked = take(card, operation="animate", holds=(hold,))
    with pytest.raises(JobFailed, match=says):
        run(renderer, job(ledger, asked))
