"""Fitting a device: a pure choice over cases, counted from real files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from nbagent.errors import SpecError
from nbagent.models import fit
from nbagent.models.cards import model_card
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.fit import (
    choose,
    has_room,
    is_too_large,
    nearest,
    placements,
    refusal,
)
from nbagent.models.memory import Component, Device, Needs, container_memory, needs_of

GB = 10**9
# Wan 2.1's large model in round figures: 28 GB of denoiser and 12 GB of text encoder in
# bf16, a table of words of 2 GB, layers of 0.2 GB.
WAN = Needs(
    model="wan",
    components=(
        Component(name="text_encoder", role="text", values=6 * GB, largest=GB),
        Component(
            name="transformer", role="denoiser", values=14 * GB, largest=GB // 10
        ),
        Component(name="vae", role="other", values=GB // 2, largest=GB // 100),
    ),
    step_bytes=6 * GB,
    decode_bytes=3 * GB,
)


def gpu(free: float, host: float = 128, **more: Any) -> Device:
    return Device(
        kind="cuda", free_bytes=int(free * GB), host_bytes=int(host * GB), **more
    )


def cpu(free: float, **more: Any) -> Device:
    size = int(free * GB)
    return Device(kind="cpu", free_bytes=size, host_bytes=size, **more)


@pytest.mark.parametrize(
    ("device", "where", "weights", "peak"),
    [
        (gpu(80), "resident", "own", 47),
        (gpu(47 / 0.9 + 0.01), "resident", "own", 47),  # to the byte, less the spare
        (gpu(47 / 0.9 - 0.01), "model offload", "own", 34),
        (gpu(40), "model offload", "own", 34),
        (gpu(24), "group offload", "own", 7.4),
        (gpu(9), "group offload", "own", 7.4),
        # The machine cannot hold what the GPU puts aside: smaller weights instead.
        (gpu(44, host=32), "resident", "fp8", 34.49),
        (gpu(24, host=32), "model offload", "fp8", 21.49),
        (gpu(23, host=32), None, None, None),
        (
            gpu(24, host=32, packages=frozenset({"torchao"})),
            "model offload",
            "int8-torchao",
            21.49,
        ),
        (
            gpu(26, host=16, packages=frozenset({"bitsandbytes"})),
            "resident",
            "nf4",
            22.04,
        ),
        # Exact and slow goes before quick and changed.
        (gpu(24, packages=frozenset({"torchao"})), "group offload", "own", 7.4),
        (gpu(6), None, None, None),
        (cpu(64), "resident", "own", 47),
        (cpu(120, value_bytes=4), "resident", "own", 94),
        (cpu(64, value_bytes=4), "resident", "bf16", 47),
        (cpu(44), "resident", "fp8", 34.49),
        # Nothing can be put aside on a CPU, and 4 bits need a GPU.
        (cpu(32, packages=frozenset({"bitsandbytes"})), None, None, None),
    ],
)
def test_the_first_placement_that_fits_is_chosen(
    device: Device, where: str | None, weights: str | None, peak: float | None
) -> None:
    placement = choose(WAN, device)
    if placement is None:
        assert where is None
        return
    assert (placement.where, placement.weights) == (where, weights)
    assert placement.peak_bytes / GB == pytest.approx(peak, abs=0.01)


def test_a_placement_says_what_it_changes() -> None:
    exact, smaller = choose(WAN, gpu(24)), choose(WAN, gpu(44, host=32))
    assert exact is not None
    assert smaller is not None
    assert str(exact) == "group offload, 7.4 GB"
    assert exact.approximation == ""
    assert str(smaller) == "resident, the denoiser's weights kept in fp8, 34.5 GB"


def test_more_memory_never_gives_a_worse_placement() -> None:
    packages = frozenset({"torchao", "bitsandbytes"})
    for host in (8, 24, 48, 96):
        ladder = list(placements(WAN, gpu(1, host, packages=packages)))
        places = [
            len(ladder) if placement is None else ladder.index(placement)
            for size in range(1, 100)
            for placement in [choose(WAN, gpu(size, host, packages=packages))]
        ]
        assert places == sorted(places, reverse=True)
        assert len(set(places)) > 2


def test_two_denoisers_are_offloaded_one_at_a_time() -> None:
    two = replace(
        WAN,
        components=(*WAN.components, replace(WAN.components[1], name="transformer_2")),
    )
    placement = choose(two, gpu(40))
    assert placement is not None
    assert (placement.where, placement.peak_bytes) == ("model offload", 34 * GB)
    assert placement.host_bytes == 69 * GB


def test_a_larger_clip_needs_a_smaller_placement() -> None:
    resident, offload = choose(WAN, gpu(80)), choose(WAN, gpu(40))
    assert resident is not None
    assert offload is not None
    # Resident weights are there already; offloaded ones come when they are used.
    assert has_room(resident, WAN, gpu(7))
    assert not has_room(offload, WAN, gpu(7))
    assert has_room(offload, WAN, gpu(40))
    long = replace(WAN, step_bytes=20 * GB)
    assert not has_room(resident, long, gpu(7))
    placement = choose(long, gpu(60))
    assert placement is not None
    assert placement.where == "model offload"


def test_a_refusal_has_the_numbers_and_what_fits() -> None:
    line = refusal(WAN, gpu(6, host=32))
    assert "\n" not in line
    assert line.startswith("wan needs at least 7.4 GB (group offload), and this")
    assert "that keeps 41.0 GB in main memory, and the machine has 32.0 GB" in line
    assert "its weights take 41.0 GB, a job 6.0 GB: ask for" in line
    assert line.endswith("or use cogvideox-5b, which fits")


def test_what_is_too_large_is_told_before_it_is_here() -> None:
    laptop = cpu(32)
    large = {name for name in CATALOGUE if is_too_large(name, laptop)}
    assert {"wan2.1-14b", "wan2.2-i2v", "skyreels-v2", "hunyuan-i2v"} <= large
    assert not {"ltx-i2v", "modelscope", "pocket"} & large  # small, or not known
    assert not any(is_too_large(name, gpu(80)) for name in CATALOGUE)


def test_no_model_is_on_offer_only_because_its_size_was_never_told() -> None:
    unknown = {name for name in CATALOGUE if fit.usual_needs(name) is None}
    assert unknown <= {"motif", "motif-i2v"}, "their cards name no text encoder"
    nothing = cpu(1)
    assert {n for n in CATALOGUE if not is_too_large(n, nothing)} == unknown


def test_every_model_that_is_like_another_is_of_the_catalogue() -> None:
    assert CATALOGUE.keys() >= {*fit._LIKE, *fit._LIKE.values()}
    assert fit._TOLD.keys() >= set(fit._LIKE.values())


def test_the_nearest_is_the_largest_that_fits_and_is_smaller() -> None:
    assert nearest(WAN, gpu(48)) == "wan2.1-14b"
    assert nearest(WAN, gpu(1, host=4)) == "pocket"
    assert nearest(WAN, gpu(0.01)) is None
    # Of a model that is larger than this one nobody is told.
    small = replace(WAN, components=WAN.components[2:])
    assert nearest(small, gpu(80)) == "pocket"


def test_what_is_told_of_models_is_of_the_catalogue() -> None:
    assert set(fit._TOLD) <= set(CATALOGUE)


def test_pockets_bytes_are_those_of_its_files() -> None:
    card = model_card("pocket")
    needs = needs_of(card)
    files = {path: path.stat().st_size for path in card.folder.rglob("*.safetensors")}
    assert [component.name for component in needs.components] == [
        "text_encoder",
        "transformer",
        "transformer_2",
        "vae",
    ]
    roles = [component.role for component in needs.components]
    assert roles == ["text", "denoiser", "denoiser", "other"]
    headers = sum(8 + int.from_bytes(path.read_bytes()[:8], "little") for path in files)
    assert headers < sum(files.values())
    # Its weights are stored in two types; values are what the numbers are counted in.
    assert needs.values * 2 <= sum(files.values()) - headers <= needs.values * 4
    placement = choose(needs, cpu(2, value_bytes=4))
    assert placement is not None
    assert placement.is_best
    assert placement.held_bytes == needs.values * 4


def test_a_longer_and_larger_clip_takes_more() -> None:
    card = model_card("pocket")
    usual = needs_of(card)
    twice = needs_of(card, 2 * card.num_frames, card.height, 2 * card.width)
    assert twice.step_bytes == 4 * usual.step_bytes
    assert twice.components == usual.components
    # Its decoder has no tiles.
    assert twice.decode_bytes == 4 * usual.decode_bytes


def write_weights(path: Path, **shapes: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = json.dumps({
        "__metadata__": {"format": "pt"},
        **{n: {"dtype": "BF16", "shape": s, "data_offsets": [0, 0]} for n, s in shapes.items()},
    }).encode()  # fmt: skip
    path.write_bytes(len(header).to_bytes(8, "little") + header)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = {
        "_class_name": "WanPipeline",
        "text_encoder": ["transformers", "UMT5EncoderModel"],
        "tokenizer": ["transformers", "T5TokenizerFast"],
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "transformer_2": [None, None],
        "vae": ["diffusers", "AutoencoderKLWan"],
        "boundary_ratio": None,
    }
    heads = {"num_attention_heads": 12, "attention_head_dim": 128}
    for name, value in {
        "model_index.json": index,
        "vae/config.json": {"_class_name": "AutoencoderKLWan"},
        "transformer/config.json": {"patch_size": [1, 2, 2], **heads},
        "transformer/diffusion_pytorch_model.safetensors.index.json": {
            "weight_map": {"a": "one.safetensors", "b": "two.safetensors"}
        },
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value))
    write_weights(tmp_path / "transformer/one.safetensors", a=[3, 5])
    write_weights(tmp_path / "transformer/two.safetensors", b=[7, 2], c=[])
    write_weights(tmp_path / "vae/diffusion_pytorch_model.safetensors", a=[10])
    write_weights(tmp_path / "text_encoder/model.safetensors", a=[4, 4], b=[4])
    # Another precision of the same: not what is loaded.
    write_weights(tmp_path / "text_encoder/model.fp16.safetensors", a=[99])
    return tmp_path


def test_shards_are_added_and_variants_are_not(folder: Path) -> None:
    needs = needs_of(model_card(str(folder)))
    counted = {
        component.name: (component.values, component.largest)
        for component in needs.components
    }
    assert counted == {
        "text_encoder": (20, 16),
        "transformer": (30, 15),
        "vae": (10, 10),
    }
    # 81 frames of 832x480 are 21 latent frames of 30x52 tokens.
    assert needs.step_bytes == 21 * 30 * 52 * 1536 * 36


@pytest.mark.parametrize(
    "names",
    [
        ["model.fp16.safetensors"],
        ["model.safetensors.index.fp16.json", "model.fp16-00001-of-00001.safetensors"],
        ["model.safetensors.index.bf16.json", "model-00001-of-00001.bf16.safetensors"],
    ],
)
def test_variants_are_counted_where_there_is_nothing_else(
    folder: Path, names: list[str]
) -> None:
    encoder = folder / "text_encoder"
    (encoder / "model.safetensors").unlink()
    (encoder / "model.fp16.safetensors").unlink()
    write_weights(encoder / names[-1], a=[99])
    if len(names) > 1:
        index = json.dumps({"weight_map": {"a": names[-1]}})
        (encoder / names[0]).write_text(index)
    components = {
        component.name: component.values
        for component in needs_of(model_card(str(folder))).components
    }
    assert components["text_encoder"] == 99


def test_weights_that_were_cut_short_are_one_line(folder: Path) -> None:
    path = folder / "transformer/two.safetensors"
    save_file({"b": np.zeros((7, 2), np.float16)}, path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SpecError, match=r"two\.safetensors .*cut short.* again"):
        needs_of(model_card(str(folder)))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read"),
        (b"\xff" * 8, "its header is longer than the file"),
        ((2).to_bytes(8, "little") + b"[]", "cannot be read"),
        ((12).to_bytes(8, "little") + b'{"a": {"b":1', "cannot be read"),
    ],
)
def test_a_damaged_header_is_one_line(folder: Path, content: bytes, says: str) -> None:
    (folder / "transformer/two.safetensors").write_bytes(content)
    with pytest.raises(
        SpecError, match=rf"transformer/two\.safetensors .*{says}"
    ) as no:
        needs_of(model_card(str(folder)))
    assert "download or save the model again" in str(no.value)


def test_a_missing_shard_is_one_line(folder: Path) -> None:
    card = model_card(str(folder))
    (folder / "transformer/two.safetensors").unlink()
    with pytest.raises(SpecError, match=r"two\.safetensors"):
        needs_of(card)


def test_a_containers_limit_counts_not_its_cache(tmp_path: Path) -> None:
    assert container_memory(tmp_path) is None
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("600\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 100\n")
    assert container_memory(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    assert container_memory(tmp_path) == 500


def test_the_older_kind_of_container(tmp_path: Path) -> None:
    old = tmp_path / "memory"
    old.mkdir()
    (old / "memory.limit_in_bytes").write_text("1000\n")
    (old / "memory.usage_in_bytes").write_text("900\n")
    (old / "memory.stat").write_text("total_inactive_file 50\n")
    assert container_memory(tmp_path) == 150


def test_asking_imports_no_torch() -> None:
    script = (
        "import sys; from nbagent.models.fit import choose, installed_quantisers;"
        "from nbagent.models.memory import needs_of; from nbagent.models.cards import model_card;"
        "needs_of(model_card('pocket')); installed_quantisers();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
