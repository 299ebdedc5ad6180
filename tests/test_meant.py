"""What a turn is about, from its words to the take that is changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from nbagent import media
from nbagent.charts.chart_renderer import ChartRenderer
from nbagent.conversation.context import variables
from nbagent.conversation.pictures import Shown, picture, read
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.jobs.engine import Engine
from nbagent.language.seen import pointed
from nbagent.language.state import State, Variable
from nbagent.settings import Settings
from nbagent.take import Job, Take
from tests.test_session import say, store

OWL = "an owl flies over the forest at night"
BALL = "a red ball rolls across the beach by day"


def made(session: Session, words: str) -> Take:
    (clip,) = store(session, say(session, words))
    assert clip.take is not None
    return clip.take


# The latest clip, or an older one


@pytest.mark.parametrize(
    "words",
    [
        "night in the left half",
        "make it night",
        "at night, and slower",
        "put it in the forest",
        "nachts in der linken Hälfte",
        "de noche",
        "add an owl",
    ],
)
def test_what_the_latest_clip_is_to_be_names_no_older_one(
    session: Session, words: str
) -> None:
    made(session, OWL)
    ball = made(session, BALL)
    reply = say(session, words)
    assert reply.plan.targets == ("c2",)
    (take,) = reply.takes
    assert ball.id in (*take.parents, *(p for one in reply.parts for p in one.parents))


@pytest.mark.parametrize(
    "words", ["the night one, slower", "make the owl bounce", "c1, in the snow"]
)
def test_what_is_there_names_the_clip_that_has_it(session: Session, words: str) -> None:
    owl = made(session, OWL)
    made(session, BALL)
    reply = say(session, words)
    assert reply.plan.targets == ("c1",)
    assert reply.takes[0].parents == (owl.id,)


@pytest.mark.slow
def test_a_part_at_night_is_of_the_latest_clip_by_the_real_engine(
    settings: Settings,
) -> None:
    session = Session(settings=settings, engine=Engine(settings))
    try:
        films = []
        for words in (OWL, BALL, "night in the left half"):
            reply = say(session, words, steps=4)
            rendering = session.render(reply)
            rendering.start(lambda _index, _progress: None)
            rendering.wait()
            session.close_turn(reply, rendering.clips)
            films.append(rendering.clips[0].frames.astype(int))
        _, ball, changed = films
        half = ball.shape[2] // 2
        left, right = (
            abs(ball - changed)[:, :, part].mean()
            for part in (slice(half - 8), slice(half + 8, None))
        )
        assert left > 4 * right
    finally:
        session.close()


# The notebook's picture, or a clip


def plot() -> Figure:
    figure = Figure(figsize=(2, 2))
    figure.subplots().bar([1, 2, 3], [3, 1, 2])
    return figure


def notebook(**more: Any) -> dict[str, Any]:
    """Return a notebook with a plot, a photo and a logo in it."""
    return {
        "fig": plot(),
        "photo": Image.new("RGB", (64, 48), "teal"),
        "logo": Image.new("RGBA", (48, 48), "orange"),
        **more,
    }


def hear(session: Session, words: str, values: dict[str, Any]) -> Reply:
    return session.hear(words, {}, variables=variables(values), values=values)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("animate this plot", "fig"),
        ("the old company logo spins", "logo"),
        ("dieses Diagramm wächst", "fig"),
        ("das Foto, langsam", "photo"),
        ("anima esta foto", "photo"),
        ("ce graphique bouge", "fig"),
        ("anima questo grafico", "fig"),
        ("anime este logotipo", "photo"),
        ("この写真を動かして", "photo"),
        ("이 그래프를 움직여줘", "fig"),
        ("让这张照片动起来", "photo"),
        ("a plot of the sea", None),
        ("a logo that spins", None),
        ("the picture is too dark", None),
        ("un gráfico que crece", None),
    ],
)
def test_a_noun_points_at_a_value_in_every_language(
    words: str, name: str | None
) -> None:
    kinds = {"logo": "PIL.Image", "photo": "PIL.Image", "fig": "Figure"}
    known = tuple(Variable(name=one, type=kind) for one, kind in kinds.items())
    found = pointed(words, State(variables=known))
    assert (found and found.value[0]) == name
    assert pointed(words, State()) is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("animate this plot", "fig"),
        ("animate this chart", "fig"),
        ("make this figure move", "fig"),
        ("bring the bar chart to life", "fig"),
        ("zoom into this plot", "fig"),
        ("animiere diesen Plot", "fig"),
        ("anima este gráfico", "fig"),
        ("このグラフを動かして", "fig"),
        ("animate this photo", "photo"),
        ("push in on the photo", "photo"),
        ("pan over this photo to the left", "photo"),
        ("rotate the logo", "logo"),
        ("animate my logo", "logo"),
        ("gira el logo", "logo"),
    ],
)
def test_what_is_pointed_at_is_the_notebooks(
    session: Session, words: str, name: str
) -> None:
    made(session, BALL)
    values = notebook()
    store(session, hear(session, "animate @photo", values))  # a camera's clip, c2
    reply = hear(session, words, values)
    assert (reply.plan.intent, reply.plan.targets) == ("animate_image", (name,))
    (take,) = reply.takes
    if take.chart is not None:  # a figure's own parts move
        assert (take.chart.is_figure, take.chart.called) == (True, name)
        return
    with Image.open(session.ledger.path(take.holds[0].source)) as kept:
        assert (
            kept.tobytes() == Image.fromarray(read(name, values[name]).first).tobytes()
        )


def test_a_plot_that_a_cell_has_shown_comes_before_one_that_has_a_name(
    session: Session,
) -> None:
    shown = Shown(data=media.png(picture("other", plot())), is_figure=True)
    made(session, BALL)
    reply = hear(session, "animate this plot", notebook(_shown=shown))
    assert reply.plan.targets == ("_shown",)


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("the photo should be darker", "refine"),
        ("zoom out of the picture", "refine"),
        ("slower", "refine"),
        ("a chart on the wall of a house", "generate_video"),
    ],
)
def test_a_change_stays_one_though_it_speaks_of_a_picture(
    session: Session, words: str, intent: str
) -> None:
    made(session, BALL)
    values = notebook()
    _, plan = session.read(words, variables(values), values)
    assert (plan.intent, *plan.targets) in ((intent, "c1"), (intent,))


def test_of_several_alike_it_is_asked_which_is_meant(session: Session) -> None:
    values = notebook(other=Image.new("RGB", (64, 48), "red"))
    reply = hear(session, "animate this photo", values)
    assert reply.plan.targets == ("photo",)  # by its name
    del values["photo"]
    reply = hear(session, "animate this photo", values)
    assert reply.answer is not None
    assert "Which do you mean, @logo or @other?" in reply.answer
    del values["logo"]
    reply = hear(session, "animate this photo", values)
    assert reply.notes[0].startswith("Starts from @other: name a different one with @")


def test_a_logo_turns_whole_before_what_it_stands_apart_from(session: Session) -> None:
    values = notebook()
    values["logo"].putalpha(Image.new("L", (48, 48), 0))
    values["logo"].paste((240, 140, 30, 255), (4, 12, 44, 36))
    (take,) = hear(session, "rotate the logo by 90 degrees", values).takes
    assert take.move is not None
    assert abs(take.move.roll) == 90
    ledger = session.ledger
    ledger.add_take(take)
    job_id = ledger.jobs.add(take.id, None, "interactive")
    job = Job(id=job_id, take=take, store=str(ledger.folder))
    ChartRenderer().run(job, report=lambda _told: None, cancelled=lambda: False)
    artifact = ledger.artifact(take.id)
    assert artifact is not None
    assert artifact.video is not None
    frames = media.read_video(ledger.path(artifact.video))[0].astype(int)
    for frame in (frames[0], frames[len(frames) // 2], frames[-1]):
        rim = np.concatenate([frame[:2].reshape(-1, 3), frame[:, -2:].reshape(-1, 3)])
        assert np.ptp(rim, axis=0).max() < 40
        middle = frame[len(frame) // 2, frame.shape[1] // 2]
        assert abs(middle - rim.mean(0)).sum() > 200
