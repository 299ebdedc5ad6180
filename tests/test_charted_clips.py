"""From data of a notebook to a clip of it: routes, refinements, and what is refused."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from nbagent import media
from nbagent.acts import Act, act_from_json
from nbagent.charts.chart_renderer import ChartRenderer
from nbagent.charts.figure_drawing import FigureDrawing
from nbagent.charts.recording import Recording
from nbagent.conversation.clip import Clip
from nbagent.conversation.context import variables
from nbagent.conversation.pictures import Shown
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.notebook.animating import acts_of, call_of
from nbagent.settings import Settings
from nbagent.take import Job, Take
from nbagent.take.chart import Chart
from tests.test_session import store

REGIONS = pd.DataFrame(
    {
        "region": ["Asia", "Europe", "Africa"] * 3,
        "month": pd.to_datetime(
            ["2024-05-01"] * 3 + ["2024-06-01"] * 3 + ["2024-07-01"] * 3
        ),
        "sales": [3, 9, 2, 4, 8, 3, 6, 7, 5],
        "profit": [1.0, 2.5, -0.5, 1.2, 2.0, 0.1, 2.2, 1.9, 0.8],
    }
)


def bars() -> Figure:
    figure = Figure()
    axes = figure.subplots()
    axes.bar_label(axes.bar(["a", "b", "c"], [1.0, 3.0, 2.0]))
    axes.set_title("sales")
    return figure


class Talk:
    """A conversation with a table and figures."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.values: dict[str, Any] = {"df": REGIONS.copy(), "fig": bars()}

    def say(
        self,
        words: str,
        target: Clip | None = None,
        acts: Sequence[Act] = (),
        data: str = "",
        **options: Any,
    ) -> Reply:
        return self.session.hear(
            words,
            options,
            variables=variables(self.values),
            values=self.values,
            target=target,
            acts=acts,
            data=data,
        )

    def clip(self, words: str, *args: Any, **options: Any) -> Clip:
        """Return the clip of a turn, as if it were drawn."""
        reply = self.say(words, *args, **options)
        assert reply.answer is None, reply.answer
        (clip,) = store(self.session, reply)
        return clip

    def animate(self, name: str, **said: Any) -> Clip:
        """Animate a variable, as `nbagent.animate` does."""
        acts, options = acts_of(said)
        words = call_of(said).format(name)
        return self.clip(words, None, acts, name, **options)

    def change(self, clip: Clip, *acts: Mapping[str, Any]) -> Clip:
        return self.clip("", clip, tuple(map(act_from_json, acts)))

    def drawn(self, clip: Clip) -> Any:
        """Return the frames of a clip, drawn by a worker."""
        assert clip.take is not None
        ledger = self.session.ledger
        ledger.discard([])
        job = ledger.jobs.add(clip.take.id, None, "interactive")
        facts = ChartRenderer().run(
            Job(id=job, take=clip.take, store=str(ledger.folder)),
            report=lambda _: None,
            cancelled=lambda: False,
        )
        return media.read_video(ledger.path(facts["video"]))[0]


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    session = Session(settings=settings, engine=Engine(settings))
    yield session
    session.close()


@pytest.fixture
def talk(session: Session) -> Talk:
    return Talk(session)


def chart_of(clip: Clip) -> Chart:
    assert clip.take is not None
    assert clip.take.operation == "chart"
    assert clip.take.chart is not None
    return clip.take.chart


# From Python


def test_a_table_is_animated_as_it_is_told(talk: Talk) -> None:
    clip = talk.animate(
        "df", x="region", y="Sales", top=2, hold=2, colors=["#123456"], title="Sales"
    )
    chart = chart_of(clip)
    assert (chart.view.x, chart.view.y, chart.view.top) == ("region", "sales", 2)
    assert (chart.end_hold_s, chart.palette, chart.title) == (
        2.0,
        ("#123456",),
        "Sales",
    )
    assert clip.prompt == "sales by region, bars grow, the top 2"
    assert clip.take is not None
    assert (clip.take.model, clip.take.height, clip.take.fps) == ("", 720, 30.0)
    again = Take.from_recipe(json.loads(json.dumps(clip.take.to_recipe())))
    assert again == clip.take


