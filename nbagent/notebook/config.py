"""`%config NbAgent` and `c.NbAgent` of IPython's configuration files.

What wins, from the weakest: a setting's default, `c.NbAgent` in a configuration file (the
user's own over the system's, as IPython reads them), an `NBAGENT_*` variable, what was
said in this kernel (`%config`, `%nbagent`, the panel), what the machine has locked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from traitlets import Bool, Float, TraitError, Unicode, validate
from traitlets.config import Configurable

from nbagent.errors import NbagentError, SpecError

if TYPE_CHECKING:
    from nbagent.conversation.choices import Change
    from nbagent.conversation.session import Session
    from nbagent.settings import Settings

_LIVE: Final = (
    "cache",
    "draft_above",
    "limit",
    "model",
    "progress",
    "timeout",
    "trust",
)
_AT_START: Final = (
    "checkpoint",
    "clip_model",
    "compile",
    "conversation",
    "engine",
    "engine_insecure",
    "grace",
    "look",
    "memory_gb",
    "store",
)


class NbAgent(Configurable):
    """The settings of nbagent in this kernel."""

    cache = Unicode("0", help="step cache of new clips: 0.1, sea:0.2; 0 is off")
    draft_above = Float(60.0, min=0, help="seconds from which a draft comes first")
    limit = Float(300.0, min=0, help="seconds from which a turn asks first; 0 never")
    model = Unicode("pocket", help="what renders: pocket, a folder, a hub id")
    progress = Float(10.0, min=0, help="seconds between lines of progress in text")
    timeout = Float(120.0, min=0, help="seconds a language model may take; 0 any")
    trust = Bool(False, help="let a language model's plan act without your yes")
    checkpoint = Float(2.0, min=0, help="seconds between checkpoints; 0 is every step")
    clip_model = Unicode("", help="the CLIP that scores clips: a folder or a hub id")
    compile = Bool(False, help="compile networks where they can be")
    conversation = Unicode("", help="name of the conversation; empty is the notebook's")
    engine = Unicode("", help="address of a Dask scheduler; empty is an own host")
    engine_insecure = Bool(False, help="take a scheduler without TLS")
    grace = Float(60.0, min=0, help="seconds the engine stays when nobody needs it")
    look = Bool(True, help="score finished clips, and try again where they lack")
    memory_gb = Float(0.0, min=0, help="memory for models in GB; 0 is what is free")
    store = Unicode("", help="folder of clips; empty is .nbagent beside the notebook")
    for _trait in (*_LIVE, *_AT_START):
        locals()[_trait].tag(config=True)
    del _trait

    def __init__(self, **parts: Any) -> None:
        self._session: Session | None = None
        self._said: dict[str, Any] = {}  # in this kernel
        self._is_told = True  # by files, or by the session: not by the user
        try:
            super().__init__(**parts)
        except TraitError as error:
            raise SpecError(f"c.NbAgent in IPython's configuration: {error}") from None
        section: Mapping[str, Any] = self.config.get(type(self).__name__, {})
        self._of_files = {name: section[name] for name in section}
        self._is_told = False

    def env(self) -> dict[str, str]:
        """Return the environment that files, variables and this kernel come to."""
        from nbagent.settings import variables

        return {
            **variables(self._of_files, "c.NbAgent"),
            **os.environ,
            **variables(self._said, "NbAgent"),
        }

    def attach(self, session: Session) -> None:
        """Follow a session's settings, and change them."""
        self._session = session
        session.on_choice = self._follow
        self._follow(session.settings)

    @validate(*_LIVE, *_AT_START)
    def _change(self, proposal: Any) -> Any:
        """Let the session choose what was set by hand; what it refuses is not set."""
        name, value = proposal["trait"].name, proposal["value"]
        if self._is_told:
            return value
        if self._session is None:
            self._said[name] = value
            return value
        if name in _AT_START:
            raise TraitError(
                f"{name} is read when the conversation begins: set c.NbAgent.{name} in"
                " ipython_config.py, or restart the kernel and set it first"
            )
        try:
            self._session.choose(_changes()[name](value))
        except NbagentError as error:
            raise TraitError(str(error)) from None
        return value

    def _follow(self, settings: Settings) -> None:
        """Show settings as they are."""
        from nbagent.settings import NAMES

        self._is_told = True
        try:
            for name in (*_LIVE, *_AT_START):
                value = getattr(settings, NAMES[name][1])
                if name == "memory_gb":
                    value = (value or 0) / 1e9
                if isinstance(self.traits()[name], Unicode):
                    value = str(value or "") or ("0" if name == "cache" else "")
                self.set_trait(name, value)
        finally:
            self._is_told = False


def _changes() -> Mapping[str, Callable[[Any], Change]]:
    from nbagent.conversation import choices
    from nbagent.take.caching import step_caching

    return {
        "cache": lambda text: choices.cache(step_caching(text)),
        "draft_above": choices.drafts,
        "limit": choices.limit,
        "model": choices.use,
        "progress": choices.progress,
        "timeout": choices.timeout,
        "trust": lambda acts: choices.trust(acts=acts),
    }
