"""What the battery did: the table of docs/models.md is made of it.

    python -m tests.battery     runs the battery and writes the page

The last test of the battery compares the page with what the others just did.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

from nbagent.errors import JobFailed
from nbagent.models.catalogue import CATALOGUE, UNCHECKED
from nbagent.models.families import FAMILIES, TASKS

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
COLUMNS = (
    "unchanged",
    "resumes",
    "stops",
    "remix",
    "holds",
    "preview",
    "rules",
    "encodes",
)

# Where and in which type the battery runs; the page is of the first of each.
DEVICE = os.environ.get("BATTERY_DEVICE", "cpu")
DTYPE = os.environ.get("BATTERY_DTYPE", "fp32")
# The distance (root mean square, as a share of what is compared with) that is "the same"
# where bits need not be: a GPU may add in another order each time, and bf16 is coarse.
TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2}
IS_EXACT = DEVICE == "cpu" and DTYPE == "fp32"

DONE: dict[tuple[str, str], bool] = {}  # (tiny pipeline, column) -> all tests passed
BUILT: dict[str, tuple[str, str]] = {}  # tiny pipeline -> (class, solver)


_PAGE = """# Models

`python -m tests.battery` writes this page from what it did. Change the battery, not the
page: a test fails when they differ.

## What the battery did

Tiny pipelines with random weights, of the real classes of diffusers {diffusers}, run
through the hook on a CPU. A column holds for all tests under it.

* **unchanged**: the latents are those of a plain call, bit for bit, and each step shows.
* **resumes**: stopped after any step, or before decoding, a new run goes on from the
  file to the same bytes.
* **stops**: cancelled within one step; the weights are then as they were.
* **remix**: starts part of the way down from a parent's latents.
* **holds**: known latents, a frame or a part of all frames, end as they were given,
  steer the rest, and resume exactly too.
* **preview**: each step's expected end becomes small frames.
* **rules**: the frame counts and sizes of the card are those that the pipeline takes.
* **encodes**: pixels are encoded to the scale that the pipeline decodes from.

A **no** is tested too: the same test must fail there, with the line that says why.

{battery}

## What each class is given

Size, frames, rate and steps are its authors' own. Operations that need a model are
generate, remix, animate, blend, extend, inpaint, reframe and loop; re-cuts need none.
What a class is given beside words comes from what a take holds. `image` is its whole
first frame, without which such a model cannot begin (Helios can); a turn without one is
refused at once. Every class but two holds frames through the hook as well.

{families}

* LTX-2 makes sound beside its clip. Clips here are silent: it is denoised with the
  clip, which it shapes, then left out. A remix, whose parent kept no sound, starts it
  from silence. A run that starts late repeats one step, since its loop sets up there.
* Framepack and Helios make a clip in sections, each with a loop of its own. They
  generate, with previews, pauses and a stop at any step, and that is all. A stopped job
  starts over. A clip cannot be ended early and kept, remixed, extended or filled in, and
  only those frames are held that the call is given. Such a turn is refused at once.
* Kandinsky 5 image-to-video evens the first four latent frames out after its loop. The
  pixels of a held frame are put back all the same, but what is made would not fit frames
  that are held for longer. So it sets pictures in motion and blends, no more.
* Where a loop keeps a picture's own latents clean (LTX, LTX-2, SanaVideo, HunyuanVideo,
  SkyReels by diffusion forcing), what is held there is put in after the last step only.
* HunyuanVideo 1.5 with a picture takes no size in its call, and is given the take's.
* HunyuanVideo-I2V-33ch is refused: its pipeline leaves the first four frames out.
* HunyuanVideo 1.5 and ModelScope do not call back after a step: the tap does it instead.
* SVD and ModelScope do not ask before a step: a run that starts late is given the rest
  of its schedule, and no run can be ended early and kept. SVD reads no words.
* Wan image-to-video is given the last frame too where its network reads two pictures:
  Wan 2.2's does, Wan 2.1's only if it was trained on first and last. It is held anyway.
* LTX with conditions is driven from words; its pictures are held, not conditioned.
* Cosmos needs the packages of its guard and of its padding mask, and says so before it
  is loaded. The tiny pipelines have neither. Cosmos 2.5 is driven from words only: for a
  picture its pipeline needs torchvision; it is held, as in other families.
* Framepack and SkyReels V1 have no folder of their own to download: put their parts
  together as diffusers' documentation shows, and save the pipeline.
* SkyReels by diffusion forcing makes one window; it does not roll on to longer clips.
* Not driven: Helios in stages (no gate), Allegro (its VAE decodes in tiles only),
  Latte (sixteen frames, no other length), AnyFlow (its loop turns the latents around),
  EasyAnimate, ConsisID, Wan Animate, and classes that edit or upscale a clip.

