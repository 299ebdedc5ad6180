"""Running totals, periods of dates and correlations: the numbers of pandas and numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbagent.acts.chart import Show
from nbagent.acts.only import Only
from nbagent.acts.threshold import Threshold
from nbagent.charts.cells import cells_of, kept_rows
from nbagent.charts.columns import settled
from nbagent.charts.drawing import Drawing, frames
from nbagent.charts.intake import table_of
from nbagent.charts.rows import begun_at
from nbagent.charts.summary import MAX_ROWS, kept
from nbagent.charts.wide import lengthened
from nbagent.errors import SpecError
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import Filter, Test, View

CHANCE = np.random.default_rng(3)
DAYS = pd.date_range("2023-11-20", periods=90, name="day")
GIFTS = pd.DataFrame(
    {
        "day": np.tile(DAYS, 2),
        "city": ["Ulm"] * 90 + ["Bonn"] * 90,
        "eur": CHANCE.integers(-20, 90, 180),
    }
)
FACTS = pd.DataFrame({"a": CHANCE.normal(size=60), "b": CHANCE.normal(size=60)})
FACTS["c"] = 2 * FACTS.a - FACTS.b + CHANCE.normal(size=60)
FACTS["who"] = ["x", "y"] * 30


def chart(view: View, **fields: Any) -> Chart:
    return Chart(data="", view=view, **{"width": 640, "height": 360, **fields})


def test_a_running_total_is_the_sum_so_far() -> None:
    view = View(mark="line", x="day", y="eur", group="city", aggregate="cumsum")
    found = cells_of(view, table_of(GIFTS))
    sums = GIFTS.pivot_table("eur", "day", "city", "sum").cumsum()
    assert found.groups.names == ("Ulm", "Bonn")
    np.testing.assert_array_equal(found.values[0], sums[["Ulm", "Bonn"]].to_numpy().T)


def test_a_running_total_is_drawn_as_the_same_numbers_in_a_column_are() -> None:
    done = GIFTS[GIFTS.city == "Ulm"].assign(eur=lambda df: df.eur.cumsum())
    view = View(mark="area", x="day", y="eur", aggregate="cumsum")
    keep = (Filter(column="city", values=("Ulm",)),)
    plain = View(mark="area", x="day", y="eur")
    own = chart(View(mark="area", x="day", y="eur", aggregate="cumsum", keep=keep))
    moments = [0.5, 1.7, own.duration_s]
    table = table_of(GIFTS)
    np.testing.assert_array_equal(
        frames(own, table, moments), frames(chart(plain), table_of(done), moments)
    )
    assert view.way == "cumsum"


def test_a_race_of_totals_keeps_what_was_won_before() -> None:
    won = pd.DataFrame(
        {"year": [2000, 2001, 2001, 2003], "who": list("abab"), "n": [3, 1, 2, 4]}
    )
    view = View(x="who", y="n", time="year", aggregate="cumsum")
    found = cells_of(view, table_of(won)).values[:, 0]
    np.testing.assert_array_equal(found, [[3, np.nan], [5, 1], [5, 5]])
    totals = pd.DataFrame(
        {"year": [2000, 2001, 2001, 2003, 2003], "who": list("aabab")}
    ).assign(n=[3, 5, 1, 5, 5])
    race = chart(view, move="race")
    plain = chart(View(x="who", y="n", time="year"), move="race")
    moments = [0.0, 1.1, 2.9, race.duration_s]
    np.testing.assert_array_equal(
        frames(race, table_of(won), moments), frames(plain, table_of(totals), moments)
    )


@pytest.mark.parametrize(
    ("every", "rule"),
    [
        ("day", "D"),
        ("week", "W-MON"),
        ("month", "MS"),
        ("quarter", "QS"),
        ("year", "YS"),
    ],
)
def test_periods_are_those_of_pandas(every: Any, rule: str) -> None:
    view = View(mark="line", x="day", y="eur", every=every)
    found = cells_of(view, table_of(GIFTS))
    own = GIFTS.set_index("day").eur
    means = own.resample(rule, closed="left", label="left").mean()
    np.testing.assert_allclose(found.values[0, 0], means.to_numpy())
    begun = found.x.values.astype("datetime64[D]") if every != "day" else None
    assert begun is None or len(begun) == len(means)


def test_a_date_that_is_missing_is_in_no_period() -> None:
    dates = np.array(["2024-05-17", "NaT"], "datetime64[us]")
    for every in ("day", "week", "month", "quarter", "year"):
        begun = begun_at(dates, every)
        assert np.isnat(begun[1])
        assert begun[0] <= dates[0]
    with pytest.raises(SpecError, match="nothing can be put together by month"):
        cells_of(View(x="who", y="a", every="month"), table_of(FACTS))


def test_correlations_are_those_of_pandas() -> None:
    facts = FACTS.copy()
    facts.loc[[3, 9], "b"] = np.nan
    own = settled(chart(View(mark="heatmap", aggregate="correlation")), table_of(facts))
    assert (own.view.y, own.view.also) == ("a", ("b", "c"))
    found = cells_of(own.view, table_of(facts))
    expected = facts[["a", "b", "c"]].corr().to_numpy()
    np.testing.assert_allclose(found.values[0], expected)
    only = Filter(column="who", values=("x",))
    some = View(
        mark="heatmap", y="a", also=("c",), aggregate="correlation", keep=(only,)
    )
    expected = facts[facts.who == "x"][["a", "c"]].corr().to_numpy()
    np.testing.assert_allclose(cells_of(some, table_of(facts)).values[0], expected)


def test_correlations_are_coloured_from_minus_one_to_one() -> None:
    own = settled(chart(View(mark="heatmap", aggregate="correlation")), table_of(FACTS))
    drawing = Drawing(own, table_of(FACTS))
    (panel,) = drawing.story.at(own.moving_s).panels.values()
    values = {word.key: word.value for word in panel.words}
    r = float(FACTS.a.corr(FACTS.c))
    assert values["a|c"] == pytest.approx(r)
    colours = {shape.key: shape.colour for shape in panel.shapes}
    assert colours["a|a"] == colours["b|b"] == colours["c|c"]
    pairs = kept_rows(own.view, table_of(FACTS))
    plain = chart(View(mark="heatmap", x="series", group="with", y="value"))
    (other,) = Drawing(plain, pairs).story.at(plain.moving_s).panels.values()
    assert [s.verts.tolist() for s in panel.shapes] == [
        s.verts.tolist() for s in other.shapes
    ]


def test_what_cannot_be_correlated_is_refused() -> None:
    with pytest.raises(SpecError, match="cannot be shown as a bar: use a heat map"):
        View(mark="bar", aggregate="correlation")
    alone = settled(
        chart(View(mark="heatmap", aggregate="correlation")),
        table_of(FACTS[["a", "who"]]),
    )
    with pytest.raises(SpecError, match="needs two columns of numbers or more"):
        cells_of(alone.view, table_of(FACTS))


def test_of_very_many_rows_the_same_is_shown() -> None:
    many = pd.DataFrame(
        {
            "at": pd.date_range("2023-01-01", periods=MAX_ROWS + 50, freq="min"),
            "n": CHANCE.integers(0, 9, MAX_ROWS + 50),
        }
    )
    many["m"] = many.n + CHANCE.normal(size=len(many))
    view = View(mark="line", x="at", y="n", aggregate="cumsum", every="day")
    own, table, (note,) = kept(chart(view), table_of(many))
    assert note == "sums up 100,050 rows as 70 places"
    sums = many.set_index("at").n.resample("D").sum().cumsum()
    np.testing.assert_allclose(cells_of(own.view, table).values[0, 0], sums)
    pairs = chart(View(mark="heatmap", aggregate="correlation"))
    own, table, (note,) = kept(pairs, table_of(many))
    assert note == "correlates 100,050 rows"
    r = many[["n", "m"]].corr().to_numpy()
    np.testing.assert_allclose(cells_of(own.view, table).values[0], r)
    step = Step(change={"keep": (Filter(column="n", test="over", values=(3,)),)})
    with pytest.raises(SpecError, match="are not the same in all views"):
        kept(chart(pairs.view, steps=(step,)), table_of(many))


def test_columns_that_are_series_become_rows() -> None:
    wide = table_of({"year": [2001, 2002], "A": [1, 2], "B": [3, 4]})
    long = lengthened(wide, "share", set())
    assert long is not None
    assert long.names == ("year", "series", "share")
    assert list(long["series"].texts) == ["A", "B", "A", "B"]
    assert long["share"].values.tolist() == [1, 3, 2, 4]
    assert lengthened(table_of(FACTS), "facts", set()) is None  # words tell rows apart
    weeks = table_of({"week": [1, 2], "rooms": [5.0, 6.0]})
    assert lengthened(weeks, "", {"week"}) is None


def test_at_most_takes_its_number_in_and_under_leaves_it_out() -> None:
    table = table_of({"age": [30, 40, 50, 60]})
    by: dict[Test, list[int]] = {
        "at most": [30, 40, 50],
        "under": [30, 40],
        "over": [50, 60],
    }
    for test, left in by.items():
        view = View(y="age", keep=(Filter(column="age", test=test, values=(50.0,)),))
        assert kept_rows(view, table)["age"].values.tolist() == left
    assert "eur at most 5" in Only(column="eur", most=5.0).says()


def test_a_threshold_has_a_colour_of_its_own() -> None:
    own = Threshold(value=50.0, color="crimson", then=False)
    view = View(mark="line", x="day", y="eur", group="city")
    red = own.on(chart(view))
    assert Chart.from_json(red.to_json()) == red
    assert red.view.threshold_colour == "#dc143c"
    table = table_of(GIFTS)
    here = replace(red, view=replace(red.view, threshold_colour=""))
    drawn = [frames(one, table, [one.duration_s])[0] for one in (here, red)]
    crimson = [
        int((abs(f.astype(int) - (220, 20, 60)).max(-1) < 8).sum()) for f in drawn
    ]
    assert crimson[0] == 0 < crimson[1]
    with pytest.raises(SpecError, match="not a colour for the threshold"):
        View(threshold_colour="crimson")


def test_a_measure_beside_one_that_is_grouped_takes_the_group_s_place() -> None:
    grouped = chart(View(mark="line", x="day", y="eur", group="city"))
    beside = Show(also=("count",), facet="city").on(replace(grouped, data="x.csv"))
    assert (beside.view.group, beside.view.facet) == ("", "city")
    assert beside.view.also == ("count",)