def test_a_call_is_the_words_of_its_turn(talk: Talk) -> None:
    talk.animate("df", move="race", y="sales", x="region")
    turn = talk.session.ledger.turns.of(talk.session.settings.conversation)[-1]
    assert turn.text == "nbagent.animate(df, move='race', y='sales', x='region')"
    assert turn.options["data"] == "df"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"x": "regoin"}, "there is no column 'regoin': did you mean region"),
        ({"colour": "x"}, "animate does not take 'colour': use aggregate, also, bins"),
        ({"y": "region"}, "y is 'region', which holds words like 'Asia'"),
        ({"only": "Venus"}, "the data has no 'Venus': it has Asia, Europe, Africa"),
        ({"mark": "column"}, "chart: mark cannot be 'column': use bar or line"),
        (
            {"move": "race", "time": "profit", "mark": "line"},
            "a line's move cannot be 'race'",
        ),
        ({"highlight": "Asai"}, "the data has no 'Asai': did you mean Asia"),
    ],
)
def test_what_a_table_cannot_show_is_said_in_a_line(
    talk: Talk, said: dict[str, Any], says: str
) -> None:
    with pytest.raises(SpecError) as caught:
        talk.animate("df", **said)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


# Refinements


def test_a_change_keeps_the_rest(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales", title="Sales")
    clip = talk.change(first, {"act": "sort"}, {"act": "theme", "theme": "dark"})
    chart, before = chart_of(clip), chart_of(first)
    assert (chart.view.sort, chart.theme) == ("down", "dark")
    assert (chart.title, chart.data, chart.view.y) == ("Sales", before.data, "sales")
    assert clip.take is not None
    assert first.take is not None
    assert clip.take.parents == (first.take.id,)
    lit = talk.change(clip, {"act": "highlight", "what": ["europe"]})
    assert chart_of(lit).steps[0].change == {"highlight": ("Europe",)}
    assert lit.prompt.endswith("then highlight Europe")
    with pytest.raises(SpecError, match="the chart already looks like that"):
        talk.change(clip, {"act": "sort"})


def test_only_some_rows_are_shown(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales")
    one = talk.change(first, {"act": "only", "values": ["EUROPE"]})
    assert chart_of(one).view.keep[0].values == ("Europe",)
    two = talk.change(one, {"act": "only", "values": ["Asia"], "out": True})
    (kept,) = chart_of(two).view.keep
    assert (kept.test, kept.values) == ("not", ("Asia",))
    many = talk.change(first, {"act": "only", "column": "Sales", "over": 3})
    assert chart_of(many).view.keep[0].values == (3,)


def test_zooms_take_the_ends_of_the_data(talk: Talk) -> None:
    first = talk.animate("df", mark="line", y="sales", x="month", group="region")
    clip = talk.change(first, {"act": "zoom", "start": "2024-06"})
    ends = chart_of(clip).steps[0].change["x_range"]
    assert ends == ("2024-06", "2024-07-01T00:00:00")
    year = talk.change(first, {"act": "zoom", "start": "2024", "end": "2024-06-30"})
    assert chart_of(year).steps[0].change["x_range"] == ("2024-01", "2024-06-30")
    out = talk.change(clip, {"act": "zoom", "out": True})
    assert [one.change["x_range"] for one in chart_of(out).steps] == [ends, ()]


def test_a_zoom_to_years_is_told_as_years(talk: Talk) -> None:
    talk.values["df"] = pd.DataFrame({"year": range(2015, 2025), "sales": range(10)})
    first = talk.animate("df", mark="line", y="sales")
    seen = talk.change(first, {"act": "zoom", "start": "2020"})
    assert seen.prompt.endswith("then zoom to 2020 to 2024")


def test_a_step_is_told_as_what_it_does(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales")
    clip = talk.change(first, {"act": "threshold", "value": 170, "text": "capacity"})
    assert clip.prompt.endswith('then a line at 170 "capacity"')
    noted = talk.change(first, {"act": "annotate", "text": "record", "at": "Europe"})
    assert noted.prompt.endswith('then a note "record"')


def test_length_and_shape_are_the_charts_own(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales", hold=1)
    slow = chart_of(talk.change(first, {"act": "speed", "factor": 0.5}))
    assert (slow.seconds, slow.end_hold_s, slow.fps) == (6.0, 1.0, 30.0)
    long = chart_of(talk.change(first, {"act": "length", "duration_s": 8}))
    assert long.duration_s == pytest.approx(8)
    held = chart_of(talk.change(first, {"act": "hold", "seconds": 2}))
    assert (held.seconds, held.end_hold_s) == (3.0, 2.0)
    tall = talk.change(first, {"act": "aspect", "aspect": "9:16"})
    assert (chart_of(tall).width, chart_of(tall).height) == (720, 1280)
    mirrored = talk.clip("", tall, (act_from_json({"act": "mirror"}),))
    assert mirrored.take is not None
    assert mirrored.take.operation == "derive"
    sorted_one = talk.change(mirrored, {"act": "sort"})
    assert sorted_one.take is not None
    assert [one.kind for one in sorted_one.take.effects] == ["mirror"]


def test_drafts_stay_drafts_until_told(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales", draft=True)
    assert first.take is not None
    assert (first.take.quality, first.take.height, first.take.fps) == ("draft", 360, 15)
    clip = talk.change(first, {"act": "sort"})
    assert clip.take is not None
    assert clip.take.quality == "draft"
    final = talk.change(clip, {"act": "quality", "quality": "final"})
    assert final.take is not None
    assert (final.take.quality, final.take.height) == ("final", 720)


def test_a_title_stands_where_a_chart_has_room_for_it(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales")
    clip = talk.change(first, {"act": "title", "text": "Sales tripled"})
    assert chart_of(clip).title == "Sales tripled"
    over = talk.change(first, {"act": "title", "text": "Sales", "at": "bottom"})
    assert over.take is not None
    assert over.take.operation == "derive"


def test_what_a_chart_does_not_show_is_refused(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales")
    with pytest.raises(SpecError, match="a chart shows only its data"):
        talk.change(first, {"act": "sort"}, {"act": "weather", "weather": "rain"})
    red = talk.change(first, {"act": "recolor", "color": "red", "what": "bars"})
    assert chart_of(red).palette == ("#ff0000",)


def test_new_numbers_are_shown_when_they_are_asked_for(talk: Talk) -> None:
    first = talk.animate("df", x="region", y="sales", title="Sales")
    talk.values["df"] = REGIONS.assign(sales=1)
    same = talk.change(first, {"act": "sort"})
    assert chart_of(same).data == chart_of(first).data
    new = talk.change(first, {"act": "refresh"})
    assert chart_of(new).data != chart_of(first).data
    assert chart_of(new).title == "Sales"
    del talk.values["df"]
    with pytest.raises(
        SpecError, match="@df is no longer in this notebook: make it again"
    ):
        talk.change(first, {"act": "refresh"})
    assert chart_of(talk.change(first, {"act": "top", "count": 2})).view.top == 2


def test_a_clip_without_data_has_none_to_sort(talk: Talk) -> None:
    first = talk.clip("a red ball on the beach")
    with pytest.raises(SpecError, match=r"this needs a chart.*'animate @df'"):
        talk.change(first, {"act": "sort"})


# Figures


def test_a_figure_moves_as_it_was_drawn(talk: Talk) -> None:
    clip = talk.clip("animate @fig")
    chart = chart_of(clip)
    assert chart.is_figure
    assert (chart.width, chart.height, chart.called) == (960, 720, "fig")
    first = talk.values.pop("fig")  # the recipe has all of it
    assert first.get_dpi() == 100
    path = talk.session.ledger.path(chart.data)
    recording = Recording.from_bytes(path.read_bytes())
    drawing = FigureDrawing(chart, recording, 720, 960)
    start, end = drawing.frame(0.0), drawing.frame(chart.duration_s)
    assert (end != start).any()


def test_a_figure_that_cannot_move_is_refused(talk: Talk) -> None:
    talk.values["fig"] = Figure()
    talk.values["fig"].subplots()
    with pytest.raises(SpecError, match=r"@fig has no bars, lines, points.*push in"):
        talk.clip("animate @fig, the bars grow one by one")
    still = talk.clip("animate @fig").take
    assert still is not None
    assert still.operation == "camera"
    talk.values["fig"] = bars()
    first = talk.clip("animate @fig")
    with pytest.raises(SpecError, match="a figure keeps its own style"):
        talk.change(first, {"act": "theme", "theme": "dark"})
    with pytest.raises(SpecError, match="without its table"):
        talk.change(first, {"act": "only", "values": ["a"]})
    with pytest.raises(SpecError, match="nothing in the figure is called 'z': it has"):
        talk.change(first, {"act": "highlight", "what": ["z"]})
    with pytest.raises(SpecError, match="a figure's sort stays as it was drawn"):
        talk.change(first, {"act": "sort", "then": True})
    lit = talk.change(first, {"act": "highlight", "what": ["b"]})
    assert chart_of(lit).steps[0].change == {"highlight": ("b",)}
    assert lit.prompt == "the figure fig, its parts move, then highlight b"


def test_a_plot_that_is_pixels_alone_is_not_taken_apart(talk: Talk) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    talk.values = {"_shown": Shown(data=out.getvalue(), is_figure=True)}
    clip = talk.clip("animate this plot")
    assert clip.take is not None
    assert clip.take.operation == "camera"
    with pytest.raises(SpecError, match="was shown as pixels, without its data"):
        talk.clip("animate this plot, the bars grow one by one")
    shown = Shown(data=out.getvalue(), is_figure=True, figure=bars())
    talk.values = {"_shown": shown}
    clip = talk.clip("animate this plot")
    assert chart_of(clip).is_figure
    assert clip.prompt == "this plot, its parts move"


def test_a_camera_still_goes_over_a_figure(talk: Talk) -> None:
    clip = talk.clip("animate @fig: push in slowly")
    assert clip.take is not None
    assert clip.take.operation == "camera"


# In words

ASKED: list[tuple[str, dict[str, Any]]] = [
    ("only Europe", {"keep": ("Europe",)}),
    ("sort it", {"sort": "down"}),
    ("slower", {"seconds": 6.0}),
    ("dark", {"theme": "dark"}),
    ("in our brand colours #123456 and #ff8800", {"palette": ("#123456", "#ff8800")}),
    ("1:1", {"width": 960, "height": 960}),
    ("vertical", {"height": 1280}),
    ('add a title "Sales tripled"', {"title": "Sales tripled"}),
    ("from bars to a line", {"step": "mark"}),
    ("hold the last frame for two seconds", {"end_hold_s": 2.0}),
    ("make it 8 seconds long", {"duration_s": 8.0}),
]


def told(clip: Clip) -> dict[str, Any]:
    """Return what is known of a chart, by the names above."""
    chart = chart_of(clip)
    names = ("seconds", "theme", "palette", "width", "height", "title", "end_hold_s")
    own = {name: getattr(chart, name) for name in names}
    own |= {"sort": chart.view.sort, "duration_s": round(chart.duration_s, 6)}
    own["keep"] = chart.view.keep[0].values if chart.view.keep else ()
    own["step"] = next(iter(chart.steps[-1].change)) if chart.steps else ""
    return own


def test_a_chart_is_refined_in_words(talk: Talk) -> None:
    first = talk.clip("animate @df: sales by region")
    assert first.prompt == "sales by region, bars grow"
    for words, wanted in ASKED:
        reply = talk.say(words, first)
        assert reply.answer is None, (words, reply.answer)
        (clip,) = store(talk.session, reply)
        known = told(clip)
        assert {name: known[name] for name in wanted} == wanted, words


def test_the_line_of_a_table_is_drawn_and_a_month_stands_out(talk: Talk) -> None:
    clip = talk.clip("draw the line of profit in five seconds, then highlight June")
    chart = chart_of(clip)
    assert (chart.view.mark, chart.view.y, chart.seconds) == ("line", "profit", 5.0)
    assert chart.steps[0].change == {"span": ("2024-06", "2024-06-30")}
    nearer = talk.clip("zoom to June and later")
    assert chart_of(nearer).steps[1].change["x_range"][0] == "2024-06"


def test_a_column_that_was_guessed_is_said(talk: Talk) -> None:
    reply = talk.say("animate @df")
    assert reply.notes[0] == (
        "Shows sales, as you named no column: for another, say 'show profit instead'."
    )
    store(talk.session, reply)
    clip = talk.clip("show profit instead")
    assert chart_of(clip).view.y == "profit"
    assert talk.say("animate @df: profit by region").notes == (
        "Each value is the sum of up to 3 rows.",
    )


def test_a_table_is_shown_as_such_tables_are(talk: Talk) -> None:
    days = pd.date_range("2024-01-01", periods=90)
    talk.values["df"] = pd.DataFrame({"day": days, "n": range(90)})
    assert chart_of(talk.clip("animate @df")).view.mark == "line"
    names = [f"city {i}" for i in range(90)]
    talk.values["df"] = pd.DataFrame({"city": names, "n": range(90)})
    reply = talk.say("animate @df")
    assert "Shows the largest 20 of 90; 'the top 20' shows more." in reply.notes
    (clip,) = store(talk.session, reply)
    assert chart_of(clip).view.top == 20


def test_a_month_that_is_not_there_is_said(talk: Talk) -> None:
    talk.clip("animate @df: sales by region")
    with pytest.raises(SpecError, match="the data has no 'June': it has Asia"):
        talk.clip("highlight June")


def test_a_table_without_a_name_of_its_own_is_animated(talk: Talk) -> None:
    talk.values["data"] = {"city": ["Ulm", "Bonn"], "people": [126, 331]}
    assert chart_of(talk.animate("data")).called == "data"


def test_what_is_told_of_a_chart_is_of_no_model(talk: Talk) -> None:
    talk.animate("df", x="region", y="sales")
    told = talk.say("which seed has c1?").answer
    assert told is not None
    assert "a chart, drawn exactly and without a model, so it has no seed" in told
    dry = talk.say("sort it", dry_run=True).answer
    assert dry is not None
    assert dry.startswith("would draw: sales by region, bars grow")


def test_a_race_is_of_the_table_that_has_the_columns(talk: Talk) -> None:
    clip = talk.clip("race the top two regions by sales")
    chart = chart_of(clip)
    assert (chart.move, chart.view.y, chart.view.top) == ("race", "sales", 2)


def test_a_worker_draws_what_was_asked_for(talk: Talk) -> None:
    acts, options = acts_of({"seconds": 0.2, "hold": 0.1})
    reply = talk.say("draw it", None, acts, "fig", **options)
    rendering = talk.session.render(reply)
    (clip,) = rendering.clips
    frames = talk.drawn(clip)
    assert frames.shape == (9, 720, 960, 3)
    heights = [
        int((np.abs(f[:, 200].astype(int) - (31, 119, 180)).sum(-1) < 60).sum())
        for f in frames
    ]
    assert heights[0] == 0
    assert heights == sorted(heights)
    assert heights[-1] > 100