## Short names

{names}

Licences are those of the models' own cards and licence files, or of others of their series,
looked up in November 2026.
Those of {unchecked} could not be looked up there, and come from other sources. Read them before you use
a model. A name that is `distilled`, and `fastwan`, has the few steps that its authors give,
at their noise levels, without guidance; where they make a second, larger stage of it, only
the first one is driven.
"""


def check(column: str) -> Callable[[Any], Any]:
    """Note under a column whether a test passes for the pipeline that it is given."""

    def noting(test: Any) -> Any:
        @functools.wraps(test)
        def run(*args: Any, name: str, **kwargs: Any) -> None:
            passed = DONE.get((name, column), True)
            DONE[name, column] = False
            # Not above: it loads diffusers, and with it what pytest wants to load itself.
            from tests.tiny_pipelines import TINY

            if (reason := TINY[name].cannot.get(column)) is not None:
                with pytest.raises((JobFailed, AssertionError), match=reason):
                    test(*args, name=name, **kwargs)
                return
            test(*args, name=name, **kwargs)
            DONE[name, column] = passed

        return pytest.mark.battery(run)

    return noting


def same(one: torch.Tensor, other: torch.Tensor, tolerance: float = 0.0) -> bool:
    """Compare bit for bit on a CPU in fp32, elsewhere within the stated tolerance."""
    if IS_EXACT and not tolerance:
        return bool(torch.equal(one, other))
    one, other = one.float().cpu(), other.float().cpu()
    if one.shape != other.shape or IS_EXACT:
        return one.shape == other.shape and torch.allclose(one, other, atol=tolerance)
    far = float((one - other).square().mean().sqrt())
    return far <= tolerance + TOLERANCE[DTYPE] * float(other.square().mean().sqrt())


def placed(pipe: Any) -> Any:
    """Put a tiny pipeline where the battery runs, in its type."""
    from tests.tiny_parts import cast

    if DTYPE == "bf16":
        for part in pipe.components.values():
            if isinstance(part, torch.nn.Module):
                cast(part, torch.bfloat16)
    return pipe.to(DEVICE)


def built(name: str, pipe: Any) -> None:
    """Note what a tiny pipeline is."""
    BUILT[name] = type(pipe).__name__, type(pipe.scheduler).__name__


def page() -> str:
    """Return docs/models.md as of what was done."""
    return _PAGE.format(
        diffusers=".".join(version("diffusers").split(".")[:2]),
        battery=_table(
            ("tiny pipeline", "class", "solver", *COLUMNS), map(_row, BUILT)
        ),
        families=_table(
            ("class", "size", "frames", "fps", "steps", "operations", "given"),
            map(_family_row, sorted(FAMILIES)),
        ),
        unchecked=", ".join(f"`{name}`" for name in UNCHECKED),
        names=_table(
            ("name", "repository", "class", "licence"),
            (
                (f"`{name}`", entry.repo, entry.pipeline, entry.licence)
                for name, entry in CATALOGUE.items()
            ),
        ),
    )


def _row(name: str) -> tuple[str, ...]:
    did = ("yes" if DONE[name, column] else "**no**" for column in COLUMNS)
    return (f"`{name}`", *BUILT[name], *did)


def _family_row(name: str) -> tuple[str, ...]:
    family = FAMILIES[name]
    can = "all" if family.tasks == TASKS else ", ".join(family.tasks)
    can += ", in sections: no resume, no hold" * (family.sections is not None)
    return (
        name.removesuffix("Pipeline"),
        f"{family.width}x{family.height}",
        str(family.num_frames),
        f"{family.fps:g}",
        str(family.num_inference_steps),
        can,
        ", ".join(family.pictures) or "words only",
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Run the battery in this process, and write what it did."""
    test = "tests/test_render_conformance.py"
    last = f"{test}::test_the_page_says_what_the_battery_did"
    only = [] if IS_EXACT else ["-m", "battery"]
    options = ["-q", "-p", "no:cacheprovider", f"--deselect={last}", *only]
    code = pytest.main([*options, test])
    if IS_EXACT:
        PAGE.write_text(page(), encoding="utf-8")
    else:  # for `tests.gpu_check`, which asks for it
        did = {f"{name} {column}": passed for (name, column), passed in DONE.items()}
        sys.stdout.write(json.dumps(did) + "\n")
    return int(code)


if __name__ == "__main__":
    # Pytest imports this module by its name: what it notes is noted there.
    from tests.battery import main as main_there

    raise SystemExit(main_there())
