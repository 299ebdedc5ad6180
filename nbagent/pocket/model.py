"""The parts of pocket: stock diffusers and transformers classes at toy sizes.

`Parts` are what training moves; `export` writes the folder that a stock `WanPipeline`
loads. Nothing here is a new architecture.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from nbagent.pocket.codec import LATENT_CHANNELS
from nbagent.pocket.phrases import KNOWN_WORDS, LATER_WORDS
from nbagent.pocket.scenery import DETAIL, HEIGHT, WIDTH
from nbagent.pocket.vae import AutoencoderKLPocket
from nbagent.pocket.world import FPS, NUM_FRAMES

MAX_TOKENS: Final = 32
_VOCABULARY: Final = 512
# Share of the noise at which the second transformer takes over from the first.
BOUNDARY: Final = 0.8
# Half of the steps are the first expert's, whose steps are nearly free.
FLOW_SHIFT: Final = 4.0
# What the render room reads. Steps, guidance and shift: docs/pocket.md has the sweep.
DEFAULTS: Final[dict[str, float]] = {
    "fps": FPS,
    "height": DETAIL * HEIGHT,
    "width": DETAIL * WIDTH,
    "num_frames": NUM_FRAMES,
    "num_inference_steps": 10,
    "guidance_scale": 2.5,
    "max_sequence_length": MAX_TOKENS,
    "draft_steps": 5,
    "window_frames": 4 * NUM_FRAMES,
    "holds_clean": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertSize:
    """The numbers that set the size of one of the two transformers."""

    patch: tuple[int, int, int]  # frames, cells down, cells across, in one token
    num_heads: int
    num_layers: int
    ffn_dim: int
    width_per_head: int = 64

    @property
    def width(self) -> int:
        """Channels of a token."""
        return self.num_heads * self.width_per_head


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """Pocket's sizes; the defaults are the shipped model's.

    Two experts, as in Wan 2.2: above `BOUNDARY` of the noise only the lay-out and the
    path of the actor can be told, and eight wide tokens a clip are enough for that, so
    the words of motion are learnt cheaply; below it, 512 small tokens draw outlines.
    """

    high: ExpertSize = ExpertSize(
        patch=(16, 1, 8), num_heads=6, num_layers=3, ffn_dim=864
    )
    low: ExpertSize = ExpertSize(
        patch=(2, 1, 1), num_heads=3, num_layers=6, ffn_dim=768
    )
    text_dim: int = 128
    text_layers: int = 2


TINY: Final = ModelSize(
    high=ExpertSize(
        patch=(16, 1, 8), num_heads=2, num_layers=1, ffn_dim=128, width_per_head=16
    ),
    low=ExpertSize(
        patch=(2, 1, 1), num_heads=2, num_layers=1, ffn_dim=128, width_per_head=16
    ),
    text_dim=32,
    text_layers=1,
)


class Parts(nn.Module):
    """The three networks that are trained, named as the pipeline names them."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.transformer = _build_transformer(size.high, size.text_dim)
        self.transformer_2 = _build_transformer(size.low, size.text_dim)
        self.text_encoder = UMT5EncoderModel(
            UMT5Config(
                vocab_size=_VOCABULARY,
                d_model=size.text_dim,
                d_kv=size.text_dim // 4,
                d_ff=2 * size.text_dim,
                num_layers=size.text_layers,
                num_heads=4,
                dropout_rate=0.0,
                feed_forward_proj="gated-gelu",
                pad_token_id=0,
                eos_token_id=1,
            )
        )

    def load(self, folder: Path) -> None:
        """Take the weights of a pipeline folder; sizes must be the same."""
        for name, source in (
            ("transformer", WanTransformer3DModel),
            ("transformer_2", WanTransformer3DModel),
            ("text_encoder", UMT5EncoderModel),
        ):
            loaded = source.from_pretrained(folder / name, dtype=torch.float32)
            getattr(self, name).load_state_dict(loaded.state_dict())

    def encode_text(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return text states `(B, L, D)` with zeros after the end, as the pipeline."""
        states = self.text_encoder(ids, mask).last_hidden_state
        return states * mask[..., None].to(states.dtype)


def _build_transformer(size: ExpertSize, text_dim: int) -> WanTransformer3DModel:
    transformer = WanTransformer3DModel(
        patch_size=size.patch,
        num_attention_heads=size.num_heads,
        attention_head_dim=size.width_per_head,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        text_dim=text_dim,
        freq_dim=128,
        ffn_dim=size.ffn_dim,
        num_layers=size.num_layers,
        cross_attn_norm=True,
    )
    # x0-prediction starts at the mean picture instead of at noise.
    nn.init.zeros_(transformer.proj_out.weight)
    nn.init.zeros_(transformer.proj_out.bias)
    return transformer


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Build the WordPiece tokenizer: every taught word, and letters for the rest.

    Not trained: the trainer of `tokenizers` breaks ties differently in each run.
    """
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,-'"
    pieces = [*letters, *(f"##{c}" for c in letters), *sorted(KNOWN_WORDS)]
    pieces += LATER_WORDS
    entries = dict.fromkeys(["<pad>", "</s>", "<unk>", *pieces])
    vocabulary = {piece: i for i, piece in enumerate(entries)}
    if len(vocabulary) > _VOCABULARY:
        msg = f"{len(vocabulary)} pieces do not fit the {_VOCABULARY} of the embedding"
        raise ValueError(msg)
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))  # noqa: S106
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        model_max_length=MAX_TOKENS,
    )


