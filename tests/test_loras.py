"""LoRAs: named behind a model, loaded into a real pipeline, part of what a take is."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file

from nbagent.errors import JobFailed, SpecError
from nbagent.ledger import Ledger
from nbagent.models.cards import model_card
from nbagent.models.loras import Lora, read_loras
from nbagent.models.names import split_name
from nbagent.render.pipelines import Loaded
from nbagent.render.renderer import Renderer
from tests.test_render_renderer import artifact, job, run, take
from tests.tiny_pipelines import TINY, save


@pytest.fixture(scope="module")
def wan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("wan-unipc", tmp_path_factory.mktemp("wan"))


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA of a tiny Wan, as a trainer saves one."""
    pipe: Any = TINY["wan-unipc"].build()
    config = LoraConfig(r=4, target_modules=["to_q", "to_k"], init_lora_weights=False)
    torch.manual_seed(0)
    pipe.transformer.add_adapter(config)
    folder = tmp_path_factory.mktemp("lora")
    pipe.save_lora_weights(
        folder, transformer_lora_layers=get_peft_model_state_dict(pipe.transformer)
    )
    return next(folder.glob("*.safetensors")).rename(folder / "style.safetensors")


def test_a_name_tells_the_model_its_loras_and_their_weights(lora: Path) -> None:
    assert split_name("pocket") == ("pocket", ())
    base, parts = split_name(f"a/b+{lora}:0.5+{lora}")
    assert base == "a/b"
    assert read_loras(parts) == (Lora(path=lora, weight=0.5), Lora(path=lora))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pocket+style", "no LoRA at 'style'"),
        ("pocket+", "no LoRA at ''"),
        ("pocket+{}.txt", "no LoRA at"),
        ("pocket+{}:7", "weight 7 is out of range"),
    ],
)
def test_a_lora_that_is_none_is_one_line(lora: Path, name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        model_card(name.format(lora))


def test_a_lora_that_was_cut_short_is_one_line(lora: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.safetensors"
    short.write_bytes(lora.read_bytes()[:-8])
    with pytest.raises(SpecError, match=r"cut short: .* download it again"):
        model_card(f"pocket+{short}")


def test_plus_signs_of_folders_and_files_are_their_own(
    wan: Path, lora: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "c++" / "wan+more"
    shutil.copytree(wan, folder)
    style = shutil.copy(lora, tmp_path / "ink+wash.safetensors")
    name = f"{folder}+{style}:0.5+{lora}"
    assert split_name(name) == (str(folder), (f"{style}:0.5", str(lora)))
    card = model_card(name)
    assert (card.base, [one.path for one in card.loras]) == (str(folder), [style, lora])
    assert split_name("no/such+folder") == ("no/such", ("folder",))


@pytest.mark.parametrize(
    ("stems", "noises"),
    [
        (["dust"], [None]),
        (["dust-high", "dust-low"], ["high", "low"]),
        (["LOW", "HIGH"], ["low", "high"]),
        (["wan2.2_t2v_highnoise_v2"], ["high"]),
        (["low_noise_model", "dust"], ["low", None]),
        (["HighNoise"], ["high"]),
        (["low_poly"], [None]),  # a style
        (["low_poly", "high_noise"], [None, "high"]),
    ],
)
def test_a_name_tells_the_expert(
    stems: list[str], noises: list[str | None], lora: Path, tmp_path: Path
) -> None:
    files = [shutil.copy(lora, tmp_path / f"{stem}.safetensors") for stem in stems]
    assert [one.noise for one in read_loras([str(file) for file in files])] == noises


def test_a_model_with_a_lora_is_another_model(
    wan: Path, lora: Path, tmp_path: Path
) -> None:
    plain = model_card(str(wan))
    styled, half, none = (
        model_card(f"{wan}+{lora}{weight}") for weight in ("", ":0.5", ":0")
    )
    assert len({card.revision for card in (plain, styled, half, none)}) == 4
    assert (styled.base, styled.needs) == (str(wan), ("peft",))
    renderer, latents = Renderer(), []
    with Ledger(tmp_path / "store") as ledger:
        for card in (plain, styled, half, none):
            asked = take(card, num_frames=9, fps=16.0, num_inference_steps=2)
            run(renderer, job(ledger, asked))
            latents.append(artifact(ledger, asked).latents)
    assert len(set(latents[:3])) == 3
    assert latents[3] == latents[0]  # at weight 0 it changes nothing


def weights(
    layers: Sequence[str] = ("blocks.0.attn1.to_q",), seed: int = 1
) -> dict[str, torch.Tensor]:
    """Return a LoRA of rank 4 for some layers of a tiny Wan."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"lora_A": (4, 24), "lora_B": (24, 4)}
    return {
        f"transformer.{layer}.{side}.weight": torch.randn(*shape, generator=generator)
        for layer in layers
        for side, shape in shapes.items()
    }


def acting(loaded: Loaded, part: str) -> dict[str, float]:
    """Return which LoRAs act on a part of a model, and how strongly."""
    layer = loaded.pipe.components[part].blocks[0].attn1.to_q
    if not isinstance(layer, LoraLayer):
        return {}
    known: dict[str, Any] = dict(layer.lora_A.items())
    return {
        name: layer.scaling[name] for name in layer.active_adapters if name in known
    }


def test_two_loras_act_each_by_its_weight(wan: Path, tmp_path: Path) -> None:
    for seed, name in enumerate("ab"):
        save_file(weights(seed=seed), tmp_path / f"{name}.safetensors")
    a, b = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    loaded = Renderer().shelf.get(model_card(f"{wan}+{a}:0.7+{b}"))
    assert acting(loaded, "transformer") == {"lora0": 0.7, "lora1": 1.0}
    assert not loaded.notes()


def test_one_lora_acts_on_both_experts_and_a_pair_each_on_its_own(
    tmp_path: Path,
) -> None:
    model = save("wan-2.2-14b", tmp_path / "model")
    for seed, name in enumerate(("dust", "ink-high", "ink-low")):
        save_file(weights(seed=seed), tmp_path / f"{name}.safetensors")
    both = Renderer().shelf.get(model_card(f"{model}+{tmp_path / 'dust.safetensors'}"))
    assert acting(both, "transformer") == acting(both, "transformer_2") == {"lora0": 1}
    high, low = (tmp_path / f"ink-{noise}.safetensors" for noise in ("high", "low"))
    pair = Renderer().shelf.get(model_card(f"{model}+{low}:0.5+{high}"))
    assert acting(pair, "transformer") == {"lora1": 1}
    assert acting(pair, "transformer_2") == {"lora0": 0.5}
    assert pair.notes() == [
        "ink-low.safetensors changes only the low-noise expert",
        "ink-high.safetensors changes only the high-noise expert",
    ]


def test_layers_without_a_place_are_told_in_numbers(wan: Path, tmp_path: Path) -> None:
    layers = [f"blocks.{block}.attn1.to_q" for block in (0, 1, 7, 8, 9)]
    save_file(weights(layers), tmp_path / "large.safetensors")
    loaded = Renderer().shelf.get(model_card(f"{wan}+{tmp_path / 'large.safetensors'}"))
    assert loaded.notes() == [
        f"3 of large.safetensors's 5 layers do not fit {wan} and were skipped"
    ]


def test_a_lora_of_another_model_is_one_line(wan: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.safetensors"
    save_file({"unet.down.lora_A.weight": torch.zeros(4, 4)}, strange)
    card = model_card(f"{wan}+{strange}")
    asked = take(card, num_frames=9, fps=16.0)
    with (
        Ledger(tmp_path / "store") as ledger,
        pytest.raises(JobFailed, match="trained for"),
    ):
        run(Renderer(), job(ledger, asked))


@pytest.mark.parametrize(
    "tensors",
    [
        {"transformer.blocks.0.attn1.to_q.lora_A.weight": torch.ones(4, 24)},
        {
            "transformer.blocks.0.attn1.to_q.lora_A.default.weight": torch.ones(4, 24),
            "transformer.blocks.0.attn1.to_q.lora_B.default.weight": torch.ones(24, 4),
        },
        {
            "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": torch.ones(
                4, 24
            ),
            "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight": torch.ones(
                24, 4
            ),
        },
        {
            "transformer.blocks.0.attn1.to_q.lora_A.weight": torch.ones(4, 32),
            "transformer.blocks.0.attn1.to_q.lora_B.weight": torch.ones(32, 4),
        },
        {"transformer.blocks.0.attn1.to_q.hada_w1_a": torch.ones(24, 4)},
        weights()
        | {"transformer.blocks.1.attn1.to_q.lora_B.weight": torch.ones(24, 4)},
    ],
    ids=["half", "adapter's name", "kohya's text encoder", "wide", "loha", "half more"],
)
def test_a_file_whose_keys_are_others_is_one_line(
    wan: Path, tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    save_file(tensors, tmp_path / "odd.safetensors")
    card = model_card(f"{wan}+{tmp_path / 'odd.safetensors'}")
    with pytest.raises(
        JobFailed, match=r"odd\.safetensors .* trained for it"
    ) as caught:
        Renderer().shelf.get(card)
    assert "\n" not in str(caught.value)


def test_without_its_package_it_is_refused_before_loading(
    wan: Path, lora: Path
) -> None:
    card = replace(model_card(f"{wan}+{lora}"), needs=("no_such_package",))
    with pytest.raises(JobFailed, match="pip install no_such_package"):
        Renderer().shelf.get(card)
