"""LoRAs: named behind a model, loaded into a real pipeline, part of what a take is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import save_file

from nbagent.errors import JobFailed, SpecError
from nbagent.ledger import Ledger
from nbagent.loras import Lora, split_loras
from nbagent.models import model_card
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
    assert split_loras("pocket") == ("pocket", ())
    base, loras = split_loras(f"a/b+{lora}:0.5+{lora}")
    assert base == "a/b"
    assert loras == (Lora(path=lora, weight=0.5), Lora(path=lora))


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


def test_without_its_package_it_is_refused_before_loading(
    wan: Path, lora: Path
) -> None:
    card = replace(model_card(f"{wan}+{lora}"), needs=("no_such_package",))
    with pytest.raises(JobFailed, match="pip install no_such_package"):
        Renderer().shelf.get(card)
