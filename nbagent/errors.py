"""Every error nbagent raises on purpose.

    NbagentError
    ├── SpecError            the user's mistake: fix the words or the option
    │   └── UnknownClip      a clip or variable name that nothing carries
    ├── Cancelled            the user stopped it; what was rendered is kept
    └── EngineError          the world's failure: nothing the user wrote is wrong
        ├── MissingExtra     an optional package is not installed
        ├── DownloadFailed   a model cannot be fetched from the hub
        ├── JobFailed        the renderer reported an error for this take
        ├── WorkerLost       the worker or the engine host died and did not come back
        ├── StoreError       the `.nbagent` folder cannot be read or written
        └── MediaError       a media file is damaged or of an unknown kind

A message has three parts on one line: what happened, the value, what to do next.
Anything else that is raised is a bug and keeps its traceback.
"""


class NbagentError(Exception):
    """Root of the tree; catch this to catch all of ours."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for its own traceback: ours is the one line, and
        # the cell still fails, so Run All and papermill stop here.
        return [f"{type(self).__name__}: {self}"]


class SpecError(NbagentError, ValueError):
    """The user asked for something that cannot be, and can change it."""


class UnknownClip(SpecError):
    """A turn names a clip or variable that does not exist."""


class Cancelled(NbagentError):
    """The user stopped the job; its checkpoint stays on disk."""


class EngineError(NbagentError):
    """The world failed, not the request."""


class MissingExtra(EngineError):
    """A package of an optional extra is needed and not installed."""


class DownloadFailed(EngineError):
    """A model cannot be fetched: no network, no room, no leave, or no such model."""


class JobFailed(EngineError):
    """The renderer reported an error for this take."""


class WorkerLost(EngineError):
    """The worker process or the engine host died too often to go on."""


class StoreError(EngineError):
    """The store folder cannot be read or written."""


class MediaError(EngineError):
    """A media file is damaged, or of a kind that nbagent does not read."""
