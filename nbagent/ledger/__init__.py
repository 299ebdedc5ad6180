"""The ledger: what was said, made and stored, in one folder beside the notebook.

`records` says what a row is, `database` opens the SQLite file, `files` keeps media by
the hash of its bytes, and `store` is the one object that other rooms talk to.
"""

from nbagent.ledger.database import store_errors
from nbagent.ledger.records import Artifact, ClipRow, JobRow, Turn
from nbagent.ledger.store import Ledger

__all__ = ["Artifact", "ClipRow", "JobRow", "Ledger", "Turn", "store_errors"]
