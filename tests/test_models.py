"""Model cards: rules read from JSON files, and clear lines for what is wrong."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.errors import SpecError
from nbagent.models import revision
from nbagent.models.cards import ModelCard, model_card, working_shape
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.families import FAMILIES
from nbagent.models.names import find_folder, is_here
from nbagent.pocket import WEIGHTS
from nbagent.take import Hold, Take


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


@pytest.fixture
def wan(tmp_path: Path) -> Path:
    """The config files of the hub's Wan 2.1, as far as a card reads them."""
    write(tmp_path / "model_index.json", {"_class_name": "WanPipeline"})
    # The hub's file states no factors: they are the class's defaults.
    write(tmp_path / "vae/config.json", {"_class_name": "AutoencoderKLWan"})
    write(tmp_path / "transformer/config.json", {"patch_size": [1, 2, 2]})
    return tmp_path


def card(**more: Any) -> ModelCard:
    values: dict[str, Any] = {
        "name": "model",
        "folder": Path("model"),
        "pipeline": "WanPipeline",
        "revision": "b2:0",
        "frames_step": 4,
        "frames_offset": 1,
        "size_multiple": 16,
        "fps": 16.0,
        "height": 480,
        "width": 832,
        "num_frames": 81,
        "num_inference_steps": 50,
        "draft_steps": 16,
        "guidance_scale": 5.0,
        "call": {},
        "max_num_frames": 324,
        "window_frames": 101,
    }
    return ModelCard(**(values | more))


def test_wan_has_its_rules(wan: Path) -> None:
    found = model_card(str(wan))
    assert (found.frames_step, found.frames_offset) == (4, 1)
    assert found.size_multiple == 16
    assert (found.fps, found.height, found.width, found.num_frames) == (
        16,
        480,
        832,
        81,
    )
    assert found.call == {"max_sequence_length": 512}
    found.check(81, 480, 832)


@pytest.mark.parametrize(
    ("vae", "network", "rule"),
    [
        # LTX: three octaves of scaling in space and time, patches of 4 pixels.
        (
            {"spatio_temporal_scaling": [True, True, True, False], "patch_size": 4},
            {"patch_size": 1, "patch_size_t": 1},
            (8, 1, 32),
        ),
        # CogVideoX states no spatial factor: one halving between its four blocks.
        (
            {
                "_class_name": "AutoencoderKLCogVideoX",
                "block_out_channels": [1, 1, 1, 1],
                "temporal_compression_ratio": 4,
            },
            {"patch_size": 2, "patch_size_t": None},
            (4, 1, 16),
        ),
        (
            {"temporal_expansions": [1, 2, 3], "spatial_expansions": [2, 2, 2]},
            {"patch_size": 2},
            (6, 1, 16),
        ),
        # pocket: every frame its own latent, two of them in a patch.
        (
            {"scale_factor_temporal": 1, "scale_factor_spatial": 8},
            {"patch_size": [2, 1, 1]},
            (2, 0, 16),
        ),
        # Both at once: 8k - 3.
        (
            {"scale_factor_temporal": 4, "scale_factor_spatial": 8},
            {"patch_size": [2, 2, 2]},
            (8, 5, 16),
        ),
        (
            {"scale_factor_temporal": 1, "scale_factor_spatial": 8},
            {"patch_size": [1, 2, 2]},
            (1, 0, 16),
        ),
    ],
)
def test_rules_follow_from_vae_and_patch(
    wan: Path, vae: dict[str, Any], network: dict[str, Any], rule: tuple[int, int, int]
) -> None:
    write(wan / "vae/config.json", vae)
    write(wan / "transformer/config.json", network)
    found = model_card(str(wan))
    assert (found.frames_step, found.frames_offset, found.size_multiple) == rule


def test_the_small_wan_of_2_2_has_its_own_rate_and_size(wan: Path) -> None:
    index = json.loads((wan / "model_index.json").read_text())
    write(wan / "model_index.json", index | {"expand_timesteps": True})
    card = model_card(str(wan))
    assert (card.fps, card.width, card.height, card.num_frames) == (24, 1280, 704, 121)


def test_cogvideox_pads_its_latents_itself(wan: Path) -> None:
    """CogVideoX 1.5 has patches of two latent frames, and 81 frames by default."""
    write(wan / "model_index.json", {"_class_name": "CogVideoXPipeline"})
    write(wan / "vae/config.json", {"_class_name": "AutoencoderKLCogVideoX"})
    write(wan / "transformer/config.json", {"patch_size": 2, "patch_size_t": 2})
    model_card(str(wan)).check(81, 480, 720)


