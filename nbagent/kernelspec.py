"""`nbagent kernel install`: the stock Python kernel, with nbagent loaded and warmed.

A kernelspec is a folder with a `kernel.json`; ours is ipykernel's own, which loads one
more extension. Nothing else of the kernel is changed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from nbagent.errors import SpecError
from nbagent.system.arguments import Parser

NAME = "nbagent"
DISPLAY_NAME = "Python 3 (nbagent)"
EXTENSION = "nbagent.notebook.kernel"
LOGOS = Path(__file__).parent / "logos"


def install(argv: Sequence[str]) -> int:
    """Write the kernelspec; return the exit code.

    Raises:
        SpecError: If its place cannot be written, or others could write there too.
    """
    options = _parser("install", "Add the kernel to the launcher.").parse_args(argv)
    from ipykernel.kernelspec import get_kernel_dict

    folder = _place(options) / options.name
    spec = get_kernel_dict(extra_arguments=[f"--ext={EXTENSION}"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_place(folder)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / "kernel.json"
            made.write_text(
                json.dumps(spec | {"display_name": DISPLAY_NAME}, indent=1) + "\n"
            )
            for logo in LOGOS.iterdir():
                shutil.copyfile(logo, Path(scratch) / logo.name)
            for file in Path(scratch).iterdir():
                file.replace(folder / file.name)  # a link there is not written through
    except OSError as error:
        raise _unwritable(folder, error) from error
    sys.stdout.write(f"installed {DISPLAY_NAME} in {folder}\n")
    return 0


def remove(argv: Sequence[str]) -> int:
    """Take the kernelspec away again; return the exit code.

    Raises:
        SpecError: If there is none, or it cannot be removed.
    """
    options = _parser("remove", "Remove the kernel.").parse_args(argv)
    if options.user or options.prefix:
        places = list(_ours(_place(options)))
    else:
        places = installed()
    named = [folder for folder in places if folder.name == options.name]
    if not named:
        raise SpecError(
            f"there is no nbagent kernel called {options.name!r} there: repeat the"
            " --user, --sys-prefix or --prefix that it was installed with"
        )
    for folder in named:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise _unwritable(folder, error) from error
        sys.stdout.write(f"removed {folder}\n")
    return 0


def installed() -> list[Path]:
    """Return the folders of our kernelspecs that Jupyter finds here, first first."""
    from jupyter_core.paths import jupyter_path

    return [one for folder in jupyter_path("kernels") for one in _ours(Path(folder))]


def python_of(folder: Path) -> str:
    """Return the interpreter that a kernelspec starts."""
    return str(_argv(folder)[0])


def _ours(kernels: Path) -> Iterator[Path]:
    """Yield the kernelspecs of a folder that load our extension."""
    for path in sorted(kernels.glob("*/kernel.json")):
        if f"--ext={EXTENSION}" in _argv(path.parent):
            yield path.parent


def _argv(folder: Path) -> list[str]:
    """Return the command of a kernelspec; nothing if it cannot be read."""
    try:
        argv = json.loads((folder / "kernel.json").read_text("utf-8"))["argv"]
    except (OSError, ValueError, KeyError, TypeError):  # somebody else's, broken
        return []
    return argv if isinstance(argv, list) else []


def _place(options: argparse.Namespace) -> Path:
    """Return the folder of kernelspecs that the options name, as ipykernel's do."""
    from jupyter_core.paths import SYSTEM_JUPYTER_PATH, jupyter_data_dir

    if options.user:
        return Path(jupyter_data_dir()) / "kernels"
    if options.prefix:
        return Path(options.prefix) / "share/jupyter/kernels"
    return Path(SYSTEM_JUPYTER_PATH[0]) / "kernels"


def _check_place(folder: Path) -> None:
    """Refuse a place where somebody else decides what the kernel starts."""
    status = folder.lstat()
    is_ours = status.st_uid in (0, os.getuid()) and stat.S_ISDIR(status.st_mode)
    if not is_ours or status.st_mode & stat.S_IWOTH:
        raise SpecError(
            f"{folder} is a link, another user's, or open to everybody, so others"
            " could decide what this kernel starts: remove it, or use --sys-prefix"
            " or --user"
        )


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    parser = Parser(prog=f"nbagent kernel {command}", description=description)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--user", action="store_true", help="for this user only")
    where.add_argument(
        "--sys-prefix",
        action="store_const",
        const=sys.prefix,
        dest="prefix",
        help=f"in this environment ({sys.prefix})",
    )
    where.add_argument("--prefix", help="in another environment")
    parser.add_argument("--name", default=NAME, help=f"the kernel's name ({NAME})")
    return parser


def _unwritable(folder: Path, error: OSError) -> SpecError:
    return SpecError(
        f"{folder} cannot be written ({error.strerror}): use --sys-prefix or --user"
    )
