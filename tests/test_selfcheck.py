"""Wrong numbers of a CPU are found, passed by, and said: planted here, as AMX has them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from nbagent import cli, doctor
from nbagent.errors import JobFailed
from nbagent.ledger import Ledger
from nbagent.measure.workbench import Workbench
from nbagent.media import read_recipe, read_video
from nbagent.models.cards import model_card
from nbagent.pocket.layers import first_fault, patches_as_matmul
from nbagent.render import model_cache, pipelines, selfcheck
from nbagent.render.renderer import Renderer
from nbagent.settings import Settings
from nbagent.system import numerics
from nbagent.system.numerics import Verdicts
from nbagent.take import Take
from tests.test_render_renderer import job, run, take
from tests.tiny_pipelines import save

Plant = Callable[..., None]

IN_FP32 = (
    "computed in fp32, as bf16 gave wrong numbers on this machine (see nbagent doctor)"
)
PLAIN = (
    "computed in fp32 without oneDNN, as bf16 and fp32 gave wrong numbers on this"
    " machine (see nbagent doctor)"
)


@pytest.fixture(autouse=True)
def _in_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin in bf16 on any CPU, as on one that is quick in it."""
    monkeypatch.setattr(pipelines, "has_fast_bf16", lambda: True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as opened:
        yield opened


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = save("pocket-like", tmp_path_factory.mktemp("models") / "tiny")
    (folder / "defaults.json").write_text(
        '{"fps": 8, "height": 16, "width": 16, "num_frames": 8,'
        ' "max_sequence_length": 16, "guidance_scale": 3}'
    )
    return folder


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Let a function of torch go wrong where its arguments are of a kind."""

    def planted(
        name: str, when: Callable[..., bool], number: float | None = None
    ) -> None:
        real = getattr(torch.nn.functional, name)

        def wrong(x: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:
            made = real(x, weight, *args, **kwargs)
            if not when(x, weight):
                return made
            if number is not None:
                return torch.full_like(made, number)
            # Noise as large as the values.
            noise = torch.randn(made.shape, generator=torch.Generator().manual_seed(1))
            return made + noise.to(made) * made.detach().std().clamp_min(1e-3) * 1.5

        monkeypatch.setattr(torch.nn.functional, name, wrong)

    return planted


def in_bf16(x: torch.Tensor, _weight: torch.Tensor) -> bool:
    return x.dtype == torch.bfloat16


def uses_onednn() -> bool:
    enabled: Any = torch.backends.mkldnn.enabled
    return bool(enabled)


def as_amx_does(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """oneDNN 3.12's fault: a wide kernel, and channels that are no multiple of 32."""
    return in_bf16(x, weight) and weight.shape[-1] >= 8 and weight.shape[1] % 32 > 0


def pocket(**more: Any) -> Take:
    card = model_card("pocket")
    values = {
        "prompt": "a red ball on the beach",
        "num_frames": card.num_frames,
        "height": card.height,
        "width": card.width,
        "fps": card.fps,
        "num_inference_steps": 5,
        "guidance_scale": card.guidance_scale,
    }
    return take(card, **(values | more))


def renderer(settings: Settings) -> Renderer:
    return Renderer(verdicts=Verdicts(folder=settings.runtime))


def frames(ledger: Ledger, made: dict[str, Any]) -> Any:
    return read_video(ledger.path(made["video"]))[0].astype(float)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The frames of pocket's clip in fp32."""
    with (
        pytest.MonkeyPatch.context() as patch,
        Ledger(tmp_path_factory.mktemp("right")) as ledger,
    ):
        patch.setattr(pipelines, "has_fast_bf16", lambda: False)
        made = run(Renderer(), job(ledger, pocket()))
        assert made["message"] == ""
        return frames(ledger, made)


def is_right(found: Any, right: Any) -> bool:
    return bool(np.abs(found - right).mean() < 6)


def check_of(settings: Settings) -> doctor.Check:
    (found,) = (one for one in doctor.report(settings) if one.name == "numbers")
    return found


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect in which ways models are checked."""
    done: list[str] = []

    def fault(loaded: pipelines.Loaded) -> str:
        done.append(loaded.kernels)
        return selfcheck.fault(loaded)

    monkeypatch.setattr(model_cache, "fault", fault)
    return done


# Patches


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("kernel", [(16, 1, 8), (1, 2, 2), (2, 1, 1), (2, 2), (4,)])
def test_patches_as_a_matmul_are_the_same(
    kernel: tuple[int, ...], dtype: torch.dtype
) -> None:
    made = [torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d][len(kernel) - 1]
    conv = made(6, 16, kernel, stride=kernel).to(dtype)  # type: ignore[arg-type]
    names, wanted_type = list(conv.state_dict()), type(conv)
    # One more than fits: a convolution leaves it out.
    x = torch.randn(2, 6, *(2 * size + (size > 1) for size in kernel)).to(dtype)
    wanted = conv.double()(x.double())
    conv = conv.to(dtype)
    patches_as_matmul(conv)
    found = conv(x)
    assert found.shape == wanted.shape
    assert found.dtype == dtype
    assert torch.allclose(found.double(), wanted, atol=2e-2, rtol=2e-2)
    assert list(conv.state_dict()) == names
    assert isinstance(conv, wanted_type)


def test_other_convolutions_stay() -> None:
    for conv in (
        torch.nn.Conv2d(4, 4, 2, stride=1),
        torch.nn.Conv2d(4, 4, 2, stride=2, padding=1),
        torch.nn.Conv2d(4, 4, 2, stride=2, groups=2),
        torch.nn.Conv2d(4, 4, 1),
    ):
        patches_as_matmul(conv)
        assert type(conv) is torch.nn.Conv2d


def test_a_clip_is_right_where_amx_is_wrong(
    plant: Plant, ledger: Ledger, settings: Settings, right: Any
) -> None:
    plant("conv3d", as_amx_does)
    x, weight = torch.randn(1, 48, 16, 8, 8), torch.randn(384, 48, 16, 1, 8) * 0.02
    stride = (16, 1, 8)
    wanted = torch.nn.functional.conv3d(x, weight, stride=stride)
    found = torch.nn.functional.conv3d(x.bfloat16(), weight.bfloat16(), stride=stride)
    assert not torch.allclose(found.float(), wanted, atol=1)  # so it is planted
    made = run(renderer(settings), job(ledger, pocket()))
    assert made["message"] == ""
    assert is_right(frames(ledger, made), right)
    assert check_of(settings).value == "right in bf16"


def test_a_lora_on_the_patches_goes_the_same_way() -> None:
    peft = pytest.importorskip("peft")
    conv = torch.nn.Sequential(torch.nn.Conv3d(4, 8, (2, 2, 2), stride=(2, 2, 2)))
    config = peft.LoraConfig(target_modules=["0"], r=2, init_lora_weights=False)
    network = peft.get_peft_model(conv, config)
    x = torch.randn(1, 4, 4, 4, 4)
    with torch.no_grad():
        wanted = network(x)
        patches_as_matmul(network)
        assert torch.allclose(network(x), wanted, atol=1e-5)
    swapped = [m for m in network.modules() if isinstance(m, torch.nn.Conv3d)]
    assert len([m for m in swapped if type(m) is not torch.nn.Conv3d]) == 2


# What a check finds


@pytest.mark.parametrize(
    ("name", "number"),
    [("linear", None), ("conv2d", None), ("conv2d", float("nan")), ("linear", 0.0)],
)
def test_a_wrong_kernel_is_passed_by_and_said(
    name: str,
    number: float | None,
    plant: Plant,
    ledger: Ledger,
    settings: Settings,
    right: Any,
    checks: list[str],
) -> None:
    """A fault of `linear` is in the experts, one of `conv2d` in the VAE alone."""
    plant(name, in_bf16, number)
    before = check_of(settings)
    assert (before.state, before.value) == ("ok", "checked by the first clip")
    first = renderer(settings)
    made = run(first, job(ledger, pocket()))
    assert is_right(frames(ledger, made), right)
    assert made["message"] == IN_FP32
    recipe = read_recipe(ledger.path(made["video"])) or {}
    assert recipe["approximations"] == [IN_FP32]
    assert checks == ["bf16", "fp32"]
    # Said once; each recipe has it.
    again = run(first, job(ledger, pocket(seed=4)))
    assert again["message"] == ""
    recipe = read_recipe(ledger.path(again["video"])) or {}
    assert recipe["approximations"] == [IN_FP32]
    told = check_of(settings)
    assert told.state == "warn"
    part = "vae." if name == "conv2d" else ""
    assert told.value.startswith(f"wrong in bf16 ({part}")
    assert told.value.endswith("clips use fp32 instead")
    # The next process loads what was found right, and does not look again.
    later = run(renderer(settings), job(ledger, pocket(seed=5)))
    assert later["message"] == IN_FP32
    assert checks == ["bf16", "fp32"]


def test_what_only_a_whole_clip_shows_is_found(
    ledger: Ledger, settings: Settings, right: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Layers are right by themselves here; what is between them is not."""
    real = torch.nn.functional.scaled_dot_product_attention

    def wrong(*args: Any, **given: Any) -> Any:
        made = real(*args, **given)
        return made * -1 if made.dtype == torch.bfloat16 else made

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", wrong)
    made = run(renderer(settings), job(ledger, pocket()))
    assert is_right(frames(ledger, made), right)
    assert made["message"] == IN_FP32
    told = check_of(settings).value
    assert told.startswith("wrong in bf16 (the last step of a small clip is off by")


def test_where_onednn_is_wrong_torchs_own_kernels_are_taken(
    plant: Plant, ledger: Ledger, settings: Settings, right: Any, checks: list[str]
) -> None:
    plant("conv2d", lambda *_: uses_onednn())
    made = run(renderer(settings), job(ledger, pocket()))
    assert is_right(frames(ledger, made), right)
    assert made["message"] == PLAIN
    assert checks == ["bf16", "fp32", "plain"]
    assert uses_onednn()
    assert check_of(settings).value.endswith("use fp32 without oneDNN instead")


def test_wrong_in_every_way_is_one_line_at_loading(
    plant: Plant, ledger: Ledger, settings: Settings
) -> None:
    plant("linear", lambda *_: True)
    with pytest.raises(
        JobFailed, match="computes wrong numbers on this processor"
    ) as no:
        run(renderer(settings), job(ledger, pocket()))
    assert "\n" not in str(no.value)
    assert "bf16, fp32, fp32 without oneDNN" in str(no.value)
    assert "install a different version of torch" in str(no.value)
    assert check_of(settings).state == "bad"


def test_other_models_are_checked_layer_by_layer(
    plant: Plant, tiny: Path, ledger: Ledger, checks: list[str]
) -> None:
    card = model_card(str(tiny))
    exact = run(Renderer(), job(ledger, take(card)))
    assert checks == ["bf16"]
    plant("linear", in_bf16)
    made = run(Renderer(), job(ledger, take(card, seed=4)))
    assert exact["message"] == ""
    assert made["message"] == IN_FP32
    assert checks == ["bf16", "bf16", "fp32"]


def test_another_torch_or_other_weights_are_checked_again(
    tiny: Path,
    tmp_path: Path,
    settings: Settings,
    checks: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def loads(name: str = str(tiny)) -> int:
        before = len(checks)
        renderer(settings).shelf.get(model_card(name))
        return len(checks) - before

    assert [loads(), loads()] == [1, 0]
    other = save("pocket-like", tmp_path / "other")
    weights = other / "transformer" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    save_file({k: v * 1.01 for k, v in tensors.items()}, weights, {"format": "pt"})
    assert [loads(str(other)), loads(str(other)), loads()] == [1, 0, 0]
    with monkeypatch.context() as patch:
        real = metadata.version
        patch.setattr(
            metadata, "version", lambda n: "2.99" if n == "torch" else real(n)
        )
        assert [loads(), loads()] == [1, 0]
    with monkeypatch.context() as patch:
        patch.setattr(numerics, "cpu", lambda: ("another", frozenset({"amx_bf16"})))
        assert loads() == 1
    with monkeypatch.context() as patch:
        patch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
        assert loads() == 1
    assert loads() == 0


def test_the_check_names_what_is_off(plant: Plant) -> None:
    torch.manual_seed(0)
    conv, linear = torch.nn.Conv3d(3, 5, 3).bfloat16(), torch.nn.Linear(8, 8)
    network = torch.nn.Sequential(linear, conv)
    assert first_fault("it", network, learns=True) == ""
    with torch.autocast("cpu", torch.bfloat16):
        assert first_fault("it", network, learns=True) == ""
    plant("conv3d", in_bf16, float("nan"))
    assert first_fault("it", network) == "it.1 is not a number"
    plant("linear", lambda *_: True)
    assert re.fullmatch(r"it\.0 is off by \d{3}%", first_fault("it", network))


def test_a_gradient_that_is_off_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(_ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(_ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
            return 2 * grads[0]

    real = torch.nn.functional.linear
    monkeypatch.setattr(torch.nn.functional, "linear", lambda *a: Wrong.apply(real(*a)))
    network = torch.nn.Linear(8, 8)
    assert first_fault("it", network) == ""
    assert first_fault("it", network, learns=True) == "it. is off by 100%"


def test_the_figures_are_of_the_weights_that_ship() -> None:
    """If not: python -m nbagent.render.selfcheck."""
    card = model_card("pocket")
    assert set(selfcheck._figures(card)) == {
        "the latent of a picture",
        "the picture of a small clip",
        "the last step of a small clip",
    }
    assert selfcheck._figures(replace(card, revision="b2:other")) == {}


def test_what_somebody_else_may_have_written_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    Verdicts(folder=folder).note("r", "bf16", "off")
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )
    assert Verdicts(folder=folder).wrong("r") == {"bf16"}
    assert Verdicts(folder=folder).of("other") == {}
    file.chmod(0o622)
    assert Verdicts(folder=folder).of("r") == {}
    file.chmod(0o600)
    folder.chmod(0o777)
    assert Verdicts(folder=folder).of("r") == {}
    before = file.stat().st_mtime_ns
    Verdicts(folder=folder).note("r", "fp32", "off")
    assert file.stat().st_mtime_ns == before
    folder.chmod(0o700)
    real = file.rename(tmp_path / "real.json")
    file.symlink_to(real)
    assert Verdicts(folder=folder).of("r") == {}
    file.unlink()
    file.write_text("[1]")
    assert Verdicts(folder=folder).of("r") == {}


def test_a_folder_that_cannot_be_written_costs_only_the_check(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    verdicts = Verdicts(folder=tmp_path / "file" / "run")
    verdicts.note("r", "bf16", "off")
    assert verdicts.wrong("r") == {"bf16"}


# In the middle of a job


def no_numbers(
    monkeypatch: pytest.MonkeyPatch, shelf_: Any, dtypes: set[torch.dtype]
) -> list[torch.dtype]:
    """Let a model's first network give NaN from its second pass of a clip on."""
    seen: list[torch.dtype] = []
    kind = type(shelf_.kept[-1].pipe.transformer)
    whole = kind.forward

    def forward(self: Any, hidden_states: torch.Tensor, *args: Any, **kw: Any) -> Any:
        made = whole(self, hidden_states, *args, **kw)
        seen.append(self.dtype)
        if seen.count(self.dtype) > 2 and self.dtype in dtypes:
            made = (made[0] * float("nan"), *made[1:])
        return made

    monkeypatch.setattr(kind, "forward", forward)
    return seen


def test_a_clip_that_stops_being_numbers_is_made_again_in_fp32(
    tiny: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, made = model_card(str(tiny)), Renderer()
    made.warm(card.name)
    with monkeypatch.context() as patch:
        seen = no_numbers(patch, made.shelf, {torch.bfloat16})
        facts = run(made, job(ledger, take(card)))
        assert seen[-1] == torch.float32
        assert facts["message"] == IN_FP32
        recipe = read_recipe(ledger.path(facts["video"])) or {}
        assert recipe["approximations"] == [IN_FP32]
    assert list(ledger.checkpoint_dir.iterdir()) == []
    # It is what fp32 makes from the start, and the next clip begins in bf16 as ever.
    after = run(made, job(ledger, take(card, seed=9)))
    assert after["message"] == ""
    with monkeypatch.context() as patch, Ledger(ledger.folder.parent / "b") as other:
        patch.setattr(pipelines, "has_fast_bf16", lambda: False)
        assert run(Renderer(), job(other, take(card)))["latents"] == facts["latents"]


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        ({}, "download or save the model again, or use a different one"),
        ({"guidance_scale": 90.0}, "ask for a guidance scale of 3 instead of 90"),
    ],
)
def test_a_clip_that_is_no_numbers_in_any_way_says_what_helps(
    more: dict[str, Any],
    advice: str,
    tiny: Path,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card, made = model_card(str(tiny)), Renderer()
    made.warm(card.name)
    no_numbers(monkeypatch, made.shelf, {torch.bfloat16, torch.float32})
    work = job(ledger, take(card, **more))
    with pytest.raises(JobFailed) as no:
        run(made, work)
    said = str(no.value)
    assert "'s clip turns to NaN or infinity at step 2, even in fp32: " in said
    assert said.endswith(advice)
    assert ledger.jobs.get(work.id).message == said


def test_frames_that_are_no_numbers_are_made_again(
    tiny: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The VAE's own ladder ends in fp32; a denoiser's last latents may be too large."""
    card, made = model_card(str(tiny)), Renderer()
    made.warm(card.name)
    vae = made.shelf.kept[-1].pipe.vae
    whole = type(vae.decoder).forward

    def forward(self: Any, x: torch.Tensor, *args: Any, **kw: Any) -> Any:
        made_ = whole(self, x, *args, **kw)
        kept = made.shelf.kept[-1]
        return made_ * float("nan") if kept.kernels == "bf16" else made_

    monkeypatch.setattr(type(vae.decoder), "forward", forward)
    facts = run(made, job(ledger, take(card)))
    assert facts["message"] == IN_FP32


def test_damaged_weights_are_told_as_what_they_are(
    tmp_path: Path, ledger: Ledger, settings: Settings
) -> None:
    folder = save("pocket-like", tmp_path / "damaged")
    (folder / "defaults.json").write_text(
        '{"num_frames": 8, "height": 16, "width": 16}'
    )
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors["patch_embedding.bias"][0] = float("nan")
    save_file(tensors, weights, {"format": "pt"})
    card = model_card(str(folder))
    with pytest.raises(JobFailed, match="weights are damaged") as no:
        run(renderer(settings), job(ledger, take(card)))
    assert "transformer.patch_embedding.bias holds NaN or infinity" in str(no.value)
    assert not list(settings.runtime.glob("numbers-*"))  # it is not the processor


# Commands that render in their own process


def test_commands_wait_as_a_worker_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[str]()

    def spy(_: list[str]) -> int:
        seen.append(os.environ["GOMP_SPINCOUNT"])
        return 0

    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setitem(cli.COMMANDS, "spy", (f"{__name__}:spy", ""))
    monkeypatch.setattr("tests.test_selfcheck.spy", spy, raising=False)
    assert cli.main(["spy"]) == 0
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    assert cli.main(["spy"]) == 0
    assert seen == ["3000", "7"]


def test_a_workbench_keeps_what_it_found(settings: Settings, tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bench.renderer.shelf.get(model_card("pocket"))
    assert check_of(settings).value == "right in bf16"
