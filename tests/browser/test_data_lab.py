"""Data in motion in a real JupyterLab: a plot, a table, and a column that is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook
from tests.browser.test_panel_lab import expect_clip, say, turns

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Open = Callable[..., Notebook]

DATA = """\
%load_ext nbagent
%nbagent panel
import matplotlib.pyplot as plt
import pandas as pd

orders = pd.DataFrame({
    "order_date": pd.date_range("2024-01-01", periods=6),
    "delivery_date": pd.date_range("2024-01-03", periods=6),
    "containers": [4, 7, 5, 9, 8, 11],
})"""
PLOT = 'plt.bar(["a", "b", "c"], [3, 5, 2]);'
GROW = "%agent --draft animate this plot so that the bars grow one after the other"


def test_a_plot_moves_and_a_column_is_chosen_by_a_button(open_notebook: Open) -> None:
    notebook = open_notebook(DATA, PLOT, GROW)
    for cell in range(3):
        notebook.run_cell(cell)
    assert "c1: this plot, its parts move" in notebook.text(2)
    panel = notebook.page.locator(".nba-panel")
    expect_clip(turns(panel).nth(0))
    say(panel, "--draft animate @orders: a line of containers by date")
    asked = turns(panel).nth(1)
    expect(asked).to_contain_text("there is no column 'date'")
    asked.get_by_role("button", name="delivery_date").click()
    answered = turns(panel).nth(1)
    expect_clip(answered)
    expect(answered).to_contain_text("--column date=delivery_date")
    say(panel, "dark, and highlight 4 January")
    expect_clip(turns(panel).nth(2))
