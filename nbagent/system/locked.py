"""Settings that whoever runs a machine has locked: read here, and never written.

They stand in `nbagent_locked.json`, in a folder of Jupyter's system-wide settings, where
users have no right to write:

    {"NbAgent": {"model": "pocket", "limit": 60}}
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from nbagent.errors import SpecError

FILE: Final = "nbagent_locked.json"
# As `jupyter --paths` lists them under config, but for the user's own; the last wins.
FOLDERS: Final = (
    Path(sys.prefix) / "etc" / "jupyter",
    Path("/usr/local/etc/jupyter"),
    Path("/etc/jupyter"),
)


def locked() -> dict[str, Any]:
    """Return what is locked on this machine, by the names of `NbAgent`.

    Raises:
        SpecError: If a file is there that cannot be read: it is not passed over.
    """
    found: dict[str, Any] = {}
    for folder in FOLDERS:
        file = folder / FILE
        try:
            text = file.read_text("utf-8")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SpecError(f"{file} cannot be read ({error.strerror})") from error
        try:
            found |= dict(json.loads(text)["NbAgent"])
        except (ValueError, TypeError, KeyError) as error:
            raise SpecError(
                f'{file} holds no settings: write {{"NbAgent": {{"limit": 60}}}}'
            ) from error
    return found
