"""The shipped model and the script that trains it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nbagent.pocket import WEIGHTS

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from nbagent.pocket import train, verify  # noqa: E402
from nbagent.pocket.model import DEFAULTS, TINY, Parts, sample  # noqa: E402
from nbagent.pocket.sheet import contact_sheet  # noqa: E402
from nbagent.pocket.train import Clock, TrainingAttention  # noqa: E402
from nbagent.pocket.world import Scene, render  # noqa: E402

# Third parties warn about their own renamings while loading.
pytestmark = pytest.mark.filterwarnings("ignore")

SCENE = Scene(actor="red ball", place="beach", motion="left")


@pytest.fixture(scope="module")
def pipeline() -> object:
    from diffusers import WanPipeline

    loaded = WanPipeline.from_pretrained(WEIGHTS, dtype=torch.bfloat16)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def make(pipeline: object, **options: object) -> NDArray[np.float32]:
    prompt = "a red ball moving right on the beach, at night, slowly"
    clips: NDArray[np.float32] = sample(
        pipeline, [prompt], **{"num_inference_steps": 2, "seed": 1, **options}
    )
    return clips


def test_the_folder_is_small_and_says_its_defaults() -> None:
    files = [f for f in WEIGHTS.rglob("*") if f.is_file()]
    assert sum(f.stat().st_size for f in files) < 40e6
    assert {f.suffix for f in files} == {".json", ".safetensors"}
    assert json.loads((WEIGHTS / "defaults.json").read_text()) == DEFAULTS


def test_a_stock_pipeline_makes_the_same_clip_from_the_same_seed(
    pipeline: object,
) -> None:
    one, two, other = make(pipeline), make(pipeline), make(pipeline, seed=2)
    assert one.shape == (1, 16, 64, 64, 3)
    assert (one == two).all()
    assert (one != other).any()


def test_the_folder_loads_in_fp32_too() -> None:
    from diffusers import WanPipeline

    loaded = WanPipeline.from_pretrained(WEIGHTS)
    assert loaded.transformer.dtype == torch.float32
    loaded.set_progress_bar_config(disable=True)
    assert make(loaded, num_frames=2).shape == (1, 2, 64, 64, 3)


@torch.no_grad()
def encode(pipeline: object, clip: NDArray[np.uint8]) -> object:
    """Encode as render does: the stock VAE takes 4k+1 frames, pocket an even number.

    The VAE mixes no frames, so one repeated frame is added and its latent dropped.
    """
    vae = pipeline.vae  # type: ignore[attr-defined]  # a pipeline, kept untyped here
    padded = np.concatenate([clip, clip[-1:]])
    video = torch.from_numpy(padded).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    latents = vae.encode(video.to(vae.dtype)).latent_dist.mode()
    return latents[:, :, : len(clip)]


def test_the_vae_keeps_a_rendered_clip_above_30_db(pipeline: object) -> None:
    clip = render(SCENE)
    latents = encode(pipeline, clip)
    with torch.no_grad():
        decoded = pipeline.vae.decode(latents).sample[0]  # type: ignore[attr-defined]
    frames = (decoded.float().permute(1, 2, 3, 0).numpy() + 1) * 127.5
    assert 20 * np.log10(255 / np.sqrt(((frames - clip) ** 2).mean())) > 30


def test_video_to_video_works_on_the_same_parts(pipeline: object) -> None:
    from diffusers import WanVideoToVideoPipeline

    parts = {
        name: getattr(pipeline, name)
        for name in ("tokenizer", "text_encoder", "vae", "transformer", "scheduler")
    }
    remix = WanVideoToVideoPipeline(**parts)
    remix.set_progress_bar_config(disable=True)
    latents = encode(pipeline, render(SCENE)).float()
    std = torch.tensor(parts["vae"].config.latents_std).view(1, -1, 1, 1, 1)
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))
    parts["scheduler"].set_timesteps(4)
    start = parts["scheduler"].timesteps[2:3]  # strength .5 of 4 steps
    noisy = parts["scheduler"].add_noise(latents / std, noise, start)
    clip = remix(
        prompt="a red ball moving left on the beach at night",
        latents=noisy,
        height=64,
        width=64,
        num_inference_steps=4,
        strength=0.5,
        max_sequence_length=32,
        output_type="np",
    ).frames
    assert clip.shape == (1, 16, 64, 64, 3)


def test_training_attention_and_clock_change_nothing() -> None:
    torch.manual_seed(0)
    transformer = Parts(TINY).transformer
    torch.nn.init.normal_(transformer.proj_out.weight)
    inputs = (torch.randn(2, 48, 16, 8, 8), torch.tensor([10.0, 800.0]))
    text = torch.randn(2, 32, TINY.text_dim)
    with torch.no_grad():
        stock = transformer(*inputs, text, return_dict=False)[0]
        transformer.set_attn_processor(TrainingAttention())
        transformer.rope = Clock(transformer.rope)
        ours = transformer(*inputs, text, return_dict=False)[0]
    assert torch.allclose(stock, ours, atol=1e-4)


def test_training_resumes_bit_for_bit(tmp_path: Path) -> None:
    def run(name: str, *arguments: str) -> dict[str, object]:
        work = tmp_path / name
        common = ["--tiny", "--no-compile", "--processes", "1", "--tokens", "512"]
        places = ["--work", str(work), "--out", str(tmp_path / "out")]
        assert train.main([*common, *places, *arguments]) == 0
        state: dict[str, object] = torch.load(work / "checkpoint.pt", weights_only=True)
        return state

    whole = run("whole", "--steps", "4")
    run("halves", "--steps", "4", "--stop-after", "2")
    halves = run("halves", "--steps", "4", "--resume")
    assert whole["step"] == halves["step"] == 4
    assert whole["samples"] == halves["samples"]
    for key in ("model", "ema"):
        one, two = whole[key], halves[key]
        assert isinstance(one, dict)
        assert isinstance(two, dict)
        assert all((one[name] == two[name]).all() for name in one)
    assert (tmp_path / "out" / "model_index.json").exists()


def test_the_curriculum_ends_with_whole_clips_and_a_small_rate() -> None:
    kinds = [train.batch_kind(0.99, step)[0] for step in range(1000)]
    assert kinds.count(8) > 500
    assert 150 < kinds.count(1) < 250
    assert {train.batch_kind(0.1, step)[0] for step in range(100)} == {1}
    assert train.schedule(0.5, 1000) == train.RATE
    assert train.schedule(1.0, 1000) == pytest.approx(train.RATE * train.FINAL_RATE)
    assert train.schedule(0.0, 0) < train.RATE / 50


def test_the_verifier_scores_what_a_prompt_asked_for() -> None:
    scene = Scene(actor="red ball", place="beach", motion="left")
    case = verify.Case(prompt="a red ball crosses the beach", scene=scene)
    answer = {
        "actor": "red cube",
        "place": "beach",
        "time": "day",
        "motion": "right",
        "pace": "normal",
    }
    marks = verify.score([case], [answer])
    assert marks["motion"] == 1  # "crosses" says no side
    assert marks["colour"] == 1
    assert marks["actor"] == marks["shape"] == marks["all"] == 0


def test_the_shipped_verifier_knows_fresh_renders() -> None:
    cases = verify.held_out_cases(48, seed=77)
    answers = verify.judge(verify.load_verifier(), [render(c.scene) for c in cases])
    marks = verify.score(cases, answers)
    assert min(marks["actor"], marks["place"], marks["motion"]) > 0.9


def test_a_contact_sheet_holds_every_clip() -> None:
    clips = [render(SCENE)] * 4
    sheet = contact_sheet(clips, ["one", "two", "three", "a very long one" * 20])
    assert sheet.size == (3 * (6 * 64 + 8), 2 * (64 + 20))


def test_prompts_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    row = verify.case_as_row(verify.Case(prompt="a red ball", scene=SCENE))
    path.write_text(json.dumps(row) + "\n\n")
    assert verify.read_cases(path)[0].scene == SCENE
