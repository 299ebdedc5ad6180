"""A card's usual values: those of its family, of its model, of the folder itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from nbagent.errors import SpecError
from nbagent.models.catalogue import HubModel
from nbagent.models.configs import MOST, read_json
from nbagent.models.families import Family

# A clip far longer or larger than the training data is noise, and memory is gone
# before anyone sees it. A model's own `defaults.json` may say better.
STRETCH = 4


# What a model's own `defaults.json` may say; no model's value comes near the bound.
_NUMBERS: Final = frozenset(
    "fps height width num_frames num_inference_steps guidance_scale sigmas draft_steps"
    " max_sequence_length max_num_frames window_frames".split()
)


# A little more than a model's own length at once is better than a second window.
_WINDOW = 1.25


def own_defaults(
    folder: Path, family: Family, known: HubModel | None
) -> dict[str, Any]:
    """Merge the family's values with those of the model, and of the folder itself."""
    path = folder / "defaults.json"
    own = dict(known.defaults) if known else {}
    if path.is_file():
        own |= _checked(read_json(path), path)
    sigmas = tuple(map(float, own.get("sigmas", ())))
    if sigmas:
        if sigmas[0] > 1 or sigmas[-1] <= 0 or list(sigmas) != sorted(sigmas)[::-1]:
            raise SpecError(
                f"the sigmas {', '.join(f'{s:g}' for s in sigmas)} in {path} do"
                " not fall from 1 to above 0: correct that file"
            )
        own |= {"num_inference_steps": len(sigmas), "draft_steps": len(sigmas)}
    numbers = {
        key: own.get(key, getattr(family, key))
        for key in (
            "fps",
            "height",
            "width",
            "num_frames",
            "num_inference_steps",
            "guidance_scale",
        )
    }
    length = own.get("max_sequence_length", family.max_sequence_length)
    call = {} if length is None else {"max_sequence_length": length}
    call |= dict(known.call if known else {})
    most = own.get("max_num_frames", STRETCH * numbers["num_frames"])
    window = most if family.sections else round(_WINDOW * numbers["num_frames"])
    return numbers | {
        "draft_steps": own.get(
            "draft_steps", max(4, numbers["num_inference_steps"] // 3)
        ),
        "window_frames": own.get("window_frames", window),
        "max_num_frames": most,
        "sigmas": sigmas,
        "renoises": bool(own.get("renoises", False)),
        "holds_clean": bool(own.get("holds_clean", False)),
        "call": call,
        "max_tokens": call.get("max_sequence_length", family.max_tokens),
    }


def _checked(own: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a folder's defaults, if each is a number that a clip can have."""
    for key in _NUMBERS & own.keys():
        numbers = own[key] if key == "sigmas" else [own[key]]
        least = 0 if key in ("guidance_scale", "sigmas") else 0.01
        if not isinstance(numbers, list) or not all(
            isinstance(one, int | float) and least <= one < MOST for one in numbers
        ):
            raise SpecError(
                f"{key} {json.dumps(own[key])[:40]} in {path} is not a valid value:"
                " correct that file"
            )
    return own
