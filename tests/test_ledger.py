"""Nothing that was said or made is lost, whoever else uses the folder."""

from __future__ import annotations

import gc
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from nbagent.errors import SpecError, StoreError, UnknownClip
from nbagent.ledger import Artifact, Ledger, VariableRow
from nbagent.ledger.notebooks import NotebookRow
from nbagent.take import JobState
from tests.samples import make_take

ROOT = Path(__file__).parent.parent


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as ledger:
        yield ledger


def add_artifact(ledger: Ledger, take_id: str, content: bytes = b"mp4") -> Artifact:
    artifact = Artifact(
        video=ledger.put_file(content, ".mp4"),
        poster=ledger.put_file(b"jpg", ".jpg"),
        latents=ledger.put_file(b"latents", ".safetensors"),
        num_frames=16,
        fps=8.0,
        height=64,
        width=64,
        duration_s=2.0,
        size_bytes=len(content),
        seconds_rendered=1.5,
    )
    ledger.put_artifact(take_id, artifact)
    return artifact


RUNNING: tuple[JobState, ...] = ("running",)
ENDED: tuple[JobState, ...] = ("failed", "done")


# Nothing is made before the first write


def test_a_missing_folder_reads_as_empty_and_is_not_made(tmp_path: Path) -> None:
    with Ledger(tmp_path / "no" / ".nbagent") as ledger:
        assert not (*ledger.turns.of("a"), *ledger.clips("a"), *ledger.jobs.find())
        assert ledger.verify() == ()
        assert ledger.artifact("b2:0") is None
        with pytest.raises(UnknownClip, match="no clip is called 'c1' here: make"):
            ledger.clip("a", "c1")
        with pytest.raises(StoreError, match="has no job j1"):
            ledger.jobs.get("j1")
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_makes_a_folder_that_git_ignores(ledger: Ledger) -> None:
    ledger.turns.add("a", "a red ball", None, {})
    assert (ledger.folder / ".gitignore").read_text() == "*\n"


# Turns and names


def test_a_turn_comes_back_as_it_was_said(ledger: Ledger) -> None:
    text = 'a {ball} $x "é 猫 🚀"\n\x00 %agent'
    turn = ledger.turns.add("a", text, "cell-1", {"seed": 7, "takes": None})
    ledger.turns.finish(turn.id, {"intent": "generate"}, "here it is", None)
    (read,) = ledger.turns.of("a")
    assert (read.text, read.cell_id) == (text, "cell-1")
    assert read.options == {"seed": 7, "takes": None}
    assert (read.plan, read.answer) == ({"intent": "generate"}, "here it is")
    assert ledger.turns.of("b") == ()


def test_a_run_again_cell_replaces_its_turn_and_keeps_its_names(
    ledger: Ledger,
) -> None:
    takes = [ledger.add_take(make_take(seed=seed)) for seed in range(6)]
    first = ledger.turns.add("a", "two balls", "cell-1", {})
    assert ledger.add_clip("a", first.id, takes[0]).name == "c1"
    assert ledger.add_clip("a", first.id, takes[1]).name == "c2"
    second = ledger.turns.add("a", "a cat", "cell-2", {})
    assert ledger.add_clip("a", second.id, takes[2]).name == "c3"

    again = ledger.turns.add("a", "two red balls", "cell-1", {})
    # It stands where its cell stands, so it is read against what is above it.
    assert [turn.text for turn in ledger.turns.of("a")] == ["two red balls", "a cat"]
    assert again.position == first.position < second.position == second.id
    assert ledger.turns.get(first.id).replaced_by == again.id
    assert [clip.name for clip in ledger.clips("a")] == ["c3"]
    assert ledger.add_clip("a", again.id, takes[3]).name == "c1"
    # The third time, after a turn that did not use c2: both names are still its own.
    third = ledger.turns.add("a", "three red balls", "cell-1", {})
    names = [ledger.add_clip("a", third.id, take).name for take in takes[3:6]]
    assert names == ["c1", "c2", "c4"]
    assert ledger.clip("a", "c1").take_id == takes[3]
    assert ledger.clip("a", "c3").take_id == takes[2]


