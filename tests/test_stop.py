"""The stop button in the first quarter second of a turn, in a real kernel."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from nbagent.conversation.stopping import held, in_one_line, released
from nbagent.errors import Cancelled
from nbagent.ledger import Ledger
from nbagent.settings import Settings

pytestmark = pytest.mark.phrases

STOPS = 12


@pytest.fixture
def kernel() -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    manager, client = start_new_kernel(startup_timeout=60)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str) -> list[str]:
    """Run a cell; return the lines of its error, none if it ended well."""
    lines: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "error":
            lines[:] = "\n".join(message["content"]["traceback"]).splitlines()

    client.execute_interactive(code, timeout=120, output_hook=hear)
    return lines


@pytest.mark.slow
def test_a_turn_stopped_at_once_is_one_line_and_whole_or_not_there(
    kernel: tuple[KernelManager, BlockingKernelClient], settings: Settings
) -> None:
    manager, client = kernel
    run(client, "%load_ext nbagent")
    assert isinstance(manager.provisioner, LocalProvisioner)
    assert manager.provisioner.pid is not None
    # As `interrupt_kernel` does, which is for the main thread.
    interrupt = (os.getpgid(manager.provisioner.pid), signal.SIGINT)
    moments = random.Random(7)
    for number in range(STOPS):  # the first of them stops imports too
        stop = threading.Timer(moments.uniform(0, 0.25), os.killpg, interrupt)
        stop.start()
        words = f"%agent --draft --seed {number} a red ball rolls at night"
        lines = run(client, words)
        stop.join()
        # None if it was done by then; before IPython has come to the magic, and when it
        # has left it, a stop is not ours to tell.
        if any("nbagent" in line for line in lines[:-1]) or len(lines) == 1:
            assert [line.startswith("Cancelled: stopped") for line in lines] == [True]
    with Ledger(settings.store) as ledger:
        assert whole(ledger)
    run(client, "%agent --draft --seed 0 a red ball rolls at night")
    with Ledger(settings.store) as ledger:
        clip = ledger.clips("test")[-1]
        assert ledger.artifact(clip.take_id)


def whole(ledger: Ledger) -> bool:
    """Whether each turn has its end, and each named clip a file or a job."""
    jobs = {job.take_id for job in ledger.jobs.find("test")}
    clips = ledger.clips("test")
    made = {clip.turn_id for clip in clips}
    turns = ledger.turns.of("test")
    return (
        bool(turns)
        and all(turn.error or turn.plan for turn in turns)
        and all(turn.error or turn.answer or turn.id in made for turn in turns)
        and all(clip.take_id in jobs or ledger.artifact(clip.take_id) for clip in clips)
    )


def test_what_is_held_is_done_to_its_end() -> None:
    done = []

    def work() -> None:
        with held():
            signal.raise_signal(signal.SIGINT)
            done.append("held")
            with held():  # inside another: a part of that
                done.append("twice")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["held", "twice"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_may_take_long_hears_the_button_at_once() -> None:
    done = []
    with held():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), released():
            done.append("never")
        with pytest.raises(KeyboardInterrupt), released():
            signal.raise_signal(signal.SIGINT)
        done.append("goes on")
    assert done == ["goes on"]
    with released():  # nothing is held
        pass


def test_a_thread_holds_nothing_of_the_main_one() -> None:
    seen: list[object] = []

    def hold() -> None:
        with held(), released():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def test_a_stop_is_one_line_and_an_error_stays_itself() -> None:
    @in_one_line("stopped: run it again")
    def work(error: type[BaseException]) -> None:
        raise error

    with pytest.raises(Cancelled, match="stopped: run it again") as caught:
        work(KeyboardInterrupt)
    assert caught.value.__suppress_context__
    with pytest.raises(KeyError):
        work(KeyError)
