"""`nbagent train-reader` and `train-scenes`: from labels to the weights that are shipped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nbagent.language.data_scores import WEIGHTS as MOVES
from nbagent.language.reader import WEIGHTS
from nbagent.language.scenes import WEIGHTS as SCENES
from nbagent.language.training.data_loop import STEPS as MOVES_STEPS
from nbagent.language.training.data_loop import MovesOptions, train_moves
from nbagent.language.training.loop import Options, train
from nbagent.language.training.scene_loop import STEPS, SceneOptions, train_scenes
from nbagent.system.arguments import Parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent train-reader`."""
    parser = Parser(prog="nbagent train-reader", description="Train the reader.")
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
    parser = Parser(prog="nbagent train-scenes", description="Train what reads scenes.")
    parser.add_argument("scenes", type=Path, help="a folder: a file for each author")
    parser.add_argument("--out", type=Path, default=SCENES, help="the weights")
    parser.add_argument(
        "--without", nargs="+", default=(), metavar="NAME", help="files to leave out"
    )
    parser.add_argument("--weights", type=Path, help="go on from these")
    parser.add_argument(
        "--steps", type=int, default=STEPS, help="0 fits only the stand-ins"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--folds", type=int, default=0, help="test the stand-ins in so many folds"
    )
    train_scenes(SceneOptions(**vars(parser.parse_args(argv))), _tell)
    return 0


def moves(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent train-moves`."""
    parser = Parser(
        prog="nbagent train-moves", description="Train what reads turns about data."
    )
    parser.add_argument("turns", type=Path, help="a folder: a file for each author")
    parser.add_argument(
        "--others", type=Path, default=Path("tests/turns"), help="the reader's turns"
    )
    parser.add_argument("--out", type=Path, default=MOVES, help="the weights")
    parser.add_argument(
        "--without", nargs="+", default=(), metavar="NAME", help="files to leave out"
    )
    parser.add_argument("--weights", type=Path, help="go on from these")
    parser.add_argument("--steps", type=int, default=MOVES_STEPS)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    train_moves(MovesOptions(**vars(parser.parse_args(argv))), _tell)
    return 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