def test_the_panel_and_other_conversations_replace_nothing(ledger: Ledger) -> None:
    for cell_id, conversation in ((None, "a"), (None, "a"), ("x", "a"), ("x", "b")):
        turn = ledger.turns.add(conversation, "a ball", cell_id, {})
        ledger.add_clip(conversation, turn.id, ledger.add_take(make_take()))
    assert [clip.name for clip in ledger.clips("a")] == ["c1", "c2", "c3"]
    assert [clip.name for clip in ledger.clips("b")] == ["c1"]


def test_an_unknown_clip_names_those_there_are(ledger: Ledger) -> None:
    turn = ledger.turns.add("a", "balls", None, {})
    take_id = ledger.add_take(make_take())
    for _ in range(12):
        ledger.add_clip("a", turn.id, take_id)
    with pytest.raises(UnknownClip, match=r"c1, c2, c3, \.\.\., c10, c11, c12"):
        ledger.clip("a", "c13")
    assert ledger.name_of(take_id) == "c12"
    assert ledger.name_of("b2:0") is None


def test_half_a_character_is_the_users_mistake(ledger: Ledger) -> None:
    with pytest.raises(SpecError, match="half a character"):
        ledger.turns.add("a", "a ball \ud83d", None, {})
    assert ledger.turns.of("a") == ()


# Takes and lineage


def test_a_take_is_stored_once_and_keeps_its_family(ledger: Ledger) -> None:
    root = make_take()
    child = make_take(operation="remix", strength=0.6, parents=(root.id,))
    other = make_take(seed=8)
    blend = make_take(operation="remix", strength=0.5, parents=(child.id, other.id))
    for take in (root, child, other, blend, root):
        ledger.add_take(take)
    assert ledger.take(child.id) == child
    assert ledger.parents(blend.id) == (child, other)
    assert ledger.children(root.id) == (child,)
    assert ledger.ancestors(blend.id) == (root, child, other)
    assert ledger.parents(root.id) == ledger.ancestors(root.id) == ()
    with pytest.raises(StoreError, match="has no take b2:0"):
        ledger.take("b2:0")


# Files and artifacts


