"""A model folder or a model's name that was made to do something else than render."""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.errors import JobFailed, SpecError
from nbagent.models import hub
from nbagent.models.cards import model_card
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.names import find_folder, is_here
from nbagent.pocket import WEIGHTS
from tests.tiny_pipelines import save


@pytest.fixture
def wan(tmp_path: Path) -> Path:
    """Return the config files of a small Wan, as far as a card reads them."""
    write(tmp_path / "model_index.json", index())
    write(tmp_path / "vae/config.json", {"_class_name": "AutoencoderKLWan"})
    write(tmp_path / "transformer/config.json", {"patch_size": [1, 2, 2]})
    write(tmp_path / "text_encoder/config.json", {"model_type": "umt5"})
    return tmp_path


def index(**more: Any) -> dict[str, Any]:
    return {
        "_class_name": "WanPipeline",
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLWan"],
        "text_encoder": ["transformers", "UMT5EncoderModel"],
        "image_encoder": [None, None],
        "expand_timesteps": False,
        **more,
    }


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def test_what_models_are_made_of_is_taken(wan: Path) -> None:
    assert model_card(str(wan)).pipeline == "WanPipeline"
    assert model_card("pocket").folder == WEIGHTS
    write(
        wan / "model_index.json",
        index(
            _class_name="LTX2Pipeline",
            connectors=["ltx2", "LTX2TextConnectors"],
            tokenizer=["transformers", "GemmaTokenizerFast"],
            guider=["diffusers", "ClassifierFreeGuidance"],
        ),
    )
    assert model_card(str(wan)).pipeline == "LTX2Pipeline"


@pytest.mark.parametrize(
    "kind",
    [
        ["antigravity", "Fly"],
        ["os", "PathLike"],
        ["subprocess", "Popen"],
        ["nbagent.cli", "Main"],
        ["diffusers.utils", "Thing"],
        ["stable_diffusion", "StableDiffusionSafetyChecker"],
        ["..", "Thing"],
        ["diffusers", "utils"],
        ["diffusers", "utils.Thing"],
        ["diffusers", "_Private"],
        ["diffusers", "__loader__"],
        ["diffusers", "DiffusionPipeline"],
        ["diffusers", "AutoPipelineForText2Image"],
        ["transformers", "pipeline"],
        ["transformers", "TextClassificationPipeline"],
        ["transformers", ""],
        ["transformers", None],
        ["transformers", 3],
        ["transformers"],
        ["transformers", "UMT5EncoderModel", "more"],
        ["", "Thing"],
    ],
)
def test_only_classes_of_diffusers_and_transformers_are_taken(
    wan: Path, kind: list[Any]
) -> None:
    write(wan / "model_index.json", index(text_encoder=kind))
    with pytest.raises(
        SpecError,
        match=r"needs .* for its text_encoder, and nbagent only imports classes of diffusers and transformers",
    ):
        model_card(str(wan))
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("name", ["../../etc", "/etc", "a/b", "_x", "a b", ""])
def test_a_component_is_a_folder_of_the_models_own(wan: Path, name: str) -> None:
    write(wan / "model_index.json", index(**{name: ["diffusers", "AutoencoderKLWan"]}))
    with pytest.raises(SpecError, match="only imports classes of diffusers"):
        model_card(str(wan))


@pytest.mark.parametrize("value", [{}, "text", 3, [], [[]], [3], True])
def test_an_index_of_something_else_is_no_traceback(wan: Path, value: Any) -> None:
    write(wan / "model_index.json", index(transformer=value))
    model_card(str(wan))
    hub.is_whole(hub.HubModel(repo="a/b", revision=""))
    write(wan / "model_index.json", index(_class_name=value))
    with pytest.raises(SpecError, match="does not support"):
        model_card(str(wan))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("text_encoder/modeling_umt5.py", "raise SystemExit"),
        ("text_encoder/transformers.py", "raise SystemExit"),
        ("vae/diffusers.py", "raise SystemExit"),
        ("text_encoder/config.json", {"auto_map": {"AutoModel": "modeling.Model"}}),
        ("vae/tokenizer_config.json", {"auto_map": ["a", "b"]}),
        ("transformer/config.json", {"patch_size": 1, "custom_pipeline": "x"}),
    ],
)
def test_a_folder_that_brings_code_is_refused(
    wan: Path, file: str, content: Any
) -> None:
    if isinstance(content, str):
        (wan / file).write_text(content)
    else:
        write(wan / file, content)
    with pytest.raises(SpecError, match=rf"brings its own code \({file}\)"):
        model_card(str(wan))