def build_pipeline(
    parts: Parts, vae: AutoencoderKLPocket, tokenizer: PreTrainedTokenizerFast
) -> WanPipeline:
    """Assemble the stock pipeline around the given parts."""
    scheduler = UniPCMultistepScheduler(
        # The only stock solver besides DPM++ that takes x0 with flow sigmas.
        prediction_type="sample",
        use_flow_sigmas=True,
        flow_shift=FLOW_SHIFT,
    )
    return WanPipeline(
        tokenizer=tokenizer,
        text_encoder=parts.text_encoder,
        vae=vae,
        scheduler=scheduler,
        transformer=parts.transformer,
        transformer_2=parts.transformer_2,
        boundary_ratio=BOUNDARY,
    )


def export(
    folder: Path,
    size: ModelSize,
    weights: dict[str, Tensor],
    vae: AutoencoderKLPocket,
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    """Write a bf16 pipeline folder; each file is replaced in one move.

    A reader may load the folder meanwhile: it sees whole files, old or new.
    """
    parts = Parts(size)
    parts.load_state_dict(weights)
    for part in (parts, vae):
        nn.Module.to(part, torch.bfloat16)  # the plain cast; diffusers' own warns
    pipeline = build_pipeline(parts, vae, tokenizer)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        pipeline.save_pretrained(temporary)
        for path in temporary.rglob("config.json"):
            config = json.loads(path.read_text())
            config.pop("_name_or_path", None)  # where it lay on this machine
            path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
        (temporary / "defaults.json").write_text(json.dumps(DEFAULTS, indent=2) + "\n")
        for source in sorted(temporary.rglob("*")):
            if source.is_file():
                source.chmod(0o644)
                target = folder / source.relative_to(temporary)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(source, target)  # noqa: PTH105
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sample(pipeline: WanPipeline, prompts: list[str], **options: Any) -> Any:
    """Make one clip for each prompt: `(N, F, H, W, 3)` floats in 0..1.

    Args:
        pipeline: The stock pipeline.
        prompts: What to show.
        options: `seed`, and any of the names in `DEFAULTS`.
    """
    # The pipeline says on every call that 15 frames are not 4k+1; we know.
    logging.getLogger("diffusers.pipelines.wan.pipeline_wan").setLevel(logging.ERROR)
    values = {**DEFAULTS, "seed": 0, **options}
    generators = [
        torch.Generator().manual_seed(int(values["seed"]) + i)
        for i in range(len(prompts))
    ]
    return pipeline(
        prompts,
        negative_prompt="",
        height=int(values["height"]),
        width=int(values["width"]),
        # With scale_factor_temporal=1 WanPipeline makes one frame more than asked.
        num_frames=int(values["num_frames"]) - 1,
        num_inference_steps=int(values["num_inference_steps"]),
        guidance_scale=float(values["guidance_scale"]),
        max_sequence_length=int(values["max_sequence_length"]),
        generator=generators,
        output_type="np",
    ).frames