def test_equal_bytes_are_one_file_and_wrong_bytes_are_none(
    ledger: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x" * 3_000_000)
    digest = ledger.put_file(tmp_path / "a.mp4", ".mp4")
    assert ledger.put_file(b"x" * 3_000_000, ".mp4") == digest
    path = ledger.path(digest)
    assert path.read_bytes() == b"x" * 3_000_000
    assert re.fullmatch(r"b2:[0-9a-f]{32}\.mp4", digest)
    assert list(ledger.folder.rglob("*.mp4")) == [path]
    assert list((ledger.folder / "tmp").iterdir()) == []
    path.write_bytes(b"y")
    assert ledger.put_file(tmp_path / "a.mp4", ".mp4") == digest
    assert path.stat().st_size == 3_000_000, "a damaged file is replaced"


@pytest.mark.parametrize("digest", ["", "b2:..", "b2:" + "0" * 32, "/etc/passwd", "x"])
def test_a_digest_is_never_a_way_out_of_the_folder(ledger: Ledger, digest: str) -> None:
    with pytest.raises(StoreError, match="is not a digest"):
        ledger.path(digest)


def test_an_artifact_counts_only_while_its_files_are_whole(ledger: Ledger) -> None:
    take_id = ledger.add_take(make_take())
    assert ledger.artifact(take_id) is None
    artifact = add_artifact(ledger, take_id)
    assert ledger.artifact(take_id) == artifact
    assert ledger.verify() == ()
    for digest in artifact.digests:
        path = ledger.path(digest)
        content = path.read_bytes()
        path.write_bytes(content[:-1] + b"?")
        assert ledger.artifact(take_id) is None
        (problem,) = ledger.verify()
        assert str(path) in problem
        path.unlink()
        assert ledger.artifact(take_id) is None
        path.write_bytes(content)
        assert ledger.artifact(take_id) == artifact


# Jobs


def test_a_job_tells_its_story(ledger: Ledger) -> None:
    turn = ledger.turns.add("a", "a ball", None, {})
    take_id = ledger.add_take(make_take())
    job_id = ledger.jobs.add(take_id, turn.id, "interactive")
    assert job_id == "j1"
    assert ledger.jobs.get(job_id).state == "queued"
    ledger.jobs.record(job_id, "running", phase="denoise", step=3, num_steps=24)
    ledger.jobs.record(job_id, "running", step=4)
    job = ledger.jobs.get(job_id)
    assert (job.state, job.phase, job.step, job.num_steps) == (
        "running",
        "denoise",
        4,
        24,
    )
    other = ledger.jobs.add(take_id, None, "batch")
    ledger.jobs.record(other, "failed", message="no memory")
    assert [job.id for job in ledger.jobs.find()] == ["j1", "j2"]
    assert [job.id for job in ledger.jobs.find("a")] == ["j1"]
    assert [job.id for job in ledger.jobs.find(states=ENDED)] == ["j2"]
    assert ledger.jobs.find("a", states=()) == ()


def test_a_job_has_the_seeds_that_it_may_be_tried_with(ledger: Ledger) -> None:
    asked = make_take()
    first = ledger.jobs.add(ledger.add_take(asked), None, "final", seeds=[8, 9])
    assert ledger.jobs.get(first).seeds == (8, 9)
    assert ledger.settled(asked, [8, 9]) == asked
    kept = replace(asked, seed=8)
    ledger.replace_take(asked.id, kept)
    add_artifact(ledger, kept.id)
    assert ledger.settled(asked, [8, 9]) == asked  # it is not done
    ledger.jobs.record(first, "done")
    assert ledger.jobs.get(first).asked_id == asked.id
    assert ledger.settled(asked, [8, 9]) == kept
    assert ledger.settled(asked, [9, 8]) == asked
    # One that the user stopped early is not what a whole one comes to.
    other = replace(asked, prompt="a cat")
    second = ledger.jobs.add(ledger.add_take(other), None, "final", seeds=[8])
    stopped = replace(other, stop_step=3)
    ledger.replace_take(other.id, stopped)
    add_artifact(ledger, stopped.id)
    ledger.jobs.record(second, "done")
    assert ledger.settled(other, [8]) == other


def test_a_ledger_from_before_there_were_tries_is_read(ledger: Ledger) -> None:
    job = ledger.jobs.add(ledger.add_take(make_take()), None, "final")
    add_artifact(ledger, make_take().id)
    with ledger._db.write() as db:
        db.execute("ALTER TABLE jobs DROP COLUMN seeds")
        db.execute("ALTER TABLE jobs DROP COLUMN asked_id")
        db.execute("DROP TABLE undone")
        db.execute("DROP TABLE marks")
        db.execute("PRAGMA user_version = 7")
        facts = "json_remove(facts, '$.seen', '$.scores')"
        db.execute(f"UPDATE artifacts SET facts = {facts}")
    ledger.close()
    assert ledger.jobs.get(job).seeds == ()
    made = ledger.artifact(make_take().id)
    assert made is not None
    assert not made.seen
    assert not made.scores


def test_files_that_no_clip_has_are_discarded(ledger: Ledger) -> None:
    artifact = add_artifact(ledger, ledger.add_take(make_take()))
    nobodys = ledger.put_file(b"latents of a try", ".safetensors")
    ledger.discard([nobodys, *artifact.digests])
    assert not ledger.path(nobodys).exists()
    assert ledger.verify() == ()
    ledger.discard([])


def test_the_disk_is_waited_for_but_not_for_progress(ledger: Ledger) -> None:
    """What was asked and what was made must outlive a power cut, each word need not."""

    def level() -> int:
        with ledger._db._connected() as opened:
            (number,) = opened.connection.execute("PRAGMA synchronous").fetchone()
            return int(number)

    full, normal = 2, 1  # as SQLite numbers them
    job = ledger.jobs.add(ledger.add_take(make_take()), None, "interactive")
    assert level() == full
    ledger.jobs.record(job, "running", step=1, num_steps=2)
    assert level() == normal
    ledger.turns.add("a", "a ball", None, {})
    assert level() == full


def test_done_needs_the_files(ledger: Ledger) -> None:
    take_id = ledger.add_take(make_take())
    job_id = ledger.jobs.add(take_id, None, "final")
    with pytest.raises(StoreError, match="has no complete clip on disk"):
        ledger.jobs.record(job_id, "done")
    artifact = add_artifact(ledger, take_id)
    ledger.path(artifact.poster).write_bytes(b"other")
    with pytest.raises(StoreError, match="has no complete clip on disk"):
        ledger.jobs.record(job_id, "done")
    assert ledger.jobs.get(job_id).state == "queued"
    add_artifact(ledger, take_id)
    ledger.jobs.record(job_id, "done", phase="write")
    ledger.jobs.record(job_id, "running", phase="denoise")  # a lost worker's late word
    assert ledger.jobs.get(job_id).state == "done"


# Many at once


_ADD = """
import sys
from pathlib import Path
from nbagent.ledger import Ledger
from tests.samples import make_take
folder, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
with Ledger(folder) as ledger:
    for index in range(count):
        turn = ledger.turns.add("shared", f"{who} {index}", f"{who}-{index}", {})
        take_id = ledger.add_take(make_take(seed=index))
        print(ledger.add_clip("shared", turn.id, take_id).name, turn.id)
        job = ledger.jobs.add(take_id, turn.id, "interactive")
        ledger.jobs.record(job, "running", step=index)
"""


def test_three_processes_lose_nothing_and_share_no_name(tmp_path: Path) -> None:
    folder = tmp_path / ".nbagent"  # not there yet: they race to make it, too
    count = 20
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _ADD, str(folder), who, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for who in "abc"
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120) for process in processes]
    assert [errors for _, errors in told] == ["", "", ""]
    lines = [line.split() for output, _ in told for line in output.splitlines()]
    total = 3 * count
    assert {name for name, _ in lines} == {f"c{n}" for n in range(1, total + 1)}
    with Ledger(folder) as ledger:
        texts = {turn.text for turn in ledger.turns.of("shared")}
        assert texts == {f"{who} {n}" for who in "abc" for n in range(count)}
        assert len(ledger.jobs.find("shared", states=RUNNING)) == total
        assert ledger.verify() == ()


