"""What is made of a clip that is still being rendered waits for it, on the real engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from nbagent.conversation.rendering import Rendering
from nbagent.conversation.session import Session
from nbagent.errors import Cancelled, JobFailed
from nbagent.jobs.engine import Engine
from nbagent.settings import Settings
from nbagent.take import Progress
from tests.jobs_stub import plain, wait_until
from tests.samples import psnr_db
from tests.test_session import say

pytestmark = [pytest.mark.phrases, pytest.mark.timeout(600)]
LONG_S = 300


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    """Give a session whose engine renders in this process."""
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=3,
            processes=False,
            host="127.0.0.1",
            protocol="tcp",
            dashboard_address="127.0.0.1:0",  # None tries the well-known port
            worker_dashboard_address=None,
        ) as cluster,
        Engine(plain(settings, cluster.scheduler_address)) as engine,
    ):
        session = Session(settings=settings, engine=engine)
        yield session
        session.close()


class Heard:
    """A turn that was begun, and all that its takes say."""

    def __init__(self, session: Session, words: str, **options: Any) -> None:
        self.said: list[Progress] = []
        self.rendering: Rendering = session.render(say(session, words, **options))
        self.rendering.start(lambda _index, progress: self.said.append(progress))

    @property
    def last(self) -> Progress:
        return self.rendering.progress[-1]

    def is_at(self, step: int) -> bool:
        return self.last.phase == "denoise" and self.last.step >= step


def jobs_of(session: Session) -> list[tuple[str, str]]:
    names = session.record.names()
    return [(names[row.take_id], row.state) for row in session.ledger.jobs.find()]


def test_what_is_asked_of_a_running_clip_waits_and_renders_nothing_twice(
    session: Session,
) -> None:
    first = Heard(session, "a red ball on the beach", steps=40)
    slower, night = Heard(session, "slower"), Heard(session, "c1 but at night")
    trimmed = Heard(session, "trim c1 to 1 second")
    assert slower.last.message == night.last.message == "waiting for c1"
    assert slower.last.state == night.last.state == "queued"
    for one in (first, slower, night, trimmed):
        one.rendering.wait()
    c1, c2, c3, c4 = (session.clip(name) for name in ("c1", "c2", "c3", "c4"))
    assert psnr_db(c1.frames, c2.frames) > 40  # an mp4 of an mp4
    assert (c2.fps, c4.num_frames) == (4.0, 8)
    assert c3.take is not None
    assert c3.take.operation == "remix"
    # Each was rendered by one job, and the first as no part of another.
    assert sorted(jobs_of(session)) == [(f"c{n}", "done") for n in range(1, 5)]
    assert not [p for p in night.said if p.message.startswith("part ")]


def test_a_draft_does_not_overtake_the_clip_that_it_is_made_of(
    session: Session,
) -> None:
    first = Heard(session, "a red ball on the beach", steps=60)
    # Of a more urgent lane: it would go first.
    night = Heard(session, "c1 but at night", draft=True)
    wait_until(lambda: first.is_at(2), LONG_S)
    assert night.last.state == "queued"
    night.rendering.wait()
    assert first.last.state == "done"


def test_a_clip_that_is_stopped_ends_what_waits_for_it_in_one_line(
    session: Session,
) -> None:
    first = Heard(session, "a red ball on the beach", steps=400)
    slower, night = Heard(session, "slower"), Heard(session, "c1 but at night")
    wait_until(lambda: first.is_at(2), LONG_S)
    assert session.hands.cancel(["c1"]) == "stopping: c1"
    with pytest.raises(Cancelled):
        first.rendering.wait()
    line = "^c1, which this is made from, was stopped: run its cell again first$"
    for one in (slower, night):
        with pytest.raises(JobFailed, match=line):
            one.rendering.wait()
    assert dict(jobs_of(session)) == {"c1": "cancelled", "c3": "failed"}
    # Nothing is lost: each can be said again, under its name.
    assert [row.name for row in session.rows()] == ["c1", "c2", "c3"]


def test_a_clip_that_fails_ends_what_waits_for_it_with_its_reason(
    session: Session,
) -> None:
    reply = say(session, "a red ball on the beach")
    take = replace(reply.takes[0], model_revision="of another day")
    session.render(replace(reply, takes=(take,)))
    slower = Heard(session, "slower")
    line = (
        "^c1, which this is made from, failed .*weights have changed.*: run its cell again"
        " first$"
    )
    with pytest.raises(JobFailed, match=line):
        slower.rendering.wait()


def test_what_waits_can_be_stopped_by_itself(session: Session) -> None:
    first = Heard(session, "a red ball on the beach", steps=60)
    slower, night = Heard(session, "slower"), Heard(session, "c1 but at night")
    slower.rendering.cancel(None)
    with pytest.raises(Cancelled, match="stopped c2"):
        slower.rendering.wait()
    assert session.hands.cancel(["c3"]) == "stopping: c3"
    with pytest.raises(Cancelled, match="stopped c3"):
        night.rendering.wait()
    first.rendering.wait()


def test_a_clip_that_is_kept_early_is_what_the_others_are_made_of(
    session: Session,
) -> None:
    first = Heard(session, "a red ball on the beach", steps=400)
    slower, night = Heard(session, "slower"), Heard(session, "c1 but at night")
    wait_until(lambda: first.is_at(3), LONG_S)
    keeping = threading.Thread(target=session.hands.keep, args=(["c1"],))
    keeping.start()
    for one in (first, slower, night):
        one.rendering.wait()
    keeping.join()
    kept = session.clip("c1").take
    assert kept is not None
    assert kept.stop_step is not None
    for name in ("c2", "c3"):
        take = session.clip(name).take
        assert take is not None
        assert take.parents == (kept.id,)
        assert session.ledger.artifact(take.id) is not None


def test_two_jobs_that_a_kernel_left_are_rendered_one_after_the_other(
    session: Session, settings: Settings
) -> None:
    gone = Session(settings=settings, engine=session._engine)
    gone.render(say(gone, "a red ball on the beach", steps=40))
    gone.render(say(gone, "at night", draft=True))
    gone.ledger.close()  # its kernel has ended
    assert session.whole.take_up().endswith("c1, c2")
    deadline = time.monotonic() + LONG_S
    while {row.state for row in session.ledger.jobs.find()} != {"done"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    one, two = (session.ledger.jobs.get(job) for job in ("j1", "j2"))
    assert one.updated_at < two.updated_at
    assert not two.message.startswith("part")
