"""The magics in a real shell, over the real engine and pocket."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

from nbagent.conversation.clip import Clip
from nbagent.conversation.session import Session
from nbagent.errors import Cancelled, SpecError
from nbagent.jobs.engine import Engine
from nbagent.notebook.bundle import WIDGET_MIME
from nbagent.notebook.completion import in_cell, matcher
from nbagent.notebook.magics import AgentMagics
from nbagent.notebook.speaker import Speaker
from nbagent.settings import Settings
from nbagent.take import Job, JobState, Progress

pytestmark = [pytest.mark.slow, pytest.mark.phrases]

Listener = Callable[[Progress], None]
RUNNING: tuple[JobState, ...] = ("running",)
PAUSED: tuple[JobState, ...] = ("paused",)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine host for the module: starting one takes seconds."""
    home = tmp_path_factory.mktemp("engine")
    settings = replace(
        Settings.from_env({}), store=home / "store", runtime=home / "run", grace_s=1.0
    )
    with Engine(settings) as engine:
        yield engine


class Notebook:
    """A shell with the extension loaded; cells run as a front end would run them."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.outputs: list[RichOutput] = []
        self.text = ""

    @property
    def speaker(self) -> Speaker:
        found = self.shell.magics_manager.registry["AgentMagics"]
        assert isinstance(found, AgentMagics)
        return found.speaker

    def run(self, cell: str) -> Any:
        """Run a cell; raise what it raised, return its value."""
        with capture_output() as captured:
            result = self.shell.run_cell(cell, store_history=True)
        self.outputs = captured.outputs
        self.text = captured.stdout
        if result.error_in_exec is not None:
            raise result.error_in_exec
        return result.result

    def plain(self) -> str:
        """All text/plain that the cell showed."""
        return "\n".join(o.data.get("text/plain", "") for o in self.outputs).strip()


@pytest.fixture
def notebook(engine: Engine, settings: Settings) -> Iterator[Notebook]:
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "nbagent")
    notebook = Notebook(shell)
    session = Session(settings=replace(settings, checkpoint_s=0.0), engine=engine)
    session.remixer = notebook.speaker.remix
    notebook.speaker._session = session
    yield notebook
    session.ledger.close()
    notebook.speaker._session = None
    shell.run_line_magic("unload_ext", "nbagent")
    shell.reset(new_session=False)
    InteractiveShell.clear_instance()


def test_a_turn_becomes_a_clip_and_the_next_one_refines_it(notebook: Notebook) -> None:
    notebook.run("%agent a red ball crosses the beach at sunset")
    live, static = notebook.outputs
    assert WIDGET_MIME in live.data
    assert live.data["text/plain"] == ""
    assert "data:video/mp4;base64," in static.data["text/html"]
    assert static.data["text/plain"].startswith("c1: a red ball, moving ")

    night = notebook.run("night = %agent slower, and at night\nnight")
    assert isinstance(night, Clip)
    assert night.name == "c2"
    assert night.frames.shape == (16, 256, 256, 3)
    assert night.fps == 4.0
    assert night.take is not None
    assert night.take.operation == "remix"
    assert "at night" in night.prompt
    assert "sunset" not in night.prompt
    assert [clip.name for clip in night.parents] == ["c1"]
    assert len(notebook.outputs) == 2  # the value is not shown a second time

    notebook.run("%agent what changed between c1 and c2?")
    assert "at sunset" in notebook.plain()
    notebook.run("night")
    assert "data:video/mp4" in notebook.outputs[0].data["text/html"]


def test_takes_come_as_one_value_and_draft_takes_fewer_steps(
    notebook: Notebook,
) -> None:
    takes = notebook.run(
        "t = %agent --takes 2 --draft --seed 3 a blue cube rolls over the meadow\nt"
    )
    assert [clip.name for clip in takes] == ["c1", "c2"]
    assert [clip.seed for clip in takes] == [3, 4]
    assert {clip.take.quality for clip in takes} == {"draft"}
    assert len(notebook.outputs) == 2


def test_a_clip_is_remixed_from_python_and_saved(
    notebook: Notebook, tmp_path: Path
) -> None:
    notebook.shell.user_ns["file"] = tmp_path / "star.mp4"
    notebook.run("star = %agent --draft a yellow star over the sea")
    made = notebook.run("made = star.remix('now in the desert', seed=5)\nmade")
    assert "desert" in made.prompt
    assert made.seed == 5
    notebook.run("star.save(file)")
    again = Clip.open(tmp_path / "star.mp4")
    assert again.recipe == notebook.shell.user_ns["star"].recipe


def test_dry_run_spends_nothing(notebook: Notebook) -> None:
    assert notebook.run("%agent --dry-run --seed 5 a cat on the beach") is None
    assert "would generate: a cat" in notebook.plain()
    assert "seed 5" in notebook.plain()
    notebook.run("%nbagent clips")
    assert "no clips yet" in notebook.plain()


def test_words_reach_the_ledger_byte_for_byte(notebook: Notebook) -> None:
    words = "a cat {with} $braces \"quotes\" {'a': 1} and a \\ backslash"
    notebook.run(f"%%agent --dry-run\n{words}")
    notebook.run(f"%agent --dry-run {words}")
    turns = notebook.speaker.session().ledger.turns.of("test")
    assert [turn.text for turn in turns] == [words, words]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%agent", "the turn is empty"),
        ("%agent --sed 3 a cat", "did you mean --seed?"),
        ("%agent --frames 51 a red ball", "use 48 or 64"),
        ("%agent --model nowhere/none a red ball", "nowhere/none is not here"),
        ("%agent make c9 blue", "c9"),
        ("%nbagent clip", "did you mean clips?"),
        ("%nbagent use mochi", "genmo/mochi-1-preview is not here"),
        ("%nbagent save", "write %nbagent save CLIP [FILE]"),
        ("%nbagent lineage c7", "no clip is called 'c7'"),
    ],
)
def test_a_mistake_is_one_line_and_fails_the_cell(
    notebook: Notebook, cell: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.run("first = %agent --draft --steps 1 a red ball")
    result = notebook.shell.run_cell(cell)
    printed = capsys.readouterr()
    error = result.error_in_exec
    if error is None:  # an answer in words is as good as an error, if it says so
        assert says in printed.out
        return
    assert says in str(error)
    assert "Traceback" not in printed.out + printed.err
    assert len((printed.out + printed.err).strip().splitlines()) == 1


def test_the_same_turn_again_is_shown_without_rendering(notebook: Notebook) -> None:
    first = notebook.run("a = %agent --draft a green heart rises over the sea\na")
    again = notebook.run("b = %agent --draft a green heart rises over the sea\nb")
    assert (first.name, again.name) == ("c1", "c2")
    assert first.take == again.take
    jobs = notebook.speaker.session().ledger.jobs.find()
    assert len(jobs) == 1


def test_detach_returns_at_once_and_the_clip_comes(notebook: Notebook) -> None:
    clip = notebook.run(
        "d = %agent --detach --draft --seed 1 a green cube falls into the sea\nd"
    )
    assert "rendering in the background" in notebook.plain()
    deadline = time.monotonic() + 120
    while notebook.speaker.session().ledger.artifact(clip.take.id) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert clip.frames.shape == (16, 256, 256, 3)


def test_a_clip_is_paused_and_resumed_in_words(notebook: Notebook) -> None:
    clip = notebook.run(
        "p = %agent --detach --steps 60 --seed 2 a blue star rises over the sea\np"
    )
    ledger = notebook.speaker.session().ledger

    def wait_for(done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    wait_for(lambda: any(job.step >= 3 for job in ledger.jobs.find(states=RUNNING)))
    notebook.run("%agent pause it")
    wait_for(lambda: bool(ledger.jobs.find(states=PAUSED)))
    notebook.run("%agent resume it")
    wait_for(lambda: ledger.artifact(clip.take.id) is not None)


def test_the_stop_button_keeps_the_checkpoint_and_a_second_run_ends_the_clip(
    notebook: Notebook,
) -> None:
    ledger = notebook.speaker.session().ledger
    notebook.run("warm = %agent --draft --steps 1 a red ball rolls over the snow")
    cell = "%agent --steps 150 --seed 4 a pink heart floats over the meadow"

    def stop_soon() -> None:
        while not any(job.step >= 10 for job in ledger.jobs.find(states=RUNNING)):
            time.sleep(0.01)
        _thread.interrupt_main()

    threading.Thread(target=stop_soon, daemon=True).start()
    with pytest.raises(Cancelled, match=r"stopped c2 at step \d+ of 150: run the cell"):
        notebook.run(cell)
    stopped_at = ledger.jobs.find()[-1].step
    assert 10 <= stopped_at < 150
    assert list(ledger.checkpoint_dir.iterdir())
    began: list[int] = []
    engine = notebook.speaker.session()._engine
    submit = engine.submit

    def listen(job: Job, listener: Listener) -> None:
        def hear(progress: Progress) -> None:
            began.append(progress.step)
            listener(progress)

        submit(job, hear)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "submit", listen)
        notebook.run(cell)
    assert min(step for step in began if step) >= stopped_at
    assert list(ledger.checkpoint_dir.iterdir()) == []


def test_chat_says_what_it_needs(notebook: Notebook) -> None:
    notebook.run("%agent how do I cook rice?")
    assert "language model" in notebook.plain()
    assert "%nbagent connect" in notebook.plain()


def test_completion_knows_options_clips_and_variables(notebook: Notebook) -> None:
    notebook.run("my_words = 'hello'\nc = %agent --draft --steps 1 a red ball")
    speaker = notebook.speaker

    def found(line: str) -> list[str]:
        return in_cell(line, line, speaker).words

    assert "--seed" in found("%agent --s")
    assert {"@my_words", "@c1", "@c"} <= set(found("%agent like @"))
    assert "clips" in found("%nbagent c")
    assert found("x = 1") == []
    if matcher(speaker) is None:
        pytest.skip("this IPython has no matchers to register")
    with provisionalcompleter():
        completions = list(notebook.shell.Completer.completions("%agent --se", 11))
    assert "--seed" in [completion.text for completion in completions]


def test_an_ipython_without_matchers_has_all_but_completion(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = notebook.shell
    shell.run_line_magic("unload_ext", "nbagent")
    monkeypatch.delattr("IPython.core.completer.context_matcher")  # as Colab's 7.34
    shell.run_line_magic("load_ext", "nbagent")
    assert shell.find_cell_magic("agent") is not None
    assert not [m for m in shell.Completer.custom_matchers if hasattr(m, "nbagent")]


def test_loading_twice_and_unloading_leaves_the_shell_as_it_was(
    notebook: Notebook,
) -> None:
    shell = notebook.shell
    shell.run_line_magic("load_ext", "nbagent")
    assert AgentMagics.agent.__doc__ is not None
    assert "--seed N" in AgentMagics.agent.__doc__
    shell.run_line_magic("unload_ext", "nbagent")
    assert shell.find_line_magic("agent") is None
    assert shell.find_cell_magic("agent") is None
    assert not [m for m in shell.Completer.custom_matchers if hasattr(m, "nbagent")]
    shell.run_line_magic("load_ext", "nbagent")
    assert shell.find_line_magic("agent") is not None


def test_the_same_conversation_from_python_undone_and_replayed(
    notebook: Notebook,
) -> None:
    import nbagent

    notebook.run("%agent --draft a red ball on the beach")
    clip = nbagent.say("at night", draft=True, seed=5)
    assert isinstance(clip, Clip)
    assert (clip.name, clip.seed) == ("c2", 5)
    notebook.run("%nbagent history")
    assert notebook.plain().endswith("2. at night  -> c2")
    with pytest.raises(SpecError, match="unknown option --sed: did you mean --seed"):
        nbagent.say("at night", sed=5)
    with pytest.raises(SpecError, match="--takes 40 is out of range"):
        nbagent.say("at night", takes=40)
    with pytest.raises(SpecError, match="the turn has 100,000 characters"):
        nbagent.say("x" * 100_000)
    with pytest.raises(SpecError, match="the turn has 100,000 characters"):
        clip.remix("x" * 100_000)

    with pytest.raises(SpecError, match="--seed is in the words and beside them"):
        nbagent.say("at dawn --seed 7", seed=8)
    with pytest.raises(SpecError, match="--draft and --final exclude each other"):
        nbagent.say("--draft at dawn", final=True)
    assert nbagent.say("--dry-run a cat on the beach") is None
    assert nbagent.say("a cat on the beach --draft --dry-run") is None
    assert clip.remix("at dawn  # or noon", dry_run=True) is None

    # A name between is taken back, and what follows keeps its own.
    nbagent.say("reverse c1")
    notebook.run("%nbagent undo")
    assert "back to c2: undid 'reverse c1' of c3" in notebook.plain()
    notebook.run("%agent redo")
    assert "brought back c3: redid 'reverse c1'" in notebook.plain()
    assert notebook.run("%agent undo").take == clip.take
    made = clip.remix("twice as fast")
    notebook.run("%nbagent replay again")
    assert notebook.plain().endswith("3 turns of test were said again")
    session = notebook.speaker.session()
    assert session.settings.conversation == "again"
    assert [row.name for row in session.rows()] == ["c1", "c2", "c3"]
    # Nothing was rendered anew: they are the same takes.
    assert session.clip("c2").take == clip.take
    assert session.clip("c3").take == made.take
    notebook.run("%nbagent undo")
    assert "back to c2: undid 'twice as fast' of c3" in notebook.plain()
    notebook.run("%nbagent redo")
    assert "brought back c3: redid 'twice as fast'" in notebook.plain()


def test_what_is_gone_is_rebuilt_into_the_notebook(notebook: Notebook) -> None:
    notebook.run('idea = "a red ball on the beach"')
    notebook.run("%agent --dry-run @idea")
    assert "would generate: a red ball, on the beach" in notebook.plain()
    notebook.run("del idea")
    with pytest.raises(SpecError, match=r"@idea is gone: .*%nbagent rebuild idea"):
        notebook.run("%agent --dry-run @idea")
    notebook.run("%nbagent context")
    assert "No longer in this kernel" in notebook.plain()
    assert notebook.run("%nbagent rebuild @idea\nidea") == "a red ball on the beach"
    notebook.run("1 + 1")
    notebook.run("%agent explain @output")
    assert "@output (int): 2" in notebook.plain()