@pytest.mark.parametrize("key", ["fps", "num_frames", "draft_steps", "sigmas"])
@pytest.mark.parametrize("value", ["8", None, {}, [None], 10**9, -1, float("nan")])
def test_a_folders_defaults_are_numbers(wan: Path, key: str, value: Any) -> None:
    write(wan / "defaults.json", {key: value, "note": "what it is for"})
    with pytest.raises(SpecError, match=f"{key} .*defaults.json is not a valid value"):
        model_card(str(wan))


class Code:
    """A pickle of this makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


def test_a_pickle_is_never_read_instead(tmp_path: Path) -> None:
    from nbagent.models.fit import Placement
    from nbagent.render.pipelines import load

    folder, ran = tmp_path / "model", tmp_path / "ran"
    save("wan-unipc", folder)
    (weights,) = (folder / "text_encoder").glob("*.safetensors")
    for name in ("pytorch_model.bin", "model.bin", "diffusion_pytorch_model.bin"):
        (folder / "text_encoder" / name).write_bytes(pickle.dumps(Code(ran)))
    placement = Placement(
        where="resident", weights="own", held_bytes=0, peak_bytes=0, host_bytes=0
    )
    load(model_card(str(folder)), placement)
    weights.unlink()
    with pytest.raises((JobFailed, SpecError)) as refused:
        load(model_card(str(folder)), placement)
    assert "\n" not in str(refused.value)
    assert not ran.exists()


@pytest.mark.parametrize(
    "name",
    [
        "a/b@/etc/hostname",
        "a/b@//etc/hostname",
        "a/b@../../etc/hostname",
        "a/b@x/../../y",
        "a/b@./x",
        "a/b@x/",
        "a/b@.hidden",
        "a/b@-x",
        "a/b@x..y",
        "a/b@",
        "a/b@x y",
        "a/b@x\n",
        "wan2.1-1.3b@/etc/hostname",
        "../x",
        "a/..",
        "./b",
        "a/.b",
        "a/b-",
        "a--b/c",
        "a/b..c",
        "-a/b",
        "a/b/c",
        "ä/b",
        "a/b\n",
        "~nobody-of-that-name/x",
        "x" * 5000,
        "a\0b",
    ],
)
def test_a_name_that_leads_elsewhere_is_no_model(name: str) -> None:
    with pytest.raises(SpecError, match="no model is called"):
        find_folder(name)
    assert not is_here(name)


def test_a_file_that_a_revision_names_is_neither_read_nor_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    secret = tmp_path / "secret"
    secret.write_text("of mine")
    for revision in (str(secret), "../../../secret"):
        assert hub.hub_model(f"a/b@{revision}") is None
    assert hub.hub_model("a/b@refs/pr/7") is not None
    refs = tmp_path / "cache" / "models--a--b" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text("../../../../etc")
    named = hub.hub_model("a/b@main")
    assert named is not None
    assert named.commit is None


@given(st.text(alphabet="ab0_-./@~\\:\n\0é+", max_size=12))
def test_no_name_leads_out_of_the_cache(name: str) -> None:
    model = hub.hub_model(name)
    if model is None or name.partition("@")[0] in CATALOGUE:
        return
    cache = os.path.normpath(hub.HubModel(repo="x/y", revision="").folder().parent)
    assert os.path.normpath(model.folder("abc")).startswith(cache + os.sep)
    ref = model.folder("abc").parents[1] / "refs" / (model.revision or "x")
    assert os.path.normpath(ref).startswith(
        str(model.folder("abc").parents[1] / "refs") + os.sep
    )


@pytest.mark.parametrize("suffix", ["safetensors", "gguf"])
def test_a_file_behind_a_plus_sign_is_a_file(tmp_path: Path, suffix: str) -> None:
    pipe = tmp_path / f"pipe.{suffix}"
    os.mkfifo(pipe)
    for path in (pipe, f"~nobody-of-that-name/x.{suffix}", f"{'x' * 5000}.{suffix}"):
        with pytest.raises(SpecError, match=r"no (LoRA|GGUF file) at"):
            model_card(f"pocket+{path}")
