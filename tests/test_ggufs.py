"""GGUF files: named behind a model, counted from their header, loaded for its denoiser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nbagent.errors import JobFailed, SpecError
from nbagent.ledger import Ledger
from nbagent.models import hub
from nbagent.models.cards import model_card
from nbagent.models.fit import placements
from nbagent.models.ggufs import read_gguf
from nbagent.models.memory import Device, needs_of
from nbagent.models.names import is_here, on_hub, split_name
from nbagent.render.renderer import Renderer
from tests.hub_server import Hub
from tests.test_render_renderer import artifact, job, run, take
from tests.tiny_pipelines import save


@pytest.fixture(scope="module")
def wan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("wan-unipc", tmp_path_factory.mktemp("wan"))


@pytest.fixture(scope="module")
def file(wan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The denoiser of a tiny Wan, its wide layers in 8 bits."""
    path = tmp_path_factory.mktemp("gguf") / "wan-Q8_0.gguf"
    return write(path, weights(wan))


def weights(wan: Path) -> dict[str, torch.Tensor]:
    return load_file(next((wan / "transformer").glob("*.safetensors")))


def write(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    writer: Any = gguf.GGUFWriter(path, "wan")
    writer.add_array("tags", ["tiny", "test"])
    writer.add_uint32("layers", 2)
    for name, tensor in tensors.items():
        values = tensor.float().numpy()
        if values.ndim == 2 and values.shape[1] % 32 == 0:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_file_that_was_cut_short_is_one_line(
    wan: Path, file: Path, tmp_path: Path
) -> None:
    short = tmp_path / "short.gguf"
    short.write_bytes(file.read_bytes()[:-64])
    with pytest.raises(
        SpecError, match=r"short\.gguf is cut short .* download it again"
    ):
        model_card(f"{wan}+{short}")


def test_its_header_tells_what_it_takes(wan: Path, file: Path) -> None:
    name, (part,) = split_name(f"{wan}+{file}")
    found = read_gguf(part)
    assert name == str(wan)
    numbers = [tensor.numel() for tensor in weights(wan).values()]
    # A block of 32 numbers in 8 bits is 34 bytes, and its row counts as that many.
    assert found.values >= sum(numbers)
    assert found.size_bytes < 4 * sum(numbers)
    assert found.size_bytes == pytest.approx(file.stat().st_size, rel=0.5)

    card = model_card(f"{wan}+{file}")
    needs = needs_of(card)
    (denoiser,) = (part for part in needs.components if part.role == "denoiser")
    assert denoiser.kept_bytes == found.size_bytes
    device = Device(kind="cuda", free_bytes=10**9, host_bytes=10**9)
    assert {placement.weights for placement in placements(needs, device)} == {"own"}
    assert {placement.where for placement in placements(needs, device)} == {
        "resident",
        "model offload",
    }


def test_it_renders_nearly_what_the_whole_weights_do(
    wan: Path, file: Path, tmp_path: Path
) -> None:
    cards = [model_card(str(wan)), model_card(f"{wan}+{file}")]
    assert cards[0].revision != cards[1].revision
    assert cards[1].needs == ("gguf",)
    made = []
    with Ledger(tmp_path / "store") as ledger:
        for card in cards:
            asked = take(card, num_frames=9, fps=16.0, num_inference_steps=2)
            run(Renderer(), job(ledger, asked))
            digest = artifact(ledger, asked).latents
            assert digest is not None
            made.append(load_file(ledger.path(digest))["latents"])
    assert not torch.equal(*made)
    torch.testing.assert_close(*made, rtol=0.05, atol=0.05)


def test_over_a_hubs_model_its_denoiser_is_not_fetched(
    wan: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    server = Hub("org/tiny", {"a" * 40: wan}, "a" * 40)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    name = f"org/tiny+{file}"
    model = on_hub(name)
    assert model is not None
    hub.look_up(model)
    asked = take(model_card(name), num_frames=9, fps=16.0, num_inference_steps=2)
    with Ledger(tmp_path / "store") as ledger:
        run(Renderer(), job(ledger, asked))
    server.close()
    came = server.downloads()
    assert "transformer/config.json" in came
    assert "vae/diffusion_pytorch_model.safetensors" in came
    assert not [n for n in came if n.startswith("transformer/") and "safetens" in n]
    assert is_here(name)
    assert not is_here("org/tiny")


def test_a_file_of_another_model_is_one_line(wan: Path, tmp_path: Path) -> None:
    strange = write(tmp_path / "strange.gguf", {"unet.weight": torch.zeros(4, 32)})
    asked = take(model_card(f"{wan}+{strange}"), num_frames=9, fps=16.0)
    with (
        Ledger(tmp_path / "store") as ledger,
        pytest.raises(JobFailed, match=r"strange.gguf is not a transformer for"),
    ):
        run(Renderer(), job(ledger, asked))


def test_without_its_package_it_is_refused_before_loading(
    wan: Path, file: Path
) -> None:
    card = replace(model_card(f"{wan}+{file}"), needs=("no_such_package",))
    with pytest.raises(JobFailed, match="pip install no_such_package"):
        Renderer().shelf.get(card)


@pytest.mark.parametrize("content", [None, b"", b"GGUF", b"GGUF" + b"\xff" * 40])
def test_what_is_no_gguf_file_is_one_line(
    wan: Path, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "some.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpecError, match="no GGUF file at"):
        model_card(f"{wan}+{path}")


def test_two_denoisers_want_two_files(wan: Path, file: Path) -> None:
    with pytest.raises(SpecError, match="1 denoisers, and you named 2 GGUF files"):
        model_card(f"{wan}+{file}+{file}")
