"""What is shown in a take's place before its first step."""

from __future__ import annotations

from nbagent.ledger import Ledger
from nbagent.take import Take


def before(ledger: Ledger, take: Take) -> bytes | None:
    """Return a picture of the clip that a take is made from, if there is one."""
    for parent in ledger.parents(take.id):
        if (artifact := ledger.artifact(parent.id)) is not None:
            return ledger.path(artifact.poster).read_bytes()
    return None
