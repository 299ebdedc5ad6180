"""The shipped model and the script that trains it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nbagent.pocket import WEIGHTS

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from nbagent.errors import SpecError  # noqa: E402
from nbagent.measure import evaluate  # noqa: E402
from nbagent.measure.workbench import Workbench  # noqa: E402
from nbagent.pocket import loop, train, verify  # noqa: E402
from nbagent.pocket.codec import fit_codec  # noqa: E402
from nbagent.pocket.faster import (  # noqa: E402
    Clock,
    Muon,
    TrainingAttention,
    orthogonal,
)
from nbagent.pocket.layers import first_fault, patches_as_matmul  # noqa: E402
from nbagent.pocket.model import DEFAULTS, TINY, Parts, sample  # noqa: E402
from nbagent.pocket.samples import MOMENTS  # noqa: E402
from nbagent.pocket.scenery import DETAIL  # noqa: E402
from nbagent.pocket.sheet import contact_sheet  # noqa: E402
from nbagent.pocket.vae import build_vae, read_codec  # noqa: E402
from nbagent.pocket.world import Scene, poses, render  # noqa: E402

# Third parties warn about their own renamings while loading.
pytestmark = pytest.mark.filterwarnings("ignore")

SCENE = Scene(actor="red ball", place="beach", motion="left")


@pytest.fixture(scope="module")
def pipeline() -> object:
    from diffusers import WanPipeline

    loaded = WanPipeline.from_pretrained(WEIGHTS, dtype=torch.bfloat16)
    loaded.set_progress_bar_config(disable=True)
    # oneDNN's own is noise, or no numbers, on a CPU with AMX.
    patches_as_matmul(loaded.transformer)
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
    assert one.shape == (1, 16, 256, 256, 3)
    assert (one == two).all()
    assert (one != other).any()


def test_the_folder_loads_in_fp32_too() -> None:
    from diffusers import WanPipeline

    loaded = WanPipeline.from_pretrained(WEIGHTS)
    assert loaded.transformer.dtype == torch.float32
    loaded.set_progress_bar_config(disable=True)
    assert make(loaded, num_inference_steps=1).shape == (1, 16, 256, 256, 3)


@torch.no_grad()
def encode(pipeline: object, clip: NDArray[np.uint8]) -> object:
    """Encode as render does."""
    vae = pipeline.vae  # type: ignore[attr-defined]  # a pipeline, kept untyped here
    video = torch.from_numpy(clip).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
    return vae.encode(video.to(vae.dtype)).latent_dist.mode()


def test_the_decoder_paints_a_rendered_clip_above_26_db(pipeline: object) -> None:
    clip = render(SCENE, detail=DETAIL)
    latents = encode(pipeline, clip)
    with torch.no_grad():
        decoded = pipeline.vae.decode(latents).sample[0]  # type: ignore[attr-defined]
    frames = (decoded.float().permute(1, 2, 3, 0).numpy() + 1) * 127.5
    assert 20 * np.log10(255 / np.sqrt(((frames - clip) ** 2).mean())) > 26


@pytest.mark.parametrize("name", ["transformer", "transformer_2"])
def test_what_training_speeds_up_changes_nothing(name: str) -> None:
    torch.manual_seed(0)
    transformer = getattr(Parts(TINY), name)
    torch.nn.init.normal_(transformer.proj_out.weight)
    inputs = (torch.randn(2, 48, 16, 8, 8), torch.tensor([10.0, 800.0]))
    text = torch.randn(2, 32, TINY.text_dim)
    with torch.no_grad():
        stock = transformer(*inputs, text, return_dict=False)[0]
        transformer.set_attn_processor(TrainingAttention())
        if name == "transformer_2":
            transformer.rope = Clock(transformer.rope, MOMENTS)
        patches_as_matmul(transformer)
        ours = transformer(*inputs, text, return_dict=False)[0]
    assert torch.allclose(stock, ours, atol=1e-4)


def test_a_codec_is_read_back_from_its_vae() -> None:
    codec = fit_codec(64)
    again = read_codec(build_vae(codec))
    clip = render(SCENE)[None]
    assert torch.allclose(codec.encode(clip), again.encode(clip), atol=1e-2)


def test_the_encoder_averages_a_picture_and_does_what_the_codec_does(
    pipeline: object,
) -> None:
    codec = read_codec(pipeline.vae.float())  # type: ignore[attr-defined]  # untyped here
    clip = render(SCENE, detail=DETAIL)
    latents = encode(pipeline, clip)
    units = torch.from_numpy(clip).float().unflatten(1, (-1, DETAIL))
    expected = codec.encode(units.unflatten(3, (-1, DETAIL)).mean((2, 4))[None])
    off = latents.float() / codec.std.view(1, -1, 1, 1, 1) - expected
    assert off.abs().mean() < 0.02 * expected.abs().mean()


def test_a_picture_of_the_decoder_depends_on_its_own_latent_alone(
    pipeline: object,
) -> None:
    vae = pipeline.vae.float()  # type: ignore[attr-defined]  # untyped here
    latents = torch.randn(1, 48, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = vae.decode(latents).sample
        alone = vae.decode(latents[:, :, 2:]).sample
    assert torch.allclose(whole[:, :, 2:], alone, atol=1e-4)


def test_a_decoder_begins_at_the_inner_picture_blown_up() -> None:
    codec = fit_codec(64)
    vae = build_vae(codec)
    clip = render(SCENE)[:2]
    latents = codec.encode(clip[None]) * codec.std.view(1, -1, 1, 1, 1)
    with torch.no_grad():
        (clips,) = vae.decode(latents, return_dict=False)
    painted = clips[0].unfold(2, 4, 4).unfold(3, 4, 4)
    # Of four by four pixels the middle is the pixel itself.
    middle = painted[..., 1:3, 1:3].mean((-1, -2)).permute(1, 2, 3, 0).numpy()
    off = (middle + 1) * 127.5 - clip
    assert 20 * np.log10(255 / np.sqrt((off**2).mean())) > 24


def test_what_a_decoder_computes_is_right_here_in_fp32() -> None:
    assert (
        first_fault("decoder", build_vae(fit_codec(64)).decoder.requires_grad_()) == ""
    )


@pytest.mark.parametrize("shape", [(24, 8), (8, 24), (8, 8)])
def test_muon_turns_matrices(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.zeros(shape, requires_grad=True)
    weight.grad = torch.randn(shape, generator=generator)
    values = torch.linalg.svdvals(orthogonal(weight.grad))
    assert values.min() > 0.3
    assert values.max() < 1.3
    Muon([weight], 0.1, weight_decay=0.0).step()
    # One step moves each number by about what AdamW would: a fifth of the rate.
    assert weight.square().mean().sqrt().item() == pytest.approx(0.02, rel=0.3)
    assert (weight * weight.grad).sum() < 0


def test_training_resumes_bit_for_bit(tmp_path: Path) -> None:
    def run(name: str, *arguments: str) -> dict[str, dict[str, object]]:
        work = tmp_path / name
        common = ["--tiny", "--no-compile", "--processes", "1", "--batch", "0.05"]
        places = ["--work", str(work), "--out", str(tmp_path / "out")]
        assert train.main([*common, *places, *arguments]) == 0
        return {
            expert: torch.load(work / f"{expert}.pt", weights_only=True)
            for expert in ("high", "low", "paint")
        }

    whole = run("whole", "--steps", "4")
    run("halves", "--steps", "4", "--stop-after", "2")
    halves = run("halves", "--steps", "4", "--resume")
    # The second expert reads its text from the first one's average, which must be the
    # finished one: after a pause it starts again.
    one, two = whole["high"], halves["high"]
    for key in ("model", "ema"):
        assert all((one[key][k] == two[key][k]).all() for k in one[key])  # type: ignore[attr-defined, index] # nested
    assert one["count"]["samples"] == two["count"]["samples"]  # type: ignore[index] # nested
    # Another run can begin with what was written: the average, in bf16. A first step
    # of the warm-up hardly moves it.
    more = run("more", "--steps", "1", "--start", str(tmp_path / "out"))
    for expert in ("high", "low"):
        for k, value in more[expert]["model"].items():  # type: ignore[attr-defined] # nested
            assert torch.allclose(value, halves[expert]["ema"][k], atol=2e-2)  # type: ignore[index] # nested


def test_what_others_render_ahead_is_learnt_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bf16 too, which only some CPUs are asked for."""
    monkeypatch.setattr(train, "has_fast_bf16", lambda: True)

    def run(name: str, *arguments: str) -> dict[str, Any]:
        common = ["--tiny", "--no-compile", "--processes", "1", "--batch", "0.05"]
        places = ["--work", str(tmp_path / name), "--out", str(tmp_path / "out")]
        steps = ["--steps", "3", "--paint-minutes", "0"]
        assert train.main([*common, *places, *steps, *arguments]) == 0
        model = torch.load(tmp_path / name / "low.pt", weights_only=True)["model"]
        return dict(model)

    alone, ahead = run("alone"), run("ahead", "--loaders", "2")
    assert all(torch.equal(value, ahead[k]) for k, value in alone.items())