def test_a_folder_may_state_its_own_defaults(wan: Path) -> None:
    write(
        wan / "defaults.json",
        {
            "fps": 8,
            "height": 64,
            "width": 64,
            "num_frames": 17,
            "num_inference_steps": 12,
            "guidance_scale": 3.0,
            "max_sequence_length": 32,
            "draft_steps": 6,
        },
    )
    found = model_card(str(wan))
    assert (found.fps, found.num_frames, found.draft_steps) == (8, 17, 6)
    assert found.call == {"max_sequence_length": 32}
    assert found.max_num_frames == 68


@given(num_frames=st.integers(1, 330), step=st.integers(1, 9), offset=st.integers(0, 8))
def test_the_nearest_frame_counts_are_allowed_and_nearest(
    num_frames: int, step: int, offset: int
) -> None:
    found = card(frames_step=step, frames_offset=offset % step)
    allowed = [
        n
        for n in range(1, 325)
        if n % step == offset % step and n >= found.min_num_frames
    ]
    near = found.nearest(num_frames)
    assert set(near) <= set(allowed)
    assert min(abs(n - num_frames) for n in near) == min(
        abs(n - num_frames) for n in allowed
    )
    assert (num_frames in allowed) == (near == (num_frames,))


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ((50, 480, 832), "50 frames do not fit model: use 49 or 53"),
        ((0, 480, 832), "0 frames are too few for a clip: use 1 or more"),
        ((-3, 480, 832), "-3 frames are too few for a clip: use 1 or more"),
        ((10**6, 480, 832), "1000000 frames are more than model can render: use 321"),
        ((81, 482, 832), "height 482 does not fit model: use 480 or 496"),
        ((81, 480, 8), "width 8 does not fit model: use 16"),
        ((81, 0, 832), "height 0 does not fit model: use 16"),
        ((81, 480, 16000), "width 16000 is too large .*its own is 832.*use 3328"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(
    asked: tuple[int, int, int], line: str
) -> None:
    with pytest.raises(SpecError, match=line):
        card().check(*asked)


def test_even_frames_only() -> None:
    found = card(frames_step=2, frames_offset=0)
    assert found.min_num_frames == 2
    with pytest.raises(SpecError, match="7 frames do not fit model: use 6 or 8"):
        found.check(7, 480, 832)
    with pytest.raises(SpecError, match="1 frames do not fit model: use 2"):
        found.check(1, 480, 832)


def test_pocket_is_in_the_package() -> None:
    found = model_card("pocket")
    assert found.folder == WEIGHTS
    assert (found.frames_step, found.frames_offset) == (16, 0)
    found.check(found.num_frames, found.height, found.width)
    # Same files, same revision: it is part of every take's identity.
    assert found == model_card("pocket")


def test_the_revision_is_what_the_model_is(wan: Path) -> None:
    weights = wan / "transformer" / "model.safetensors"
    weights.write_bytes(b"\x02\0\0\0\0\0\0\0{}abc")
    before = model_card(str(wan)).revision
    (wan / "README.md").write_text("no part of what it renders")
    assert model_card(str(wan)).revision == before
    weights.write_bytes(b"\x02\0\0\0\0\0\0\0{}abd")
    assert model_card(str(wan)).revision != before


def test_a_large_model_is_known_by_its_headers(
    wan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision, "_HASH_ALL_BYTES", 10)
    weights = wan / "transformer" / "model.safetensors"
    header = b'{"a":{"shape":[1]}}'
    weights.write_bytes(struct.pack("<Q", len(header)) + header + b"12345678")
    first = model_card(str(wan)).revision
    weights.write_bytes(struct.pack("<Q", 2**62) + header + b"12345678")
    assert model_card(str(wan)).revision != first


def test_a_hub_model_is_found_where_the_hub_keeps_it(
    wan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    repo = cache / "models--org--name"
    snapshot = repo / "snapshots" / "abc"
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(wan)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("abc")
    assert find_folder("org/name") == snapshot
    assert model_card("org/name").name == "org/name"


def test_a_short_name_is_a_repository_of_the_hub(
    wan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SpecError) as failure:
        model_card("wan2.1-1.3b")
    assert str(failure.value).endswith(
        "download it first with: hf download Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
        " (licence: Apache-2.0)"
    )
    with pytest.raises(SpecError, match=r"use pocket, wan2.1-1.3b, .*, or owner/name"):
        model_card("wann")
    repo = tmp_path / "cache" / "models--Wan-AI--Wan2.1-T2V-1.3B-Diffusers"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("abc")
    (repo / "snapshots").mkdir()
    (repo / "snapshots" / "abc").symlink_to(wan)
    assert model_card("wan2.1-1.3b").name == "wan2.1-1.3b"


def test_a_short_name_says_class_branch_and_values(
    wan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One folder of LTX drives two pipelines; Cosmos 2.5 lies on a branch."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))

    def keep(name: str) -> ModelCard:
        entry = CATALOGUE[name]
        repo = tmp_path / "cache" / f"models--{entry.repo.replace('/', '--')}"
        head = repo / "refs" / entry.revision
        head.parent.mkdir(parents=True, exist_ok=True)
        head.write_text("abc")
        (repo / "snapshots").mkdir(exist_ok=True)
        (repo / "snapshots" / "abc").unlink(missing_ok=True)
        (repo / "snapshots" / "abc").symlink_to(wan)
        return model_card(name)

    assert keep("ltx").pipeline == "LTXPipeline"
    assert keep("ltx-i2v").pipeline == "LTXImageToVideoPipeline"
    with pytest.raises(SpecError, match=r"2\.5-2B --revision diffusers/base/post-"):
        model_card("cosmos-2.5")
    assert keep("cosmos-2.5").num_frames == 93
    few = keep("kandinsky-5-distilled")
    assert (few.num_inference_steps, few.draft_steps, few.guidance_scale) == (16, 16, 1)
    write(wan / "defaults.json", {"num_inference_steps": 9})
    assert keep("kandinsky-5-distilled").num_inference_steps == 9


def test_what_is_no_model_is_one_line(wan: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="download it first with: hf download org/name"):
        model_card("org/name")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SpecError, match=r"no model_index.json.*saved by a diffusers"):
        model_card(str(empty))
    write(wan / "model_index.json", {"_class_name": "FluxPipeline"})
    with pytest.raises(SpecError, match=r"is a FluxPipeline, which .* use one of Anim"):
        model_card(str(wan))


@pytest.mark.parametrize("content", ["{", "[]", "\x00"])
def test_damaged_config_files_are_one_line(wan: Path, content: str) -> None:
    (wan / "vae/config.json").write_text(content)
    with pytest.raises(SpecError, match=r"vae/config.json .*download or save") as error:
        model_card(str(wan))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("part", "config"),
    [
        ("vae", {"block_out_channels": 7}),
        ("vae", {"temporal_expansions": "ab"}),
        ("vae", {"scale_factor_temporal": "a"}),
        ("vae", {"scale_factor_spatial": 10**400}),
        ("vae", {"scale_factor_temporal": -4}),
        ("transformer", {"patch_size": "ab"}),
        ("transformer", {"patch_size": [1]}),
        ("transformer", {"patch_size": {"a": 1}}),
        ("transformer", {"patch_size": [0, 2, 2]}),
        ("transformer", {"patch_size": 1, "num_attention_heads": [8]}),
        ("transformer", {"patch_size": 1, "num_attention_heads": 10**400}),
    ],
)
def test_ill_typed_configs_are_one_line(
    wan: Path, part: str, config: dict[str, object]
) -> None:
    write(wan / part / "config.json", config)
    with pytest.raises(SpecError, match=r"hold invalid values .*download") as error:
        working_shape(model_card(str(wan)), 17, 64, 64)
    assert len(str(error.value)) < 300


def test_a_missing_config_file_is_one_line(wan: Path) -> None:
    (wan / "vae/config.json").unlink()
    with pytest.raises(SpecError, match="it is missing"):
        model_card(str(wan))


def test_cards_need_no_torch() -> None:
    script = (
        "import sys; from nbagent.models.cards import model_card; model_card('pocket');"
    )
    script += "sys.exit(bool({'torch', 'diffusers', 'numpy'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", script], check=True)


