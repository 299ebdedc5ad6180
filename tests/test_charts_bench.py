"""The bench of charts: both sides make the same film, and say what it took."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbagent.measure import charts_bench
from nbagent.measure.charts_bench import charts
from nbagent.media.frames import Frames


def test_each_chart_is_measured_against_matplotlib(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    films: list[Frames] = []

    def written(path: Path, frames: Frames, fps: float, recipe: None) -> None:
        assert (path.suffix, fps, recipe) == (".mp4", 30, None)
        films.append(frames)

    monkeypatch.setattr(charts_bench, "write_video", written)
    figures = charts(1, seconds=0.2)
    assert (figures.pop("frames"), figures.pop("rounds")) == (6, 1)
    assert list(figures) == ["bars grow", "lines are drawn", "a race"]
    assert all(len(each["ratios"]) == 1 for each in figures.values())
    assert [film.shape for film in films] == [(6, 720, 1280, 3)] * 6
    assert all(np.ptp(film[-1]) and (film[0] != film[-1]).any() for film in films)