def test_a_gpu_that_is_not_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        train.main(["--device", "cuda", "--work", str(tmp_path / "work")])
    said = capsys.readouterr().err.splitlines()
    assert said[-1].endswith("leave it out (see nbagent train-pocket --help)")
    assert not list(tmp_path.iterdir())


def test_an_expert_without_a_budget_is_kept(tmp_path: Path) -> None:
    common = ["--tiny", "--no-compile", "--processes", "1", "--batch", "0.05"]
    first, kept = tmp_path / "first", tmp_path / "kept"
    steps = ["--steps", "1", "--work", str(tmp_path / "a"), "--out", str(first)]
    assert train.main([*common, *steps]) == 0
    networks = ("high", "low", "paint")
    nothing = [x for name in networks for x in (f"--{name}-minutes", "0")]
    nothing += ["--start", str(first)]
    places = ["--work", str(tmp_path / "b"), "--out", str(kept)]
    assert train.main([*common, *nothing, *places]) == 0
    for part in ("transformer", "transformer_2", "text_encoder", "vae"):
        (file,) = (first / part).glob("*.safetensors")
        assert (kept / part / file.name).read_bytes() == file.read_bytes()


def test_the_curriculum_ends_with_whole_clips_and_a_small_rate() -> None:
    kinds = [train.low_moments(0.99, step, train.STAGES) for step in range(1000)]
    assert kinds.count(8) > 500
    assert 200 < kinds.count(1) < 300
    assert {train.low_moments(0.1, step, train.STAGES) for step in range(100)} == {1}
    further = {train.low_moments(0.1, step, train.FURTHER) for step in range(100)}
    assert further == {1, 4}
    assert loop.schedule(0.5, 1000) == 1
    assert loop.schedule(1.0, 1000) == pytest.approx(loop.FINAL_RATE)
    assert loop.schedule(0.0, 0) < 1 / 50


