"""The parts of pocket: stock diffusers and transformers classes at toy sizes.

`Parts` are what training moves; `export` writes the folder that a stock `WanPipeline`
loads. Nothing here is a new architecture.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import (
    AutoencoderKLWan,
    DPMSolverMultistepScheduler,
    SanaVideoPipeline,
    SanaVideoTransformer3DModel,
)
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from nbagent.pocket.scenery import HEIGHT, WIDTH
from nbagent.pocket.vae import LATENT_CHANNELS
from nbagent.pocket.vocabulary import KNOWN_WORDS
from nbagent.pocket.world import FPS, NUM_FRAMES

MAX_TOKENS: Final = 32
_VOCABULARY: Final = 512
# What the render room reads. Steps, guidance and shift: docs/pocket.md has the sweep.
DEFAULTS: Final[dict[str, Any]] = {
    "fps": FPS,
    "height": HEIGHT,
    "width": WIDTH,
    "num_frames": NUM_FRAMES,
    "num_inference_steps": 12,
    "guidance_scale": 3.0,
    "max_sequence_length": MAX_TOKENS,
    "draft_steps": 6,
    # Sana's own puts a page of instructions before the prompt; pocket reads 32 tokens.
    "call": {"complex_human_instruction": []},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """Pocket's sizes; the defaults are the shipped model's.

    A token is four frames of one 8-pixel cell: 256 tokens a clip.
    """

    patch: tuple[int, int, int] = (4, 1, 1)  # frames, cells down, cells across
    num_heads: int = 3
    num_layers: int = 6
    width_per_head: int = 64
    mlp_ratio: float = 3.0
    text_dim: int = 128
    text_layers: int = 2


TINY: Final = ModelSize(
    num_heads=2, num_layers=1, width_per_head=16, text_dim=32, text_layers=1
)


class Parts(nn.Module):
    """The two networks that are trained, named as the pipeline names them."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        width = size.num_heads * size.width_per_head
        self.transformer = SanaVideoTransformer3DModel(
            patch_size=size.patch,
            in_channels=LATENT_CHANNELS,
            out_channels=LATENT_CHANNELS,
            num_attention_heads=size.num_heads,
            attention_head_dim=size.width_per_head,
            num_layers=size.num_layers,
            num_cross_attention_heads=size.num_heads,
            cross_attention_head_dim=size.width_per_head,
            cross_attention_dim=width,
            caption_channels=size.text_dim,
            mlp_ratio=size.mlp_ratio,
        )
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
        self._start()

    @torch.no_grad()
    def _start(self) -> None:
        """Begin with every branch open but silent, and the mean picture as the guess."""
        transformer = self.transformer
        silent = [transformer.proj_out, transformer.time_embed.linear]
        for block in transformer.transformer_blocks:
            silent += [block.attn1.to_out[0], block.attn2.to_out[0]]
            silent += [block.ff.conv_point, block.ff.conv_temp]
            block.scale_shift_table.zero_()
            block.scale_shift_table[[2, 5]] = 1.0  # the gates
        for layer in silent:
            for parameter in layer.parameters():
                parameter.zero_()

    def load(self, folder: Path) -> None:
        """Take the weights of a pipeline folder; sizes must be the same."""
        for name, source in (
            ("transformer", SanaVideoTransformer3DModel),
            ("text_encoder", UMT5EncoderModel),
        ):
            loaded = source.from_pretrained(folder / name, dtype=torch.float32)
            getattr(self, name).load_state_dict(loaded.state_dict())


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Build the WordPiece tokenizer: every taught word, and letters for the rest.

    Not trained: the trainer of `tokenizers` breaks ties differently in each run.
    """
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,-'"
    pieces = [*letters, *(f"##{c}" for c in letters), *sorted(KNOWN_WORDS)]
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
    parts: Parts, vae: AutoencoderKLWan, tokenizer: PreTrainedTokenizerFast
) -> SanaVideoPipeline:
    """Assemble the stock pipeline around the given parts."""
    scheduler = DPMSolverMultistepScheduler(
        prediction_type="sample",  # the transformer predicts the clean latents
        use_flow_sigmas=True,
        flow_shift=3.0,
    )
    return SanaVideoPipeline(
        tokenizer=tokenizer,
        text_encoder=parts.text_encoder,
        vae=vae,
        scheduler=scheduler,
        transformer=parts.transformer,
    )


def export(
    folder: Path,
    size: ModelSize,
    weights: dict[str, Tensor],
    vae: AutoencoderKLWan,
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
        (temporary / "defaults.json").write_text(json.dumps(DEFAULTS, indent=2) + "\n")
        for source in sorted(temporary.rglob("*")):
            if source.is_file():
                source.chmod(0o644)
                target = folder / source.relative_to(temporary)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(source, target)  # noqa: PTH105
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sample(pipeline: SanaVideoPipeline, prompts: list[str], **options: Any) -> Any:
    """Make one clip for each prompt: `(N, F, H, W, 3)` floats in 0..1.

    Args:
        pipeline: The stock pipeline.
        prompts: What to show.
        options: `seed`, and any of the names in `DEFAULTS`.
    """
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
        frames=int(values["num_frames"]),
        num_inference_steps=int(values["num_inference_steps"]),
        guidance_scale=float(values["guidance_scale"]),
        max_sequence_length=int(values["max_sequence_length"]),
        generator=generators,
        use_resolution_binning=False,
        output_type="np",
        **values["call"],
    ).frames
