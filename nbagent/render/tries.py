"""The tries of a job: from which seeds a clip is made, and which of them is shown.

The take that is shown is an attempt like any other: its recipe names its seed, and renders
to it again without a look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nbagent.charts.stored import store_clip
from nbagent.errors import Cancelled, NbagentError
from nbagent.ledger import Artifact
from nbagent.render.job_run import Work
from nbagent.render.scorers import Frames, Look
from nbagent.take import Take

_LABELS = ("", "second try", "third try")  # while it is rendered
_BEST = ("", "", "best of two tries", "best of three tries")  # by how many were made

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A clip that is finished, and not in the store yet.

    Attributes:
        work: What made it.
        take: The work's, or the same until the step at which the user stopped it.
        frames: (F, H, W, 3) uint8, before effects.
        look: What a scorer says of it.
        notes: What is to be said of it.
        approximations: See `nbagent.artifacts.store_frames`.
    """

    work: Work
    take: Take
    frames: Frames
    look: Look
    notes: tuple[str, ...]
    approximations: tuple[str, ...]

    @property
    def is_stopped(self) -> bool:
        """Whether the user stopped it, to have it as it was."""
        return self.take != self.work.job.take

    @property
    def rank(self) -> tuple[bool, tuple[int, float]]:
        """The best of several has most: what the user kept, perhaps after its last step."""
        return self.work.is_kept, self.look.rank

    def store(self) -> Artifact:
        """Write the clip with its recipe."""
        self.work.ledger.add_take(self.take)
        return store_clip(
            self.work.ledger,
            self.take,
            self.frames,
            self.take.fps,
            latents=self.work.latents_digest,
            seconds_rendered=round(self.work.elapsed_s, 3),
            approximations=self.approximations,
            seen=self.look.seen,
            scores=self.look.scores,
        )


def best(work: Work, make: Callable[[Work], Made]) -> tuple[Artifact, str]:
    """Make a clip, from another seed where it lacks something; store and tell the best.

    What was made of each try stays on disk until one is stored: a job whose worker dies
    makes none of them twice.

    Args:
        work: On the take; its job has the other seeds.
        make: Renders one of them.

    Raises:
        Cancelled: If the user stopped it.
        NbagentError: If not even the first can be made.
    """
    tried: list[Made] = []
    for one in _works(work):
        try:
            made = make(one)
        except Cancelled:
            raise
        except NbagentError:
            if not tried:
                raise
            _log.exception("%s of job %s", one.label, work.job.id)
            break
        tried.append(made)
        if made.work.is_kept or made.look.is_right:
            break
    shown = max(tried, key=lambda made: made.rank)  # the first, of equals
    artifact = shown.store()
    if shown.take.id != work.job.take.id:
        work.ledger.replace_take(work.job.take.id, shown.take)
    if not shown.is_stopped:  # else the clip may yet be rendered to its end
        for made in tried:
            made.work.checkpoint_path.unlink(missing_ok=True)
    others = [m.work.latents_digest for m in tried if m is not shown]
    work.ledger.discard([digest for digest in others if digest])
    notes = list(shown.notes)
    if shown is not tried[0] and not shown.work.is_kept:
        notes.append(_BEST[len(tried)])
    return artifact, "; ".join(notes)


def _works(work: Work) -> Iterator[Work]:
    yield work
    for label, seed in zip(_LABELS[1:], work.job.seeds, strict=False):
        yield work.again(work.job.take.with_seed(seed), label)
