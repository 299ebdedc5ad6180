"""The hook's battery, run on every pipeline family that `nbagent.models.cards` names.

Bit equality throughout: the hook must not change a stock pipeline's result, and a job
that was stopped, killed or paused must end where an undisturbed one ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from nbagent.errors import Cancelled, JobFailed
from nbagent.models.cards import model_card
from nbagent.models.families import FAMILIES as DRIVEN
from nbagent.render.capability import capability
from nbagent.render.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nbagent.render.held_frames import KnownFrames
from nbagent.render.hook import PipelineHook
from nbagent.render.latents import is_video_vae, normalize, pack, unpack
from nbagent.render.loop import loop_of
from nbagent.render.preview import fit
from nbagent.render.scheduler_tap import remember, tapped
from nbagent.render.start_states import Fresh, Known, Noised, Start, Step
from tests import battery
from tests.battery import check, placed, same
from tests.tiny_parts import unipc
from tests.tiny_pipelines import TINY

pytestmark = pytest.mark.filterwarnings(
    # Mochi's rotary embedding asks for fp32 autocast, which CPUs only warn about.
    "ignore:In CPU autocast:UserWarning",
    # diffusers' DPM++ hands a tensor to numpy 2.
    "ignore:__array__ implementation:DeprecationWarning",
    # Helios' solver does the same the other way round.
    "ignore:__array_wrap__ must accept:DeprecationWarning",
    # Kandinsky's norms stay in fp32 when it is loaded in bf16.
    "ignore:Mismatch dtype between input and weight:UserWarning",
)
FAMILIES = pytest.mark.parametrize("name", TINY)
STEPS = 6  # of every call in this file
SEED = 1


@pytest.fixture(scope="module")
def pipes() -> Callable[[str], DiffusionPipeline]:
    """Build each tiny pipeline once: that jobs share it is what is tested."""
    built: dict[str, DiffusionPipeline] = {}

    def pipe(name: str) -> DiffusionPipeline:
        if name not in built:
            built[name] = placed(TINY[name].build())
            built[name].set_progress_bar_config(disable=True)
            battery.built(name, built[name])
        return built[name]

    return pipe


class Run:
    """One run through the hook, with everything that it showed."""

    def __init__(
        self,
        name: str,
        start: Start | None = None,
        seed: int = SEED,
        known: Known | None = None,
        stop_step: int | None = None,
    ) -> None:
        self.tiny = TINY[name]
        self.steps: list[Step] = []
        self.heads = 0
        self.keep_at: int | None = None
        self.cancel_at: int | None = None
        self.save_at: tuple[int, Path] | None = None
        self.hook = PipelineHook(
            generator=torch.Generator().manual_seed(seed),
            start=start or Fresh(),
            known=known,
            stop_step=stop_step,
            sections=self.tiny.sections,
            before_step=self._before_step,
            after_step=self._after_step,
        )

    def _before_step(self) -> None:
        if self.heads == self.cancel_at:
            raise Cancelled("stopped")
        self.heads += 1
        if self.heads == self.keep_at:
            self.hook.stop()

    def _after_step(self, step: Step) -> None:
        self.steps.append(step)
        if self.save_at is not None and step.index + 1 == self.save_at[0]:
            save_checkpoint(self.save_at[1], _checkpoint(self.hook, step))

    def __call__(self, pipe: DiffusionPipeline, **more: Any) -> Any:
        session = self.hook.open(pipe)
        return session(
            **self.tiny.arguments(**more),
            **self.hook.callback(),
            generator=self.hook.generator,
        ).frames

    @property
    def latents(self) -> torch.Tensor:
        """What the loop ended with, in the order that it keeps."""
        return self.steps[-1].latents


def _checkpoint(hook: PipelineHook, step: Step) -> Checkpoint:
    return Checkpoint(
        take_id="t",
        start_step=0,
        num_steps=hook.num_steps,
        elapsed_s=0.0,
        state=hook.state(step),
    )


def _stock(pipe: DiffusionPipeline, name: str, **more: Any) -> Any:
    generator = torch.Generator().manual_seed(SEED)
    return pipe(**TINY[name].arguments(**more), generator=generator).frames


@FAMILIES
@check("unchanged")
def test_hook_changes_nothing(pipes: Any, name: str) -> None:
    """The tap, the gate and the injection are transparent, and show each step."""
    run, pipe = Run(name), pipes(name)
    output, stock = run(pipe), _stock(pipe, name)
    assert same(_whole(output), _whole(stock))
    num_steps = STEPS * (TINY[name].sections or 1)
    assert [step.index for step in run.steps] == list(range(num_steps))
    ended = _after_loop(pipe, run.latents)
    assert same(ended, _in_loop(pipe, name, output), 1e-5)
    # The preview of the last step is the clip itself.
    assert run.steps[-1].x0 is not None
    x0, tolerance = run.steps[-1].x0.float(), TINY[name].tolerance
    assert same(x0, run.latents.float(), tolerance)


def _whole(output: Any) -> torch.Tensor:
    """Return a pipeline's latents; Framepack's are those after each section."""
    latents: torch.Tensor = output[-1] if isinstance(output, list) else output
    return latents


def _in_loop(pipe: DiffusionPipeline, name: str, output: Any) -> torch.Tensor:
    """Return a pipeline's latents as its last loop has them."""
    ability = capability(pipe)
    if name == "framepack":  # the end first, and its picture before the beginning
        return _whole(output)[:, :, 1:10]
    if name == "helios":
        return _whole(output)[:, :, -9:]
    if name in ("ltx-2", "ltx-2-i2v"):
        output = normalize(pipe.vae, output, ability)
    is_unpacked = name in ("ltx-2", "ltx-2-i2v", "ltx-condition")
    return _whole(pack(output, pipe, ability) if is_unpacked else output)


