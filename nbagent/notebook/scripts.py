"""Notebooks that nbconvert writes as Python scripts: their turns stay turns.

nbconvert reads cells with a fresh IPython, which takes a turn that ends in `?` for a
request for help. Its templates may bring preprocessors: ours is declared in
`nbconvert.json`, which is installed where every template looks. Nothing else imports
this file.
"""

from __future__ import annotations

import re
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from nbagent.notebook.questions import Question, with_plain_space

_TURN = re.compile(r"^\s*(?:[^\n=]+=\s*)?%{1,2}(?:nb)?agent\b", re.M)
_HINT = """\
# The turns of this script need IPython's magics: run it as `ipython FILE.py`.
try:
    get_ipython()
except NameError:
    raise SystemExit("this script has %agent turns: run it as ipython FILE.py") from None
"""


class KeepTurns(Preprocessor):
    """Writes the turns of a notebook as calls of their magics, for scripts alone."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook with its turns as calls."""
        if resources.get("output_extension") != ".py":
            return nb, resources
        cells = [cell for cell in nb.cells if cell.cell_type == "code"]
        turns = [cell for cell in cells if _TURN.search(cell.source)]
        if not turns:
            return nb, resources
        reader = TransformerManager()
        reader.cleanup_transforms.append(with_plain_space)
        reader.token_transformers.append(Question)
        for cell in turns:
            cell.source = reader.transform_cell(cell.source).rstrip("\n")
        nb.cells.insert(0, new_code_cell(_HINT.rstrip("\n")))
        return nb, resources