def test_threads_have_their_own_connections(ledger: Ledger) -> None:
    errors: list[BaseException] = []

    def work(who: int) -> None:
        try:
            for index in range(10):
                ledger.turns.add("a", f"{who} {index}", None, {})
        except BaseException as error:  # noqa: BLE001  the test shows it below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(ledger.turns.of("a")) == 60
    ledger.close()
    ledger.close()
    assert len(ledger.turns.of("a")) == 60, (
        "a closed ledger opens again when it is asked"
    )


def _open_connections(ledger: Ledger) -> int:
    """Count the connections to a ledger that SQLite has not been told to close."""
    count = 0
    for one in gc.get_objects():
        if type(one) is sqlite3.Connection:  # isinstance would wake lazy modules
            with suppress(sqlite3.ProgrammingError):  # closed
                (_, _, path) = one.execute("PRAGMA database_list").fetchone()
                count += path == str(ledger.folder / "ledger.db")
    return count


def test_the_connection_of_a_thread_ends_with_it(ledger: Ledger) -> None:
    ledger.turns.add("a", "a ball", None, {})
    for _ in range(5):
        thread = threading.Thread(target=ledger.turns.of, args=("a",))
        thread.start()
        thread.join()
    assert _open_connections(ledger) == 1, "the main thread's own"