def _after_loop(pipe: Any, latents: torch.Tensor) -> torch.Tensor:
    """Return what Kandinsky makes of a picture's clip after its loop."""
    changes = hasattr(pipe, "normalize_first_frame")
    return pipe.normalize_first_frame(latents) if changes else latents


@FAMILIES
def test_a_stop_keeps_what_the_step_shows(pipes: Any, name: str) -> None:
    """The clip is the preview of that step, whether it was asked for early or late."""
    pipe = pipes(name)
    if TINY[name].sections:
        with pytest.raises(JobFailed, match="makes a clip in sections"):
            Run(name, stop_step=4)
        return
    stopped = Run(name, stop_step=4)
    kind: Any = type(pipe)
    if not loop_of(kind).has_gate:
        with pytest.raises(JobFailed, match="can only render to the end"):
            stopped(pipe)
        return
    whole = Run(name)
    whole(pipe)
    seen = whole.steps[3].x0
    assert seen is not None
    stopped(pipe)
    assert same(stopped.latents, seen.to(stopped.latents.dtype))
    assert stopped.heads == 4
    asked = Run(name)
    asked.keep_at = 4
    asked(pipe)
    assert same(asked.latents, stopped.latents)
    assert asked.hook.stop_step == 4


@FAMILIES
@pytest.mark.parametrize("step", [1, 4])
@check("resumes")
def test_resume_is_exact(pipes: Any, name: str, step: int, tmp_path: Path) -> None:
    """A run stopped after any step goes on from its file to the same bytes."""
    first = Run(name)
    first.save_at = (step, tmp_path / "c.safetensors")
    first.cancel_at = step
    with pytest.raises(Cancelled):
        first(pipes(name))
    found = load_checkpoint(tmp_path / "c.safetensors", "t")
    assert found is not None
    # The generator's state is in the file; what comes before the loop is the seed's.
    second = Run(name, found.state, seed=SEED if TINY[name].has_picture else 99)
    latents = second(pipes(name))
    assert same(latents, _stock(pipes(name), name))
    assert [s.index for s in second.steps] == list(range(step, STEPS))


@FAMILIES
@check("resumes")
def test_decoding_alone_is_exact(pipes: Any, name: str, tmp_path: Path) -> None:
    """From the last step's checkpoint, nothing but decoding is done again."""
    run = Run(name)
    run.save_at = (STEPS, tmp_path / "c.safetensors")
    frames = run(pipes(name), output_type="pt")
    found = load_checkpoint(tmp_path / "c.safetensors", "t")
    assert found is not None
    again = Run(name, found.state)
    assert same(again(pipes(name), output_type="pt"), frames)
    assert again.steps == []


