"""SECURITY.md: each test that it points to is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_each_claim_points_to_a_test_that_is_there() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    cited, file = [], ""
    for named, test in re.findall(r"`(tests/\w+\.py)?(?:::(\w+))?`", text):
        file = named or file
        if test:
            cited.append((file, test))
        elif named:
            assert (ROOT / named).is_file()
    assert len(cited) > 30
    for file, test in cited:
        source = (ROOT / file).read_text("utf-8")
        assert re.search(rf"^def {test}\(", source, re.MULTILINE), (file, test)
