"""The ledger: what was said, made and stored, in one folder beside the notebook.

`records` says what a row is, `database` opens the SQLite file, `files` keeps media by
the hash of its bytes, and `store` is the one object that other rooms talk to: takes,
their clips and files, with `turns`, `jobs`, `conversations` as wholes, the `notebooks`
they belong to, and the `variables` that turns named.
"""

from nbagent.ledger.conversations import ConversationRow
from nbagent.ledger.database import store_errors
from nbagent.ledger.notebooks import NotebookRow
from nbagent.ledger.records import Artifact, ClipRow, JobRow, Turn
from nbagent.ledger.store import Ledger
from nbagent.ledger.variables import VariableRow

__all__ = [
    "Artifact",
    "ClipRow",
    "ConversationRow",
    "JobRow",
    "Ledger",
    "NotebookRow",
    "Turn",
    "VariableRow",
    "store_errors",
]