# The first frame and the last of a clip.
_ENDS = (Hold(source="a.png"), Hold(source="b.png", at=80))


def take(operation: Any = "generate", **more: Any) -> Take:
    values: dict[str, Any] = {
        "operation": operation,
        "model": "model",
        "model_revision": "b2:0",
        "prompt": "a cat",
        "shot": {},
        "seed": 1,
        "num_frames": 81,
        "height": 480,
        "width": 832,
        "fps": 16.0,
        "num_inference_steps": 50,
        "guidance_scale": 5.0,
        "parents": ("b2:1", "b2:2"),
    }
    return Take(**(values | more))


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (take("generate"), "starts a clip from a picture, and this turn has"),
        (take("remix", strength=0.5), "from a picture, and this turn has none"),
        (take("animate", holds=(Hold(source="a.png", at=80),)), "name one, like"),
        (
            take("reframe", holds=(Hold(source="a.png", box=(0, 0, 8, 8)),)),
            "from a picture, and this turn has none",
        ),
        (
            take("inpaint", holds=(Hold(source="a.png", mask="m.png"),)),
            "from a picture, and this turn has none",
        ),
        (
            take("reframe", holds=(Hold(source="a.png"),)),
            "model cannot show more around a clip, only set a picture in motion, blend clips,",
        ),
    ],
)
def test_a_model_of_pictures_needs_one(wan: Path, asked: Take, line: str) -> None:
    write(wan / "model_index.json", {"_class_name": "WanImageToVideoPipeline"})
    found = replace(model_card(str(wan)), name="model")
    with pytest.raises(SpecError, match=line) as failure:
        found.check_take(asked)
    assert "\n" not in str(failure.value)
    found.check_take(take("animate", holds=(Hold(source="a.png"),)))
    found.check_take(take("derive"))  # a re-cut needs no model
    model_card("pocket").check_take(take())


