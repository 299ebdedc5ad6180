"""Short names of models that the pipelines here drive, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model on the hub.

    Attributes:
        repo: Repository of its diffusers folder.
        licence: As its authors name it; read theirs before you use it.
    """

    repo: str
    licence: str


# Text-to-video models of families in `nbagent.models`; the repositories' own cards
# name the licences.
CATALOGUE: Final[dict[str, Entry]] = {
    "wan2.1-1.3b": Entry(repo="Wan-AI/Wan2.1-T2V-1.3B-Diffusers", licence="Apache-2.0"),
    "wan2.1-14b": Entry(repo="Wan-AI/Wan2.1-T2V-14B-Diffusers", licence="Apache-2.0"),
    "wan2.2-14b": Entry(repo="Wan-AI/Wan2.2-T2V-A14B-Diffusers", licence="Apache-2.0"),
    "wan2.2-5b": Entry(repo="Wan-AI/Wan2.2-TI2V-5B-Diffusers", licence="Apache-2.0"),
    "ltx": Entry(repo="Lightricks/LTX-Video", licence="LTX-Video Open Weights"),
    "cogvideox-2b": Entry(repo="THUDM/CogVideoX-2b", licence="Apache-2.0"),
    "cogvideox-5b": Entry(repo="THUDM/CogVideoX-5b", licence="CogVideoX"),
    "hunyuan": Entry(
        repo="hunyuanvideo-community/HunyuanVideo", licence="Tencent Hunyuan Community"
    ),
    "mochi": Entry(repo="genmo/mochi-1-preview", licence="Apache-2.0"),
}