def verdict(**factors: str) -> verify.Verdict:
    usual = {"time": "day", "motion": "left", "pace": "normal", "camera": "still"}
    named = {"actor": "red ball", "place": "beach"} | usual | factors
    return verify.Verdict(factors=named, track=np.zeros((16, 2), np.float32))


def test_the_verifier_scores_what_a_prompt_asked_for() -> None:
    row = {"prompt": "a red ball crosses the beach", "actor": "red ball"}
    case = verify.case_from_row(row | {"place": "beach", "motion": "left"})
    marks = verify.score([case], [verdict(actor="red cube", motion="right")])
    assert marks["motion"] == 1  # "crosses" says no side
    assert marks["colour"] == 1
    assert marks["actor"] == marks["shape"] == marks["all"] == 0
    assert "time" not in marks  # the row leaves it out


def test_a_row_outside_the_world_is_one_line() -> None:
    with pytest.raises(SpecError, match="no 'zebra'"):
        verify.case_from_row({"prompt": "a zebra", "actor": "zebra"})
    with pytest.raises(SpecError, match="give each line a 'prompt'"):
        verify.case_from_row({"actor": "cat"})
    stay = {"prompt": "a cat", "motion": "stay", "pace": "slow", "place": "plain red"}
    assert verify.case_from_row(stay | {"time": "night"}).scene.pace == "normal"


