"""Pictures in other languages on pocket: one English sentence, and what is not known."""

from __future__ import annotations

import pytest

from nbagent.conversation.foreign import COLUMNS, lexicon, translate
from nbagent.conversation.session import Session
from nbagent.pocket import vocabulary
from nbagent.pocket.nearest import hear
from tests.test_session import say


@pytest.mark.parametrize(
    ("said", "english"),
    [
        ("ein roter Ball am Strand bei Nacht", "a red ball on the beach at night"),
        ("eine Eule fliegt schnell nach links", "an owl flies to the left quickly"),
        ("ein Auto überquert die Wüste", "a car crosses the desert"),
        ("un perro corre por la playa", "a dog runs on the beach"),
        ("un chat dort dans la neige", "a cat in the snow"),
        ("um foguete decola no deserto", "a rocket rises in the desert"),
        ("눈 속에서 펭귄이 천천히 걷는다", "a penguin walks slowly in the snow"),
        ("눈사람이 숲에서 점프한다", "a snowman jumps in the forest"),
        ("一只蓝色的猫在海滩上跳跃", "a blue cat jumps on the beach"),
        ("砂漠でロケットが昇る", "a rocket rises in the desert"),
    ],
)
def test_a_picture_becomes_one_english_sentence(said: str, english: str) -> None:
    found = translate(said)
    assert found is not None
    assert found.english == english


@pytest.mark.parametrize(
    "said",
    [
        "a red ball crosses the beach at sunset",
        "a cat on a table in a taxi",
        "a rose in Paris",
        "der Präsident hält eine Rede im Parlament",
        "어제 회의가 길었다",
        "",
    ],
)
def test_english_and_what_is_about_other_things_stays(said: str) -> None:
    assert translate(said) is None


def test_what_is_not_known_is_told() -> None:
    found = translate("eine Katze spielt Klavier auf der Wiese")
    assert found is not None
    assert found.lost == ("spielt", "klavier")


def test_all_that_the_lexicon_says_is_taught() -> None:
    for column in map(lexicon, range(COLUMNS)):
        for _, kind, english in column:
            if kind != "fillers":
                assert not hear(english).lost, english
                assert hear(english).replaced == (), english


def test_every_actor_has_a_word_in_every_language() -> None:
    for column in map(lexicon, range(COLUMNS)):
        actors = {english for _, kind, english in column if kind == "actors"}
        assert actors == {*vocabulary.EMOJI, *vocabulary.SHAPES}


def test_the_clip_says_how_it_was_read(session: Session) -> None:
    reply = say(session, "ein roter Ball am Strand bei Nacht")
    assert "beach" in reply.takes[0].prompt
    assert reply.takes[0].request == "ein roter Ball am Strand bei Nacht"
    assert any("'a red ball on the beach at night'" in note for note in reply.notes)


def test_a_slip_in_the_pictures_words_is_mended_and_said(session: Session) -> None:
    reply = say(session, "a red bal at sunst")
    assert "ball" in reply.takes[0].prompt
    assert "'bal' is read as 'ball', 'sunst' is read as 'sunset'." in reply.notes


@pytest.mark.parametrize("word", ["coat", "cot", "bat", "planet", "movie", "bell"])
def test_another_word_is_no_slip(word: str) -> None:
    assert hear(f"a {word} on the beach").mended == ()


@pytest.mark.parametrize(
    "said",
    [
        "zwei Szenen: eine Katze im Schnee; ein Hund am Strand",
        "erst eine Katze im Schnee, dann ein Hund am Strand",
        "dos escenas: un gato en la nieve; un perro en la playa",
        "deux scènes : un chat dans la neige ; un chien sur la plage",
        "두 장면: 눈 속의 고양이; 해변의 강아지",
    ],
)
def test_each_scene_of_a_storyboard_is_read(session: Session, said: str) -> None:
    reply = say(session, said)
    cat, dog = (take.prompt for take in reply.takes[:2])
    assert cat.startswith("a cat")
    assert "snow" in cat
    assert dog.startswith(("a dog", "a puppy"))
    assert "beach" in dog
    (note,) = (note for note in reply.notes if "pocket reads English" in note)
    assert "; " in note
