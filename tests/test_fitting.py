"""Pictures of any shape in the frame of a clip: nothing is cut without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nbagent.acts.plan import Plan
from nbagent.conversation.compose import compose
from nbagent.conversation.context import variables
from nbagent.conversation.fitting import measured
from nbagent.conversation.session import Session
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.ledger import Ledger
from nbagent.media import framed, png
from nbagent.models.cards import ModelCard, model_card
from nbagent.notebook.line import parse
from nbagent.render.held_frames import known_frames
from nbagent.settings import Settings
from nbagent.take import Hold, Take
from tests import phrasebook
from tests.samples import make_take

MOVES = "animate @photo so that it moves right"


def portrait(height: int = 320, width: int = 180) -> NDArray[np.uint8]:
    """Return a picture with a red head and green feet."""
    tall = np.full((height, width, 3), 90, np.uint8)
    tall[: height // 6], tall[-height // 6 :] = (255, 0, 0), (0, 255, 0)
    return tall


def is_whole(frame: NDArray[np.uint8]) -> bool:
    return bool((frame[..., 0] > 200).any() and (frame[..., 1] > 200).any())


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    session = Session(settings=settings, engine=Engine(settings), brain=phrasebook.read)
    yield session
    session.close()


def say(session: Session, words: str, value: Any, **options: Any) -> Any:
    values = {"photo": value}
    return session.hear(words, options, variables=variables(values), values=values)


def test_a_portrait_is_not_beheaded_and_it_is_said(session: Session) -> None:
    value = np.stack([portrait()] * 12)
    reply = say(session, MOVES, value)
    (take,) = reply.takes
    held = known_frames(take, take.num_frames, session.ledger)
    assert held is not None
    assert is_whole(held.frames[0])
    assert (
        "@photo is 180x320, the clip 256x256: the whole picture is shown"
        in reply.notes[-1]
    )
    filled = say(session, MOVES, value, fit="fill")
    cut = known_frames(filled.takes[0], take.num_frames, session.ledger)
    assert cut is not None
    assert not is_whole(cut.frames[0])
    assert "44% of the picture is cut off; --fit whole keeps it." in filled.notes[-1]
    told = say(session, MOVES, value, dry_run=True).answer
    assert "the whole picture is shown, with borders at its sides" in told


def test_a_film_of_the_clips_shape_needs_no_word(session: Session) -> None:
    for height, width in ((64, 64), (125, 128)):
        film = np.zeros((12, height, width, 3), np.uint8)
        assert say(session, MOVES, film).notes == ()


def _composed(ledger: Ledger, card: ModelCard, **options: Any) -> Composed:
    digest = ledger.put_file(png(portrait()), ".png")
    sources = measured(Sources(pictures=(digest,)), ledger)
    plan = Plan(intent="animate_image", targets=("photo",), prompt="it moves right")
    return compose(plan, request="words", options=options, card=card, sources=sources)


def test_the_clip_takes_the_pictures_shape_where_the_model_can(tmp_path: Any) -> None:
    pocket = model_card("pocket")
    assert pocket.is_one_size
    wan = replace(
        pocket,
        name="owner/wan",
        size_multiple=16,
        height=480,
        width=832,
        is_one_size=False,
    )
    with Ledger(tmp_path / "store") as ledger:
        (take,) = _composed(ledger, wan).takes
        assert (take.height, take.width) == (848, 480)
        assert _composed(ledger, wan).notes == ()
        composed = _composed(ledger, wan, size=(480, 832))
        assert (composed.takes[0].height, composed.takes[0].width) == (480, 832)
        assert (
            "the whole picture is shown, with borders at its sides"
            in composed.notes[-1]
        )


@pytest.mark.parametrize("size", [(128, 128), (96, 256), (40, 40), (90, 51), (7, 300)])
@pytest.mark.parametrize("shape", [(320, 180), (180, 320), (33, 33), (1, 50), (50, 1)])
def test_a_frame_shows_all_of_a_picture(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), np.uint8)
    shown = framed(picture, *size)
    assert shown.shape == (2, *size, 3)
    assert shown.dtype == np.uint8
    assert np.array_equal(shown, framed(picture, *size))


def test_a_border_carries_on_the_edges_and_shows_no_ghost() -> None:
    chart = np.full((1, 100, 50, 3), 255, np.uint8)
    chart[:, 20:80, 10:40] = (0, 0, 200)
    wide = framed(chart, 100, 150)
    assert (wide[:, :, :50] == 255).all()
    assert (wide[:, :, 100:] == 255).all()
    assert np.array_equal(wide[:, :, 50:100], chart)


def test_how_a_picture_is_fitted_is_in_the_recipe() -> None:
    plain = Hold(source="b2:" + "0" * 32 + ".png")
    take = make_take(operation="animate", holds=(plain,))
    assert "fit" not in take.to_recipe()["holds"][0]  # as before there was such a thing
    whole = replace(take, holds=(replace(plain, fit="whole"),))
    assert whole.id != take.id
    assert Take.from_recipe(whole.to_recipe()) == whole
    recipe = whole.to_recipe()
    recipe["holds"][0]["fit"] = "squeeze"
    with pytest.raises(SpecError, match="damaged"):
        Take.from_recipe(recipe)


def test_the_option_has_two_words() -> None:
    assert parse("--fit fill animate @photo")[0] == {"fit": "fill"}
    with pytest.raises(SpecError, match="'squeeze' is not a way to fit a picture"):
        parse("--fit squeeze animate @photo")
