"""Texts as a layer of a clip: they stay when it changes, and change without a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from nbagent.acts.caption import Caption
from nbagent.acts.extend import Extend
from nbagent.acts.join import Join
from nbagent.acts.lower_third import LowerThird
from nbagent.acts.mirror import Mirror
from nbagent.acts.plan import Plan
from nbagent.acts.speed import Speed
from nbagent.acts.subtitle import Subtitle
from nbagent.acts.text import Text, texts_of
from nbagent.acts.time import Time
from nbagent.acts.title import Title
from nbagent.acts.trim import Trim
from nbagent.charts.lettering import lettered
from nbagent.conversation import answers
from nbagent.conversation.clip import Clip
from nbagent.conversation.record import Record
from nbagent.conversation.recuts import derive
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.measure.workbench import Workbench
from nbagent.take import Take
from tests.test_ground import NIGHT_LEFT, Chain
from tests.test_session import say, store

SALES = Title.of_call("Sales tripled", at="bottom")
CODEC = 4.0  # levels of 255 that an mp4 may cost, on average

Frames = NDArray[np.int64]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    made = Chain(tmp_path_factory.mktemp("texts") / ".nbagent")
    yield made
    made.bench.ledger.close()


@pytest.fixture
def fresh(chain: Chain) -> Chain:
    del chain.takes[1:]
    return chain


def below(chain: Chain, take: Take) -> Frames:
    """Return the frames of a take without its texts."""
    artifact = chain.bench.ledger.bare(take.id)
    assert artifact is not None
    assert artifact.video is not None
    from nbagent.media import read_video

    return read_video(chain.bench.ledger.path(artifact.video))[0].astype(np.int64)


def is_over(chain: Chain, take: Take, frames: Frames) -> bool:
    """Whether a clip is frames with its texts over them, and nothing else."""
    artifact = chain.bench.ledger.artifact(take.id)
    assert artifact is not None
    wanted = lettered(frames.astype(np.uint8), artifact.fps, texts_of(take))
    shown = chain.frames(take)
    return shown.shape == wanted.shape and float(abs(shown - wanted).mean()) < CODEC


def test_a_text_is_drawn_over_the_frames_that_are_there(fresh: Chain) -> None:
    first = fresh.takes[0]
    titled = fresh.refine(SALES)
    assert (titled.operation, titled.parents) == ("derive", (first.id,))
    assert titled.prompt == first.prompt
    assert is_over(fresh, titled, fresh.frames(first))
    assert not np.array_equal(fresh.frames(titled), fresh.frames(first))
    assert Take.from_recipe(json.loads(json.dumps(titled.to_recipe()))) == titled
    assert answers.edge(first, titled) == ['title: "Sales tripled", at the bottom']


def test_a_change_of_a_text_changes_that_and_nothing_else(fresh: Chain) -> None:
    clean = fresh.frames(fresh.takes[0])
    fresh.refine(SALES)
    for act in (
        Title.of_call(scale=1.3),
        Title.of_call("Profit"),
        Caption.of_call("x"),
    ):
        take = fresh.refine(act)
        assert take.operation == "derive"
        # Always of the first clip's own frames: nothing is drawn on what was drawn.
        assert np.array_equal(below(fresh, take), clean)
        assert is_over(fresh, take, clean)
    bare = fresh.refine(Title.of_call(remove=True), Caption.of_call(remove=True))
    assert texts_of(bare) == ()
    assert float(abs(fresh.frames(bare) - clean).mean()) < CODEC
    said = answers.edge(fresh.takes[-2], bare)
    assert said == ['\N{MINUS SIGN} caption: "x"', '\N{MINUS SIGN} title: "Profit"']


def test_texts_stay_on_top_when_the_clip_below_is_made_anew(fresh: Chain) -> None:
    fresh.refine(SALES)
    night = fresh.refine(Time(time="at night"))
    assert night.operation == "remix"
    assert texts_of(night) == texts_of(fresh.takes[1])
    assert is_over(fresh, night, below(fresh, night))
    again = fresh.refine(Title.of_call("At night"))
    assert again.operation == "derive"
    assert np.array_equal(below(fresh, again), below(fresh, night))
    day = fresh.refine(Time(time="by day"), Title.of_call("By day"))
    assert day.operation == "remix"
    assert [text.text for text in texts_of(day)] == ["By day"]


def test_cuts_go_below_the_texts(fresh: Chain) -> None:
    titled = fresh.refine(SALES)
    clean = fresh.frames(fresh.takes[0])
    mirrored = fresh.refine(Mirror())
    assert float(abs(below(fresh, mirrored) - clean[:, :, ::-1]).mean()) < CODEC
    assert is_over(fresh, mirrored, clean[:, :, ::-1])
    slow = fresh.refine(Speed(factor=0.5))
    assert texts_of(slow) == texts_of(titled)
    last = fresh.refine(Trim(drop_first_s=1.0), Title.of_call(start=2.0))
    assert texts_of(last)[0].start_s == 2.0
    assert is_over(fresh, last, below(fresh, last))


def test_a_part_that_was_changed_by_itself_lies_below_the_texts(fresh: Chain) -> None:
    fresh.refine(SALES)
    half = fresh.refine(NIGHT_LEFT)
    assert half.operation == "inpaint"
    assert is_over(fresh, half, below(fresh, half))
    right = below(fresh, half)[:, :, 128:] - fresh.frames(fresh.takes[0])[:, :, 128:]
    assert float(abs(right).mean()) < CODEC  # no letter was held
    sunset = fresh.refine(Time(time="at dawn"))
    assert texts_of(sunset) == texts_of(half)
    assert not any(part.is_lettered for part in fresh.composed.parts)
    fresh.refine(Title.of_call(remove=True))
    assert not fresh.takes[-1].is_lettered


def test_what_goes_on_from_a_clip_goes_on_from_what_lies_below(fresh: Chain) -> None:
    fresh.refine(SALES)
    longer = fresh.refine(Extend(by_s=1.0))
    assert longer.operation == "extend"
    clean = fresh.frames(fresh.takes[0])
    held = below(fresh, longer)[: len(clean)]
    assert float(abs(held - clean).mean()) < CODEC
    assert is_over(fresh, longer, below(fresh, longer))


def test_joined_clips_are_shown_with_their_texts(fresh: Chain) -> None:
    titled = fresh.refine(SALES)
    plan = Plan(intent="refine", targets=("c1",), acts=(Join(others=("c2",)),))
    whole = fresh.make(plan)
    frames = np.concatenate([fresh.frames(fresh.takes[0]), fresh.frames(titled)])
    assert float(abs(fresh.frames(whole) - frames).mean()) < CODEC
    over = fresh.make(
        Plan(intent="refine", targets=("c3",), acts=(Caption.of_call("Both"),))
    )
    assert is_over(fresh, over, fresh.frames(whole))


def test_a_recipe_is_drawn_to_the_same_frames_elsewhere(
    fresh: Chain, tmp_path: Path
) -> None:
    fresh.refine(SALES)
    night = fresh.refine(Time(time="at night"))
    bigger = fresh.refine(Title.of_call(scale=1.4))
    again = Workbench(tmp_path / "again")
    for take in fresh.takes:
        again.ledger.add_take(Take.from_recipe(take.to_recipe()))
    assert np.array_equal(fresh.frames(night), again.frames(night))
    derive(again.ledger, bigger)
    assert np.array_equal(fresh.frames(bigger), again.frames(bigger))
    again.ledger.close()


def test_a_clip_that_is_removed_leaves_nothing_below_it(tmp_path: Path) -> None:
    chain = Chain(tmp_path / ".nbagent")
    chain.refine(SALES)
    night = chain.refine(Time(time="at night"))
    ledger = chain.bench.ledger
    files = {one.name for one in ledger.folder.rglob("*") if one.is_file()}
    ledger.add_clip("nb", ledger.turns.add("nb", "at night", None, {}).id, night.id)
    artifact, under = ledger.artifact(night.id), ledger.bare(night.id)
    assert artifact is not None
    assert under is not None
    assert under != artifact
    ledger.remove_clip("nb", "c1")
    assert ledger.artifact(night.id) is None
    assert ledger.bare(night.id) is None
    left = {one.name for one in ledger.folder.rglob("*") if one.is_file()}
    assert len(files - left) == 5  # two films, two posters, and the latents of both
    ledger.close()


# In a conversation


@pytest.fixture
def beach(session: Session) -> Session:
    store(session, say(session, "a red ball on the beach"))
    return session


def only(reply: Any) -> Take:
    (take,) = reply.takes
    assert isinstance(take, Take)
    return take


def made(session: Session, words: str) -> Take:
    """Return the take of a turn, made as far as no model is needed."""
    reply = say(session, words)
    assert reply.answer is None, reply.answer
    session.render(reply)
    take = only(reply)
    if take.operation == "derive":
        derive(session.ledger, take)
    return take


def record(session: Session) -> Record:
    return Record(ledger=session.ledger, conversation=session.settings.conversation)


def said(take: Take) -> list[str]:
    return [text.says() for text in texts_of(take)]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ('add a title "Sales tripled"', 'title: "Sales tripled"'),
        ("Titel „Umsatz verdreifacht“ unten", 'title: "Umsatz verdreifacht", at the b'),
        ('caption "Source: ECB" for one second', 'caption: "Source: ECB", 0 s to 1 s'),
        ('lower third "Ada" "Engineer"', 'lower third: "Ada / Engineer"'),
        (
            'label "here" at the top right, in red',
            'label: "here", at the top right, #ff',
        ),
        ('subtitle "Hm." from 1 s to 2 s', 'subtitle: "Hm.", 1 s to'),
    ],
)
def test_a_turn_puts_a_text_over_the_latest_clip(
    beach: Session, words: str, text: str
) -> None:
    take = made(beach, words)
    assert take.operation == "derive"
    assert said(take)[0].startswith(text)


def test_a_text_is_refined_in_words(beach: Session) -> None:
    made(beach, 'title "Sales tripled"')
    assert said(made(beach, "bigger")) == ['title: "Sales tripled", 1.3 times as large']
    assert "at the bottom" in said(made(beach, "at the bottom"))[0]
    assert said(made(beach, 'change the title to "Profit"'))[0].startswith(
        'title: "Profit", at the bottom, 1.3'
    )
    assert "#0000ff" in said(made(beach, "make the title blue"))[0]
    both = made(beach, 'add a caption "Source: ECB", small')
    assert len(said(both)) == 2
    assert said(made(beach, "remove the title")) == [
        'caption: "Source: ECB", 0.769 times as large'
    ]
    reply = say(beach, "undo")
    assert reply.shows == ("c7",)
    assert len(beach.clip("c7").texts) == 2


def test_a_text_beside_something_else_is_one_turn(beach: Session) -> None:
    take = only(say(beach, 'at night, and add a title "Go" at the bottom'))
    assert take.operation == "remix"
    assert said(take) == ['title: "Go", at the bottom']
    assert "night" in take.prompt
    new = only(say(beach, 'a cat runs in the forest, title "Cats"'))
    assert (new.operation, new.parents) == ("generate", ())
    assert said(new) == ['title: "Cats"']
    reply = say(beach, 'add a nice title "Go"')
    assert any("nice" in note for note in reply.notes)


def test_a_storyboards_text_lies_over_all_of_it(beach: Session) -> None:
    words = 'two scenes: a cat on the beach; a dog in the forest, and title "Pets"'
    reply = say(beach, words)
    *scenes, whole = reply.takes
    assert whole.operation == "join"
    assert [said(one) for one in (*scenes, whole)] == [[], [], ['title: "Pets"']]
    store(beach, reply)
    again = say(beach, "at night").takes
    assert said(again[-1]) == ['title: "Pets"']
    assert not any(map(said, again[:-1]))


def test_lineage_and_facts_name_a_text(beach: Session) -> None:
    made(beach, 'title "Sales tripled"')
    assert 'title: "Sales tripled"' in record(beach).facts("c2")
    told = say(beach, "what changed between c1 and c2?").answer
    assert told is not None
    assert 'texts: none -> title: "Sales tripled"' in told
    dry = say(beach, 'title "More"', dry_run=True).answer
    assert dry is not None
    assert 'then title: "More"' in dry


def test_what_cannot_be_drawn_is_said_before_anything_runs(
    beach: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbagent.charts import fonts

    monkeypatch.setattr(fonts, "_searched", lambda _letters: "")
    with pytest.raises(SpecError, match=r"has no '销'.*name a font that has them"):
        say(beach, 'title "销售"')
    with pytest.raises(SpecError, match="does not fit into 256x256"):
        say(beach, f'title "{"long " * 150}"')
    assert len(beach.rows()) == 1


def test_another_font_is_taken_where_one_lacks_a_letter(beach: Session) -> None:
    act = Title.of_call("مرحبا بكم", font="serif")
    reply = beach.hear("", {}, target=beach.clip("c1"), acts=(act,))
    assert texts_of(only(reply))[0].font == "sans"
    (note,) = (note for note in reply.notes if "has no" in note)
    assert note.startswith("the font DejaVu Serif has no 'م' (U+0645)")
    assert note.endswith("the title uses sans instead.")


def test_a_text_that_is_not_there_cannot_change(beach: Session) -> None:
    made(beach, 'title "Sales"')
    with pytest.raises(SpecError, match="the clip has no caption, but title"):
        beach.hear("", {}, target=beach.clip("c2"), acts=(Caption.of_call(scale=2),))


def test_a_text_after_the_end_is_said(beach: Session) -> None:
    made(beach, 'title "Sales tripled" from 1.5 s to 2 s')
    reply = beach.hear("", {}, target=beach.clip("c2"), acts=(Trim(drop_last_s=1.0),))
    assert any(
        "after the clip's end (1 s), so it is never seen" in n for n in reply.notes
    )


# Files


def test_a_track_travels_with_its_clip(beach: Session, tmp_path: Path) -> None:
    acts = (Subtitle.of_call("Good morning", start=0.5, seconds=1.0, track=True),)
    reply = beach.hear("", {}, target=beach.clip("c1"), acts=acts)
    beach.render(reply)
    derive(beach.ledger, only(reply))
    clip = beach.clip("c2")
    assert float(abs(clip.frames.astype(int) - beach.clip("c1").frames).mean()) < CODEC
    saved = clip.save(tmp_path / "c2.mp4")
    with av.open(str(saved)) as file:
        assert [s.codec_context.name for s in file.streams.subtitles] == ["mov_text"]
    page = clip.save(tmp_path / "c2.html").read_text()
    assert "<track default" in page
    gif = Clip.open(clip.save(tmp_path / "c2.gif"))  # which has no tracks: drawn
    assert abs(gif.frames[6].astype(int) - clip.frames[6]).max() > 60
    assert abs(gif.frames[0].astype(int) - clip.frames[0]).max() < 60


def test_a_file_with_a_text_is_opened_as_it_is(beach: Session, tmp_path: Path) -> None:
    made(beach, 'title "Sales tripled"')
    path = beach.clip("c2").save(tmp_path / "a.mp4")
    film = Clip.open(path)
    assert film.texts == (Text(kind="title", text="Sales tripled"),)
    reply = beach.hear("play @film backwards", {}, values={"film": film})
    take = only(reply)
    assert not take.is_lettered  # its letters are of its frames
    beach.render(reply)
    derive(beach.ledger, take)
    night = only(beach.hear("@film at night", {}, values={"film": film}))
    assert night.is_lettered == (night.operation == "remix")


def test_python_asks_for_it(beach: Session) -> None:
    clip = beach.clip("c1")
    asked: list[Any] = []
    clip._remixer = lambda _clip, acts, **_options: asked.append(acts)  # type: ignore[assignment]
    clip.title("Sales", at="bottom", size=0.1, start=0.5, seconds=1)
    clip.lower_third("Ada\nEngineer", fade=0.5)
    clip.subtitle("Hm.", span=(0, 1), track=True)
    (title,), (third,), (subtitle,) = asked
    assert (title.at, title.size, str(title.span)) == ("bottom", 0.1, "0.5 s to 1.5 s")
    assert (type(third), third.fade) == (LowerThird, 0.5)
    assert (subtitle.track, str(subtitle.span)) == (True, "0 s to 1 s")
    assert "seconds: How long it is there." in (getattr(Clip, Title.kind).__doc__ or "")
    with pytest.raises(SpecError, match="is not a place: use one like 'bottom'"):
        clip.title("x", at=3)