def test_the_connection_to_a_folder_that_was_deleted_is_closed(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.turns.add("a", "a ball", None, {})
        shutil.rmtree(ledger.folder)
    ledger.turns.add("a", "a ball", None, {})
    assert _open_connections(ledger) == 1


def test_a_store_that_is_dropped_in_a_circle_is_closed(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """Python 3.13 warns of a database that the garbage collector finds open."""

    class Turn:
        ledger: Ledger
        player: Turn

    turn = Turn()
    turn.player, turn.ledger = turn, Ledger(tmp_path / ".nbagent")
    turn.ledger.turns.add("a", "a ball", None, {})
    (opened,) = turn.ledger._db._opened
    connection = opened.connection
    del turn, opened
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    assert [str(one.message) for one in recwarn.list] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_has_a_connection_of_its_own(ledger: Ledger) -> None:
    """SQLite forbids to use one of the process that forked, as `joblib` does."""
    ledger.turns.add("a", "a ball", None, {})
    with ledger._db._connected() as opened:
        ours = id(opened.connection)
    if (child := os.fork()) == 0:
        ledger.turns.add("a", "a cube", None, {})
        with ledger._db._connected() as opened:
            is_own = id(opened.connection) != ours
        os._exit(0 if is_own else 1)
    assert os.waitpid(child, 0)[1] == 0
    ledger.turns.add("a", "a cone", None, {})
    assert [turn.text for turn in ledger.turns.of("a")] == [
        "a ball",
        "a cube",
        "a cone",
    ]
    assert ledger.verify() == ()


def test_closing_waits_for_the_threads_that_are_inside(ledger: Ledger) -> None:
    """Else SQLite loses a statement that it steps through, and the process with it."""
    inside, leave, errors = threading.Event(), threading.Event(), []

    def work() -> None:
        try:
            with ledger._db.write():
                inside.set()
                leave.wait(10)
            ledger.turns.add("a", "after", None, {})
        except BaseException as error:  # noqa: BLE001  the test shows it below
            errors.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    assert inside.wait(10)
    closer = threading.Thread(target=ledger.close)
    closer.start()
    closer.join(0.2)
    assert closer.is_alive()
    leave.set()
    worker.join(10)
    closer.join(10)
    assert not closer.is_alive()
    assert errors == []
    assert [turn.text for turn in ledger.turns.of("a")] == ["after"]


def test_a_writer_that_is_killed_leaves_whole_turns(tmp_path: Path) -> None:
    folder = tmp_path / ".nbagent"
    code = _ADD.replace("sys.stdin.readline()", "")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), "a", "100000"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    for _ in range(12):
        process.stdout.readline()
    process.kill()
    process.communicate()
    with Ledger(folder) as ledger:
        assert ledger.verify() == ()
        assert len(ledger.clips("shared")) >= 11
        assert ledger.turns.add("shared", "next", None, {}).text == "next"


@pytest.mark.parametrize("way", ["the file", "its folder"])
def test_a_file_of_the_store_is_no_link(
    ledger: Ledger, tmp_path: Path, way: str
) -> None:
    """The store may have come with a notebook, and lead to a file of the user's."""
    digest = ledger.put_file(b"mine", ".txt")
    path = ledger.path(digest)
    moved = path if way == "the file" else path.parent
    moved.symlink_to(moved.rename(tmp_path / "elsewhere"))
    for use in (ledger.path, lambda _: ledger.put_file(b"mine", ".txt")):
        with pytest.raises(StoreError, match="is a symbolic link"):
            use(digest)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("turns SET position = 'x'", "a turn's position in the store is 'x'"),
        ("turns SET text = x'00ff'", "a turn's text in the store is b'\\x00\\xff'"),
        ("turns SET options = '[]'", "a record in the store is '[]'"),
        ("turns SET options = '{'", "a record in the store is '{'"),
        ("turns SET plan = 7", "a record in the store is '7'"),
        ("turns SET created_at = 9e999", "a turn's created_at in the store is inf"),
        ("takes SET recipe = 'x'", "a record in the store is 'x'"),
        ("jobs SET keeper = x'00'", "a job's keeper in the store is b'\\x00'"),
        ("jobs SET step = 'x'", "a job's step in the store is 'x'"),
        ("variables SET summary = x'00'", "a variable's summary in the store is b"),
        ("notebooks SET path = x'00'", "a notebook's path in the store is b"),
        ("artifacts SET facts = json_set(facts, '$.fps', 0)", "fps in the store is 0"),
        ("artifacts SET facts = json_set(facts, '$.video', 7)", "video in the store"),
        ("artifacts SET facts = json_set(facts, '$.more', 7)", "more in the store"),
        (
            "artifacts SET facts = json_set(facts, '$.seen', json('{\"a\": 7}'))",
            "artifact's seen in the store is {'a': 7}",
        ),
        (
            "artifacts SET facts = json_set(facts, '$.scores', json('{\"a\": 7}'))",
            "artifact's scores in the store is {'a': 7}",
        ),
        ("jobs SET seeds = '[-1]'", "a job's seeds in the store is (-1,)"),
        ("jobs SET seeds = '{}'", "a record in the store is '{}'"),
        ("artifacts SET facts = '{}'", "only half of one artifact"),
    ],
)
def test_what_nbagent_never_wrote_is_one_line(
    ledger: Ledger, change: str, said: str
) -> None:
    """SQLite keeps any value in any column, and a store may come from anybody."""
    turn = ledger.turns.add("c", "a red ball", None, {})
    take_id = ledger.add_take(make_take())
    ledger.add_clip("c", turn.id, take_id)
    add_artifact(ledger, take_id)
    ledger.jobs.add(take_id, turn.id, "interactive")
    row = VariableRow(name="x", type="str", summary="", kept=None, turn_id=turn.id)
    ledger.variables.put("c", row)
    ledger.notebooks.put(NotebookRow(conversation="c", path="a.ipynb", file=None))
    with ledger._db.write() as db:
        db.execute(f"UPDATE {change}")
    reads: list[Callable[[], object]] = [
        lambda: ledger.turns.of("c"),
        lambda: ledger.take(take_id),
        lambda: ledger.clips("c"),
        lambda: ledger.artifact(take_id),
        ledger.jobs.find,
        lambda: ledger.variables.of("c"),
        ledger.notebooks.all,
        ledger.conversations.all,
    ]
    lines = []
    for read in reads:
        try:
            read()
        except StoreError as error:
            lines.append(str(error))
    assert lines
    assert all(said in line and "move ledger.db out" in line for line in lines)
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TRIGGER t AFTER INSERT ON turns BEGIN DELETE FROM turns; END",
        "CREATE TRIGGER t AFTER INSERT ON turns BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE VIEW v AS SELECT * FROM turns",
    ],
)
def test_a_store_that_acts_on_its_own_is_refused(tmp_path: Path, schema: str) -> None:
    folder = tmp_path / ".nbagent"
    with Ledger(folder) as ledger:
        ledger.turns.add("c", "a red ball", None, {})
        with ledger._db.write() as db:
            db.execute(schema)
    with Ledger(folder) as ledger:
        for use in (
            lambda: ledger.turns.of("c"),
            lambda: ledger.turns.add("c", "a cat", None, {}),
        ):
            with pytest.raises(StoreError, match="that nbagent did not make: move"):
                use()


