"""A scorer for any model: how alike a clip and its words are, by a CLIP of transformers.

Scores are CLIPScore's (Hessel et al. 2021, https://arxiv.org/abs/2104.08718): 2.5 times
the cosine of picture and text, from 0 to 1. They compare clips of the same words; what
is far from them has some .4, what shows them .7 and more.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 (the field's name for it)
from transformers import AutoTokenizer, CLIPModel

from nbagent.render.scorers import ANY, Frames

_FRAMES: Final = 4
_SCALE: Final = 2.5
# What its pictures were normalised by when it was trained, as in every CLIP's card.
_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
_STD: Final = (0.26862954, 0.26130258, 0.27577711)


class ClipScorer:
    """Scores prompt, subject, place and style, as far as a shot has them.

    Args:
        name: Folder of the model, or a hub id that is on this machine. Its weights are
            read from safetensors alone, and it stays on the CPU: the device is the
            pipeline's.
    """

    models = (ANY,)

    def __init__(self, name: str | Path) -> None:
        self._model = CLIPModel.from_pretrained(
            name, local_files_only=True, use_safetensors=True
        ).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=True)

    @torch.no_grad()
    def score(
        self, frames: Frames, shot: Mapping[str, Any]
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Return how alike a few frames and each of the shot's words are; read nothing.

        Args:
            frames: (F, H, W, 3) uint8.
            shot: With `prompt`, `core`, `setting` and `style`, if it has them.
        """
        fields = {
            "prompt": "prompt",
            "subject": "core",
            "place": "setting",
            "style": "style",
        }
        texts = {aspect: str(shot.get(name) or "") for aspect, name in fields.items()}
        texts = {aspect: text for aspect, text in texts.items() if text}
        if not texts:
            return {}, {}
        tokens = self._tokenizer(
            list(texts.values()),
            padding=True,
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )
        found = self._model(
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
            pixel_values=self._pixels(frames),
        )
        # Both are of length 1: (texts, D) and (frames, D).
        alike = (found.text_embeds @ found.image_embeds.T).mean(1)
        scores = (_SCALE * alike).clamp(0, 1).tolist()
        return dict(zip(texts, scores, strict=True)), {}

    def _pixels(self, frames: Frames) -> torch.Tensor:
        """Return the middle of a few frames as the model takes them."""
        side = self._model.config.vision_config.image_size
        count = min(len(frames), _FRAMES)
        picked = np.linspace(0, len(frames) - 1, count).round().astype(int)
        pixels = torch.from_numpy(frames[picked]).permute(0, 3, 1, 2).float() / 255
        scale = side / min(pixels.shape[-2:])
        height, width = (max(side, round(n * scale)) for n in pixels.shape[-2:])
        pixels = F.interpolate(
            pixels, (height, width), mode="bicubic", antialias=True, align_corners=False
        ).clamp(0, 1)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[..., top : top + side, left : left + side]
        mean, std = (torch.tensor(one)[:, None, None] for one in (_MEAN, _STD))
        return (pixels - mean) / std