@FAMILIES
@check("stops")
def test_cancel_then_reuse(pipes: Any, name: str) -> None:
    """A job cancelled in the middle leaves the shared weights as they were."""
    run = Run(name)
    run.cancel_at = 2
    with pytest.raises(Cancelled):
        run(pipes(name))
    assert len(run.steps) == 2
    again, stock = Run(name)(pipes(name)), _stock(pipes(name), name)
    assert same(_whole(again), _whole(stock))


@FAMILIES
@check("remix")
def test_remix_starts_late(pipes: Any, name: str) -> None:
    """A remix runs its share of the steps, and a weak one stays near its parent."""
    first = Run(name)
    first(pipes(name))
    parent = first.latents
    far: list[float] = []
    for strength, num_steps in ((0.34, 2), (1.0, STEPS)):
        run = Run(name, Noised(latents=parent, strength=strength), seed=7)
        run(pipes(name), prompt="a blue cat")
        assert len(run.steps) == num_steps
        far.append((run.latents.float() - parent.float()).abs().mean().item())
    assert far[0] < far[1]


@pytest.mark.parametrize("part", ["first frame", "left half"])
@FAMILIES
@check("holds")
def test_what_is_held_is_exact(
    pipes: Any, name: str, part: str, tmp_path: Path
) -> None:
    """Known latents end as they were given, in a resumed run too; the rest is made."""
    pipe, tiny = pipes(name), TINY[name]
    ability = capability(pipe)
    # A latent of LTX is as wide as its tiny frame, and a half of it is none.
    width = max(tiny.width, 2 * ability.space_factor)
    shape = (tiny.num_frames + (name == "pocket-like"), tiny.height, width)
    frames = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    mask = np.zeros(shape, bool)
    if part == "first frame":
        mask[0] = True
    else:
        mask[:, :, : width // 2] = True
    known = KnownFrames(
        frames=frames, mask=mask, before=frames[:0], after=frames[:0]
    ).latents(pipe, ability)
    assert 0 < known.mask.float().mean() <= 0.5
    more: dict[str, Any] = {"width": width}
    if tiny.has_picture:  # a job gives it what is held
        more["image"] = Image.fromarray(frames[0])
    run = Run(name, known=known)
    run.save_at = (3, tmp_path / "c.safetensors")
    output, latents = run(pipe, **more), run.latents
    assert same(latents[known.mask], known.latents[known.mask].to(latents))
    ended = _in_loop(pipe, name, output)
    assert same(latents, ended, 1e-5), "it changed what was held"
    free = ~known.mask
    assert not torch.isclose(latents[free], known.latents[free].to(latents)).all()
    # What is held steers what is made.
    alone = Run(name)
    alone(pipe, width=width)
    assert not torch.equal(latents[free], alone.latents[free])
    found = load_checkpoint(tmp_path / "c.safetensors", "t")
    assert found is not None
    assert same(Run(name, found.state, known=known)(pipe, **more), output)


def test_a_weak_remix_of_a_short_draft_still_runs(pipes: Any) -> None:
    """Stock pipelines would take no step at all here."""
    parent = Run("wan-unipc")(pipes("wan-unipc"))
    run = Run("wan-unipc", Noised(latents=parent, strength=0.1))
    run(pipes("wan-unipc"))
    assert len(run.steps) == 1


@pytest.mark.parametrize("name", ["wan-unipc", "wan-euler", "wan-dpm"])
def test_remix_is_stock_video_to_video(pipes: Any, name: str) -> None:
    """SDEdit through the hook equals diffusers' own video-to-video, bit for bit."""
    pipe, tiny = pipes(name), TINY[name]
    generator = torch.Generator().manual_seed(3)
    video = torch.rand(1, 9, 3, tiny.height, tiny.width, generator=generator)
    with torch.no_grad():
        encoded = pipe.vae.encode(video.transpose(1, 2) * 2 - 1).latent_dist.mode()
    # The stock pipeline multiplies by 1 / std, which rounds otherwise than dividing.
    mean, deviation = (
        torch.tensor(pipe.vae.config[statistic]).view(1, -1, 1, 1, 1)
        for statistic in ("latents_mean", "latents_std")
    )
    known = (encoded - mean) * (1.0 / deviation)
    assert torch.allclose(
        known, normalize(pipe.vae, encoded, capability(pipe)), atol=1e-6
    )
    stock = diffusers.WanVideoToVideoPipeline(**_five(pipe))
    stock.set_progress_bar_config(disable=True)
    arguments = tiny.arguments(prompt="a blue cat", strength=0.5)
    del arguments["num_frames"]
    generator = torch.Generator().manual_seed(SEED)
    wanted = stock(video=video, **arguments, generator=generator).frames
    run = Run(name, Noised(latents=known, strength=0.5))
    assert torch.equal(run(pipe, prompt="a blue cat"), wanted)


def _five(pipe: DiffusionPipeline) -> dict[str, Any]:
    names = ("tokenizer", "text_encoder", "vae", "transformer")
    own = type(pipe.scheduler).from_config(pipe.scheduler.config)
    return {n: getattr(pipe, n) for n in names} | {"scheduler": own}


def test_two_jobs_take_turns_over_one_model(pipes: Any) -> None:
    """Interleaved step by step in two threads, each gets what it gets alone."""
    name = "wan-unipc"
    alone = [Run(name, seed=seed)(pipes(name)) for seed in (1, 2)]
    results: dict[int, Any] = {}
    gates = [threading.Semaphore(1), threading.Semaphore(0)]

    def work(me: int) -> None:
        run = Run(name, seed=me + 1)
        # One step each: take my turn, and give the other's after it.
        run.hook.before_step = gates[me].acquire  # type: ignore[assignment]
        run.hook.after_step = lambda _step: gates[1 - me].release()
        results[me] = run(pipes(name))

    threads = [threading.Thread(target=work, args=(me,)) for me in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.equal(results[0], alone[0])
    assert torch.equal(results[1], alone[1])


def test_a_stochastic_solver_follows_the_seed() -> None:
    """Wan gives its scheduler no generator; the tap gives it the job's."""
    pipe = TINY["wan-euler"].build()
    pipe.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True)
    torch.manual_seed(1)
    first = Run("wan-euler")(pipe)
    torch.manual_seed(2)
    assert torch.equal(Run("wan-euler")(pipe), first)


def test_configured_values_reach_the_session(pipes: Any) -> None:
    """A session is built anew: what is no component must not be lost."""
    pipe = diffusers.WanPipeline(**_five(pipes("wan-unipc")), boundary_ratio=0.9)
    session = Run("wan-unipc").hook.open(pipe)
    assert session.config.boundary_ratio == 0.9
    assert session.transformer is pipe.transformer
    assert session.scheduler is not pipe.scheduler


def test_latents_of_another_size_are_refused(pipes: Any) -> None:
    """A parent of another length cannot be remixed in place."""
    start = Noised(latents=torch.zeros(1, 16, 9, 2, 2), strength=0.5)
    with pytest.raises(JobFailed, match="keep the frame count and the size"):
        Run("wan-unipc", start)(pipes("wan-unipc"))


def test_a_damaged_checkpoint_is_none(tmp_path: Path) -> None:
    """Half a file, another take's file and no file all mean: start again."""
    path = tmp_path / "c.safetensors"
    assert load_checkpoint(path, "t") is None
    hook = Run("wan-unipc").hook
    remember(tapped(unipc(), hook))
    save_checkpoint(
        path, _checkpoint(hook, Step(index=0, latents=torch.ones(2), x0=None))
    )
    assert load_checkpoint(path, "t") is not None
    assert load_checkpoint(path, "other") is None
    path.write_bytes(path.read_bytes()[:-3])
    assert load_checkpoint(path, "t") is None
    assert [p.name for p in tmp_path.iterdir()] == ["c.safetensors"]


@FAMILIES
@check("rules")
def test_card_agrees_with_the_loaded_pipeline(
    pipes: Any, name: str, tmp_path: Path
) -> None:
    """What files promise is what the pipeline does: count and size are not rounded."""
    pipe, tiny = pipes(name), TINY[name]
    pipe.save_config(tmp_path)
    index = tmp_path / "model_index.json"  # Cosmos' guard as it is published
    index.write_text(index.read_text().replace("tests.tiny_cosmos", "cosmos_guardrail"))
    for part in ("vae", "transformer", "unet"):
        if getattr(pipe, part, None) is not None:
            getattr(pipe, part).save_config(tmp_path / part)
    card = model_card(str(tmp_path))
    assert (card.frames_step, card.frames_offset) == tiny.frames_rule
    capability(pipe).check_card(card)
    asked = tiny.num_frames + (name == "pocket-like")
    card.check(asked, card.size_multiple, card.size_multiple)
    side = card.size_multiple
    frames = _stock(pipe, name, output_type="np", height=side, width=side)
    assert frames.shape == (1, asked, side, side, 3)


@FAMILIES
@check("encodes")
def test_latents_are_normalized_as_the_pipeline_does(pipes: Any, name: str) -> None:
    """Decoding through the pipeline undoes `normalize`, for every family's scale."""
    pipe, tiny = pipes(name), TINY[name]
    ability = capability(pipe)
    run = Run(name)
    # Of one section, if it makes a clip in several, with the picture before it.
    less = {"num_frames": 33} if tiny.sections else {}
    output = run(pipe, **less)
    latents = _whole(output) if tiny.sections else _after_loop(pipe, run.latents)
    clip = unpack(latents, ability, tiny.height, tiny.width)  # (C, F, H, W)
    assert clip.shape[2:] == (
        tiny.height // ability.space_factor,
        tiny.width // ability.space_factor,
    )
    frames = _stock(pipe, name, output_type="pt", **less)[0]  # (F, 3, H, W)
    is_video = is_video_vae(pipe.vae)
    raw = _denormalize(pipe.vae, clip.unsqueeze(0).float().cpu(), ability)
    raw = raw.to(pipe.vae.device, pipe.vae.dtype)
    if not is_video:
        raw = raw[0].transpose(0, 1)
    # SVD's decoder looks at several pictures at once.
    more = {"num_frames": len(raw)} if name == "svd" else {}
    with torch.no_grad():
        decoded = pipe.vae.decode(raw, **more).sample
    if is_video:
        decoded = decoded[0].transpose(0, 1)
    # In bf16 the pipeline's own arithmetic rounds otherwise, and a decoder widens that.
    tolerance = tiny.tolerance if battery.DTYPE == "fp32" else 0.02
    assert same((decoded / 2 + 0.5).clamp(0, 1), frames, tolerance)


def _denormalize(vae: Any, latents: torch.Tensor, ability: Any) -> torch.Tensor:
    zero = normalize(vae, torch.zeros_like(latents), ability)
    slope = normalize(vae, torch.ones_like(latents), ability) - zero
    return (latents - zero) / slope


@FAMILIES
@check("preview")
def test_previews_are_frames(pipes: Any, name: str) -> None:
    """Each family's latents map to small frames of the clip's shape."""
    pipe, tiny = pipes(name), TINY[name]
    ability = capability(pipe)
    run = Run(name)
    run(pipe)
    assert run.steps[1].x0 is not None
    clip = unpack(run.steps[1].x0, ability, tiny.height, tiny.width)
    frames = fit(pipe.vae, ability).frames(clip)
    scale = min(8, ability.space_factor)
    assert frames.dtype == "uint8"
    assert frames.shape == (
        clip.shape[1],
        clip.shape[2] * scale,
        clip.shape[3] * scale,
        3,
    )


def test_every_family_has_a_tiny_pipeline(pipes: Any) -> None:
    """A family is driven only if the battery runs on it."""
    assert {type(pipes(name)).__name__ for name in TINY} == set(DRIVEN)


def test_the_page_says_what_the_battery_did() -> None:
    """docs/models.md is out of date? Run: python -m tests.battery."""
    if set(battery.DONE) != {(n, c) for n in TINY for c in battery.COLUMNS}:
        pytest.skip("only a part of the battery ran")
    assert battery.PAGE.read_text(encoding="utf-8") == battery.page()