@pytest.mark.parametrize(
    ("pipeline", "asked", "line"),
    [
        (
            "HeliosPipeline",
            take("remix", strength=0.5),
            "cannot change a clip, only generate",
        ),
        ("HeliosPipeline", take("extend", holds=_ENDS[:1]), "cannot extend a clip"),
        (
            "HeliosPipeline",
            take("animate", holds=_ENDS),
            "takes only these frames: the first; leave out the others",
        ),
        (
            "HunyuanVideoFramepackPipeline",
            take("animate", holds=(*_ENDS, Hold(source="c.png", at=40))),
            "takes only these frames: the first and the last; leave out the others",
        ),
        (
            "HunyuanVideoFramepackPipeline",
            take("animate", holds=(Hold(source="b2:1", num_frames=9),)),
            "takes only these frames: the first and the last",
        ),
        ("HunyuanVideoFramepackPipeline", take(), "starts a clip from a picture"),
    ],
)
def test_a_model_of_sections_refuses_what_needs_one_loop(
    wan: Path, pipeline: str, asked: Take, line: str
) -> None:
    write(wan / "model_index.json", {"_class_name": pipeline})
    with pytest.raises(SpecError, match=line) as failure:
        model_card(str(wan)).check_take(asked)
    assert "\n" not in str(failure.value)


def test_a_model_of_sections_takes_what_they_make(wan: Path) -> None:
    write(wan / "model_index.json", {"_class_name": "HeliosPipeline"})
    helios = model_card(str(wan))
    helios.check_take(take())
    helios.check_take(take("animate", holds=_ENDS[:1]))
    assert helios.nearest(100) == (97, 129)
    assert helios.nearest(3) == (33,)
    assert helios.window_frames == helios.max_num_frames  # it goes on by itself
    write(wan / "model_index.json", {"_class_name": "HunyuanVideoFramepackPipeline"})
    framepack = model_card(str(wan))
    framepack.check_take(take("blend", holds=_ENDS))
    assert framepack.nearest(framepack.num_frames) == (framepack.num_frames,)
    assert framepack.sections is not None
    assert framepack.sections.count(framepack.num_frames) == 4


def test_a_model_that_drops_its_first_frames_is_refused(wan: Path) -> None:
    write(wan / "model_index.json", {"_class_name": "HunyuanVideoImageToVideoPipeline"})
    network = {"patch_size": 2, "image_condition_type": "latent_concat"}
    write(wan / "transformer/config.json", network)
    with pytest.raises(SpecError, match="use hunyuan-i2v, which keeps them"):
        model_card(str(wan))


def test_the_last_picture_goes_to_models_that_read_two(wan: Path) -> None:
    """Wan 2.1's CLIP branch reads one, unless it was trained on first and last."""
    write(wan / "model_index.json", {"_class_name": "WanImageToVideoPipeline"})
    for network, pictures in (
        ({}, ("image", "last_image")),
        ({"image_dim": 4}, ("image",)),
        ({"image_dim": 4, "pos_embed_seq_len": 514}, ("image", "last_image")),
    ):
        write(wan / "transformer/config.json", {"patch_size": [1, 2, 2]} | network)
        assert model_card(str(wan)).pictures == pictures


def test_every_short_name_is_of_a_family_that_is_driven() -> None:
    assert {entry.pipeline for entry in CATALOGUE.values()} <= set(FAMILIES)
    assert not is_here("svd-xt")
    assert is_here("pocket")
