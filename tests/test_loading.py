"""Loading beside other extensions: what is theirs stays theirs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbagent.errors import SpecError

THEIRS = """
from IPython.core.magic import register_line_cell_magic
@register_line_cell_magic
def agent(line, cell=None):
    return "theirs"
"""


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    yield shell
    shell.run_line_magic("unload_ext", "nbagent")
    InteractiveShell.clear_instance()


def test_the_agent_of_another_extension_is_not_replaced(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(THEIRS).raise_error()
    theirs = shell.find_line_magic("agent")
    shell.run_line_magic("load_ext", "nbagent")
    assert "%nbagent as NAME" in capsys.readouterr().out
    assert shell.run_line_magic("agent", "hello") == "theirs"
    assert shell.run_cell_magic("agent", "", "hello") == "theirs"

    shell.run_cell("%nbagent as film").raise_error()
    assert "%film and %%film say turns too" in capsys.readouterr().out
    shell.run_cell("%film --dry-run a red ball on the beach").raise_error()
    assert "would generate: a red ball" in capsys.readouterr().out
    shell.run_cell("%%film --dry-run\na blue cube\n").raise_error()
    assert "would generate: a blue cube" in capsys.readouterr().out
    with pytest.raises(SpecError, match="'a-b' is no name for a magic"):
        shell.run_cell("%nbagent as a-b").raise_error()

    shell.run_line_magic("unload_ext", "nbagent")
    assert shell.find_line_magic("film") is None
    assert shell.find_line_magic("nbagent") is None
    assert shell.find_line_magic("agent") is theirs
    shell.run_line_magic("load_ext", "nbagent")
    shell.run_cell("%nbagent as agent").raise_error()
    assert shell.find_line_magic("agent") is not theirs


def test_alone_it_says_nothing_of_names(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("load_ext", "nbagent")
    assert "%nbagent as" not in capsys.readouterr().out
    assert shell.find_cell_magic("agent") is not None