def test_prompts_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "a cat", "actor": "cat"}\n\n')
    assert evaluate.read_cases(path)[0].said == {"actor"}
    path.write_text("no json")
    with pytest.raises(SpecError, match="not a file of JSON lines"):
        evaluate.read_cases(path)


def test_the_shipped_verifier_knows_fresh_renders() -> None:
    cases = verify.held_out_cases(96, seed=77)
    answers = verify.judge(verify.load_verifier(), [render(c.scene) for c in cases])
    marks = verify.score(cases, answers)
    assert min(marks["actor"], marks["place"], marks["motion"], marks["pace"]) > 0.9
    off = [
        np.abs(a.track - np.array(poses(c.scene))[:, :2]).mean()
        for a, c in zip(answers, cases, strict=True)
        if c.scene.camera == "still"
    ]
    assert np.mean(off) < evaluate.SAME_TRACK / 2


def test_the_best_of_several_is_judged_beside_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "prompts.jsonl"
    # The words say less than the judge is told: some seeds are right, and some are not.
    rows = [{"prompt": "a red ball crosses the beach", "actor": "red ball"}]
    rows += [{"prompt": "a red ball", "actor": "blue ball"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    options = ["--prompts", str(path), "--edits", "0", "--steps", "4", "--best-of", "2"]
    assert evaluate.main([*options, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["best_of"] == 2
    assert report["best"]["all"] >= report["accuracy"]["all"]
    assert report["best"].keys() == report["accuracy"].keys()
    assert evaluate.main(options) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert "first try  best of 2  verifier on renders" in head
    assert lines[0].startswith("actor")


@pytest.mark.parametrize("kind", evaluate.EDITS)
def test_an_edit_changes_one_factor(kind: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        before, after = evaluate.draw_edit(kind, rng)
        names = ("actor", "place", "time", "motion", "pace", "camera", "seed")
        changed = [n for n in names if getattr(before, n) != getattr(after, n)]
        assert changed == ["actor" if kind == "colour" else kind]


def test_what_an_edit_kept_is_compared_with_the_clip_before_it() -> None:
    before = Scene(actor="red ball", place="beach", motion="left")
    after = replace(before, actor="blue ball")
    new = verdict(actor="blue ball", place="snow", motion="right")
    marks = evaluate.compare(before, after, verdict(motion="right"), new)
    assert marks["changed"]
    assert marks["identity"]
    assert marks["track"]
    assert not marks["place"]
    assert "motion" not in marks  # it was wrong before the edit


def test_a_contact_sheet_holds_every_clip() -> None:
    clips = [render(SCENE)] * 4
    sheet = contact_sheet(clips, ["one", "two", "three", "a very long one" * 20])
    assert sheet.size == (3 * (6 * 64 + 8), 2 * (64 + 20))


def test_a_prompt_goes_the_whole_way_of_a_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"prompt": "eine Katze am Strand, bei Nacht", "lang": "de", "place": "beach"}
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps(row), "utf-8")
    options = ["--prompts", str(path), "--edits", "0", "--json"]
    assert evaluate.main(options) == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["n"], whole["accuracy"]["place"]) == (1, 1.0)
    (case,) = evaluate.read_cases(path)
    told = [
        evaluate.Trial(Workbench(tmp_path / str(is_raw)), seed=0, is_raw=is_raw)
        for is_raw in (False, True)
    ]
    assert told[0].asked(case, 0).prompt == "a cat, on the beach, at night"
    assert told[1].asked(case, 0).prompt == row["prompt"]
