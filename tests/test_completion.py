"""Completion as a front end asks for it: `complete_request` to a real kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.slow

Complete = Callable[[str], list[str]]

# A clip in the store: nothing is rendered for it.
SETUP = """
%load_ext nbagent
my_words = "a red ball"
from tests.test_taking_up import queue
session = get_ipython().magics_manager.registry["AgentMagics"].speaker.session()
for number in (1, 2):
    queue(session.ledger, "test", number)
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Complete]:
    """Return what asks a kernel for completions at a `|`, as a front end would."""
    import os
    from pathlib import Path

    home = tmp_path_factory.mktemp("kernel")
    env = {
        **os.environ,
        "NBAGENT_STORE": str(home / "store"),
        "NBAGENT_RUNTIME": str(home / "run"),
        "NBAGENT_CONVERSATION": "test",
        "XDG_STATE_HOME": str(home / "state"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    manager, client = start_new_kernel(env=env, extra_arguments=["--log-level=ERROR"])

    def ask(code: str) -> list[str]:
        before, _, after = code.partition("|")
        reply: Any = client.complete(
            before + after, len(before), reply=True, timeout=60
        )
        content = reply["content"]
        assert content["status"] == "ok"
        start = content["cursor_start"]
        # What the cell would be with each of them.
        return [f"{before[:start]}{match}" for match in content["matches"]]

    try:
        done = client.execute_interactive(SETUP, timeout=120, output_hook=print)
        assert done["content"]["status"] == "ok"
        yield ask
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    ("code", "one"),
    [
        ("%nbagent lim|", "%nbagent limit"),
        ("%nbagent |", "%nbagent clips"),
        ("%nbagent cancel c|", "%nbagent cancel c2"),
        ("%nbagent cancel c1 c|", "%nbagent cancel c1 c2"),
        ("%nbagent trust o|", "%nbagent trust off"),
        ("%nbagent panel |", "%nbagent panel split"),
        ("%nbagent use wan2.1-1|", "%nbagent use wan2.1-14b"),
        ("%nbagent conversation te|", "%nbagent conversation test"),
        ("%nbagent reset --d|", "%nbagent reset --dry-run"),
        ("%agent --dr|", "%agent --draft"),
        ("%agent a cat --se|", "%agent a cat --seed"),
        ("clip = %agent --|", "clip = %agent --takes"),
        ("%agent --model po|", "%agent --model pocket"),
        ("%agent --model wan2.1-1|", "%agent --model wan2.1-14b"),
        ("%agent --fit |", "%agent --fit fill"),
        ("%agent animate @my|", "%agent animate @my_words"),
        ("%agent like @c|", "%agent like @c1"),
        ("%agent like c|", "%agent like c2"),
        ("%%agent --dr|\na cat", "%%agent --draft"),
        ("%%agent\na cat,\nlike @my|", "%%agent\na cat,\nlike @my_words"),
        ("%%agent\nlike c|\nat night", "%%agent\nlike c1"),
    ],
)
def test_a_kernel_completes(complete: Complete, code: str, one: str) -> None:
    assert one in complete(code)


@pytest.mark.parametrize("code", ["print(my_w|", "x = my_w|"])
def test_outside_of_our_magics_python_is_completed(
    complete: Complete, code: str
) -> None:
    assert code.replace("my_w|", "my_words") in complete(code)


def test_no_option_is_offered_in_a_body(complete: Complete) -> None:
    assert not [one for one in complete("%%agent\na --s|") if "--seed" in one]