def test_a_clip_is_called_by_a_name_of_the_users_too(ledger: Ledger) -> None:
    turn = ledger.turns.add("nb", "a cat", "cell", {})
    row = ledger.add_clip("nb", turn.id, ledger.add_take(make_take()))
    ledger.conversations.call(row, "My Sunset")
    assert ledger.clip("nb", "my sunset") == replace(row, alias="My Sunset")
    ledger.conversations.fork("nb", "copy")
    assert ledger.clip("copy", "My Sunset").name == row.name
    # A re-run of its turn makes the clip that is called so.
    again = ledger.turns.add("nb", "a cat", "cell", {})
    assert ledger.clips("nb") == ()
    made = ledger.add_clip("nb", again.id, row.take_id)
    assert (made.name, made.alias) == (row.name, "My Sunset")


def test_a_removed_clip_leaves_no_file_behind_but_those_of_others(
    ledger: Ledger,
) -> None:
    turn = ledger.turns.add("nb", "a cat", "cell", {})
    row = ledger.add_clip("nb", turn.id, ledger.add_take(make_take()))
    artifact = add_artifact(ledger, row.take_id)
    other = ledger.add_clip("elsewhere", turn.id, row.take_id)
    ledger.remove_clip("nb", row.name)
    assert ledger.clips("nb") == ()
    assert ledger.artifact(row.take_id) == artifact
    twin = ledger.add_take(make_take(seed=9))
    shared = add_artifact(ledger, twin, b"another mp4")
    ledger.remove_clip("elsewhere", other.name)
    assert ledger.artifact(row.take_id) is None
    assert artifact.video is not None
    assert not ledger.path(artifact.video).exists()
    assert ledger.artifact(twin) == shared
    with pytest.raises(UnknownClip):
        ledger.remove_clip("nb", row.name)
