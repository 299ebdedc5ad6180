"""The arguments of a command, read so that a mistake is one line."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """argparse's own, without the usage above each mistake; the exit code is 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the options are listed, and leave."""
        sys.stderr.write(f"{self.prog}: {message} (see {self.prog} --help)\n")
        raise SystemExit(2)
