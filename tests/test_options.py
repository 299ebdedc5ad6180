"""The table of options: one for lines, Python and the ledger."""

import json

import pytest

from nbagent.notebook.line import parse
from nbagent.notebook.options import OPTIONS, check_options, help_text, options_text


def test_help_has_a_row_for_each_option() -> None:
    rows = help_text().splitlines()
    assert len(rows) == len(OPTIONS)
    for row, option in zip(rows, OPTIONS, strict=True):
        assert row.strip().startswith(f"--{option.name}")
        assert option.help in row


@pytest.mark.parametrize(
    "line",
    [
        "--seed 7 --draft",
        "--size 96x64 --span 1:2",
        "--region 0,0,.5,1 --cache sea:0.2",
    ],
)
def test_options_mean_the_same_on_a_line_in_python_and_in_the_ledger(line: str) -> None:
    parsed = parse(f"{line} at night").options
    recorded = json.loads(json.dumps(parsed))
    assert check_options(parsed) == check_options(recorded) == parsed
    assert parse(f"{options_text(recorded)} at night").options == parsed
