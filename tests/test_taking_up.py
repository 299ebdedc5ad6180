"""Jobs whose kernel is gone: who takes them up, and who leaves them alone."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbagent.conversation.session import Session
from nbagent.errors import StoreError
from nbagent.jobs.engine import Engine
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from nbagent.system import private
from nbagent.take import Take
from tests.jobs_stub import RENDERER, plain, wait_until

pytestmark = pytest.mark.phrases

TAKE = Take(
    operation="generate",
    model="pocket",
    model_revision="stub",
    prompt="a red ball",
    shot={},
    seed=0,
    num_frames=16,
    height=128,
    width=128,
    fps=8.0,
    num_inference_steps=2,
    guidance_scale=1.0,
)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """Give an engine on a cluster inside this process."""
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
        Engine(plain(settings, cluster.scheduler_address), renderer=RENDERER) as engine,
    ):
        yield engine


@pytest.fixture
def session(settings: Settings, engine: Engine) -> Iterator[Session]:
    session = Session(settings=settings, engine=engine)
    yield session
    session.close()


def own(settings: Settings) -> Ledger:
    """Open the store as a kernel of this user does."""
    return Ledger(settings.store, owner=private.secret(settings.state))


def queue(ledger: Ledger, conversation: str, seed: int = 0, **changes: Any) -> str:
    """Record a job as a kernel does that has not sent it yet."""
    turn = ledger.turns.add(conversation, "a red ball", None, {})
    take_id = ledger.add_take(replace(TAKE, seed=seed, **changes))
    ledger.add_clip(conversation, turn.id, take_id)
    return ledger.jobs.add(take_id, turn.id, "interactive")


@pytest.mark.parametrize("conversation", ["draft", "kernel-4711"])
def test_what_a_renamed_or_nameless_notebook_left_is_taken_up_by_the_next_kernel(
    session: Session, engine: Engine, settings: Settings, conversation: str
) -> None:
    with own(settings) as gone:
        job_id = queue(gone, conversation)
    said = session.whole.take_up()
    assert said == f"continuing what was left unfinished: c1 of {conversation!r}"
    assert engine.wait(job_id, 20).state == "done"
    assert session.whole.take_up() == ""


def test_what_a_kernel_left_that_ended_later_is_taken_up_when_one_goes_there(
    session: Session, engine: Engine, settings: Settings
) -> None:
    other = own(settings)
    job_id = queue(other, "draft")
    assert session.whole.take_up() == ""  # its kernel lives
    assert session.record.status() == (
        "1 clip in the conversation 'draft': %nbagent conversation draft switches to it"
    )
    other.close()
    assert session.whole.converse("draft").endswith("left unfinished: c1")
    assert engine.wait(job_id, 20).state == "done"
    assert session.record.status() == "nothing is being rendered"


def test_of_two_kernels_that_come_at_once_one_takes_a_job_up(
    settings: Settings,
) -> None:
    with own(settings) as gone:
        jobs = [queue(gone, "draft", seed) for seed in range(3)]
    with own(settings) as one, own(settings) as other:
        assert [row.id for row in one.keeper.adopt()] == jobs
        assert other.keeper.adopt() == ()
    with own(settings) as third:
        assert [row.id for row in third.keeper.adopt()] == jobs


def test_a_kernel_that_is_killed_leaves_its_jobs_to_others(settings: Settings) -> None:
    script = (
        "import time; from nbagent.settings import Settings;"
        "from tests.test_taking_up import own, queue; ledger = own(Settings.from_env());"
        "queue(ledger, 'draft'); print('there', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script]
    root = Path(__file__).parents[1]
    with (
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as killed,
        own(settings) as ledger,
    ):
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"there\n"
        assert ledger.keeper.adopt() == ()
        killed.kill()
        killed.wait()
        assert [row.id for row in ledger.keeper.adopt()] == ["j1"]


def test_a_job_that_cannot_be_read_is_failed_and_keeps_nobody_waiting(
    session: Session, engine: Engine, settings: Settings
) -> None:
    with own(settings) as gone:
        turn = gone.turns.add("draft", "a red ball", None, {})
        bad = gone.jobs.add(gone.add_take(TAKE), turn.id, "express")
        good = queue(gone, "draft", seed=1)
    assert session.whole.take_up().endswith("c1 of 'draft'")
    assert engine.wait(good, 20).state == "done"
    row = session.ledger.jobs.get(bad)
    assert row.state == "failed"
    assert row.message == "a job's lane cannot be 'express': see nbagent.take.Job"


def test_a_take_that_another_engine_renders_is_rendered_once(
    session: Session, engine: Engine, settings: Settings
) -> None:
    with own(settings) as gone:
        job_id = queue(gone, "draft")
        lock = gone.render_lock(gone.jobs.get(job_id).take_id)
    assert lock.take()
    session.whole.take_up()
    wait_until(
        lambda: engine.wait(job_id, 0).message.startswith("waiting, as another engine")
    )
    session.ledger.put_file(b"", ".mp4")
    assert not (settings.store / "steps.jsonl").exists()
    lock.release()
    assert engine.wait(job_id, 20).state == "done"
    assert not list(session.ledger.checkpoint_dir.glob("*.lock"))


def test_many_clips_are_cancelled_by_name(session: Session) -> None:
    from nbagent.notebook.commands import COMMANDS

    # Each takes longer than all are told to stop in.
    jobs = [
        queue(session.ledger, "test", seed, num_inference_steps=1000)
        for seed in range(40)
    ]
    names = tuple(f"c{number}" for number in range(2, 41))
    assert session.hands.cancel(names) == f"stopping: {', '.join(names)}"
    states = [session._engine.wait(job_id, 20).state for job_id in jobs[1:]]  # type: ignore[attr-defined]
    assert states == ["cancelled"] * 39
    for command in ("cancel", "keep", "pause", "resume", "rebuild"):
        assert COMMANDS[command].arguments[1] > 300


def test_a_turn_reads_no_more_for_the_jobs_that_wait(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digests() -> int:
        counted = 0
        hashed = Take.id.fget  # type: ignore[attr-defined]

        def count(take: Take) -> str:
            nonlocal counted  # the engine's threads are not the turn
            counted += threading.current_thread() is threading.main_thread()
            return str(hashed(take))

        with monkeypatch.context() as patch:
            patch.setattr(Take, "id", property(count))
            words = "a red ball bounces on the beach"
            seed = {"seed": 1000 + len(session.ledger.jobs.find())}
            reply = session.hear(words, seed, cell_id=str(seed))
            session.render(reply).start(lambda _index, _progress: None)
        return counted

    digests()
    few = digests()
    for seed in range(50):
        queue(session.ledger, "test", seed)
    session.record.state(())  # what was made meanwhile is read once
    # A few more or less, by how far the engine has come with the turn before.
    assert digests() < few + 10


@pytest.mark.parametrize("brought", ["by a stranger", "from another folder"])
def test_what_a_store_brings_from_elsewhere_is_told_and_waits_for_a_word(
    session: Session, engine: Engine, settings: Settings, tmp_path: Path, brought: str
) -> None:
    if brought == "by a stranger":
        with Ledger(settings.store, owner="his") as gone:
            queue(gone, "test")
            queue(gone, "test", seed=1)
    else:
        with own(replace(settings, store=tmp_path / "theirs")) as gone:
            queue(gone, "test")
            queue(gone, "test", seed=1)
        shutil.copytree(tmp_path / "theirs", settings.store)
    assert session.whole.take_up() == (
        "left unfinished elsewhere: c1, c2 (%nbagent resume renders them here,"
        " %nbagent cancel drops them)"
    )
    assert session.renderings.unfinished() == {}
    assert [row.state for row in session.ledger.jobs.find()] == ["queued", "queued"]
    assert session.hands.resume(["c2"]) == "continuing: c2"
    assert engine.wait("j2", 20).state == "done"
    assert session.hands.cancel(["c1"]) == "stopping: c1"
    assert session.hands.resume() == "nothing is paused", (
        "what is let go is not offered"
    )
    ledger = session.ledger
    assert not ledger.keeper.is_strange(ledger.jobs.get("j1")), "it is in our hand"
    assert engine.wait("j1", 20).state == "cancelled"
    assert session.whole.take_up() == ""


@pytest.mark.parametrize("way", ["a path", "an absolute path", "no text", "a link"])
def test_who_a_store_names_as_a_keeper_touches_no_file_outside(
    settings: Settings, tmp_path: Path, way: str
) -> None:
    """A free lock is taken away, so a name that is a path took a file of the user's."""
    precious = tmp_path / "uv.lock"
    precious.write_text("mine")
    with Ledger(settings.store, owner="his") as gone:
        queue(gone, "test")
    name: object = f"{'0' * 16}-{'f' * 32}"
    if way == "a path":
        name = f"{'../' * 30}{precious.with_suffix('')}"
    elif way == "an absolute path":
        name = str(precious.with_suffix(""))
    elif way == "no text":
        name = 4711
    else:
        target = settings.store / "keepers" / f"{name}.lock"
        target.symlink_to(tmp_path / "made")
    database = sqlite3.connect(settings.store / "ledger.db")
    with database:
        database.execute("UPDATE jobs SET keeper = ?", (name,))
    database.close()
    with own(settings) as ledger:
        (row,) = ledger.jobs.find()
        if way == "a link":
            with pytest.raises(StoreError):
                ledger.keeper.is_strange(row)
        else:
            assert ledger.keeper.is_strange(row)
    assert precious.read_text() == "mine"
    assert not (tmp_path / "made").exists()


def test_the_secret_is_made_once_and_for_nobody_else(settings: Settings) -> None:
    first = private.secret(settings.state)
    assert len(first) == 32
    assert private.secret(settings.state) == first
    assert (settings.state / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.state.iterdir()] == ["secret"]
    (settings.state / "secret").chmod(0o644)
    assert private.secret(settings.state) == ""  # somebody else may know it
