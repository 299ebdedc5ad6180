"""`c1`, `c2`, ... as names in Python: `c1.save("ball.mp4")`, with nothing assigned.

A clip takes its name in the notebook's namespace, unless that name is a variable of the
user's, who then is told so once and keeps it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbagent.conversation.session import Session

_CLIP: Final = re.compile(r"(?<![\w@.%])c[1-9]\d*\b(?!\s*=[^=])")
_TURN: Final = re.compile(r"%(?:nb)?agent\b.*")
_NOTHING: Final = object()


def has_clip(source: str) -> bool:
    """Return whether Python in a cell has the name of a clip; turns look by themselves.

    >>> has_clip("c1.frames.shape"), has_clip("%agent c1 at night"), has_clip("c1 = 5")
    (True, False, False)
    """
    is_python = not source.lstrip().startswith("%%agent")
    return is_python and _CLIP.search(_TURN.sub("", source)) is not None


class ClipNames:
    """Keeps the clips of a conversation bound to their names.

    Args:
        shell: Whose namespace it is.
        bound: What is bound, by name; the notebook's own view of its variables leaves
            these out, since turns know the clips already.
    """

    def __init__(self, shell: InteractiveShell, bound: dict[str, Any]) -> None:
        self._shell = shell
        self._bound = bound
        self._taken: set[str] = set()

    def bind(self, session: Session) -> str:
        """Bind the clips that there are now; return what the user should know, if any.

        A name whose clip is gone, or is of the conversation before, is unbound.
        """
        own, rows = self._shell.user_ns, {row.name: row for row in session.rows()}
        for name in self._bound.keys() - rows.keys():
            if own.get(name) is self._bound.pop(name):
                del own[name]
        new = []
        for name, row in rows.items():
            value, bound = own.get(name, _NOTHING), self._bound.get(name)
            if value is not _NOTHING and value is not bound and not _is(value, name):
                self._bound.pop(name, None)
                new += [] if name in self._taken else [name]
            elif _take_of(value) == row.take_id:
                self._bound[name] = value
            else:
                own[name] = self._bound[name] = session.clip(name)
        self._taken.update(new)
        if not new:
            return ""
        keep = "is a variable" if len(new) == 1 else "are variables"
        return (
            f"{', '.join(new)} {keep} of yours, so Python keeps your value; in a turn"
            f" {new[0]} is still the clip"
        )

    def close(self) -> None:
        """Take the names away."""
        for name, clip in self._bound.items():
            if self._shell.user_ns.get(name) is clip:
                del self._shell.user_ns[name]
        self._bound.clear()


def _is(value: object, name: str) -> bool:
    """Return whether a value is a clip that is called so: `c1 = %agent ...` is no other."""
    return _take_of(value) is not None and getattr(value, "name", None) == name


def _take_of(value: Any) -> str | None:
    """Return the take of a clip, without importing what a clip is."""
    kind = type(value)
    if (kind.__module__, kind.__name__) != ("nbagent.conversation.clip", "Clip"):
        return None
    return None if value.take is None else str(value.take.id)
