"""`nbagent train-reader` and `train-scenes`: from labels to the weights that are shipped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nbagent.language.reader import WEIGHTS
from nbagent.language.scenes import WEIGHTS as SCENES
from nbagent.language.training.loop import Options, train
from nbagent.language.training.scene_loop import STEPS, SceneOptions, train_scenes


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent train-reader`."""
    parser = argparse.ArgumentParser(
        prog="nbagent train-reader", description="Train the reader."
    )
    parser.add_argument("turns", type=Path, help="a folder: a file for each author")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the weights")
    parser.add_argument("--weights", type=Path, help="go on from these")
    parser.add_argument("--groups", type=Path, help="groups of authors to leave out")
    parser.add_argument("--passes", type=int, default=16)
    parser.add_argument("--compounds", type=int, default=3500)
    parser.add_argument("--swaps", type=int, default=3000)
    parser.add_argument("--elsewhere", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    train(Options(**vars(parser.parse_args(argv))), _tell)
    return 0


def scenes(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent train-scenes`."""
    parser = argparse.ArgumentParser(
        prog="nbagent train-scenes", description="Train what reads scenes."
    )
    parser.add_argument("scenes", type=Path, help="a folder: a file for each author")
    parser.add_argument("--out", type=Path, default=SCENES, help="the weights")
    parser.add_argument(
        "--without", nargs="+", default=(), metavar="NAME", help="files to leave out"
    )
    parser.add_argument("--weights", type=Path, help="go on from these")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    train_scenes(SceneOptions(**vars(parser.parse_args(argv))), _tell)
    return 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
