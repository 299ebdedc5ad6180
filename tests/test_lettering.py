"""Texts over frames: where they stand, when, and that they can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features

from nbagent import media
from nbagent.acts import Act, Span
from nbagent.acts.caption import Caption
from nbagent.acts.label import Label
from nbagent.acts.shot import Shot, from_json, to_json
from nbagent.acts.subtitle import Subtitle
from nbagent.acts.text import Kind, Text, colour
from nbagent.acts.title import Title
from nbagent.charts import fonts
from nbagent.charts.lettering import (
    CONTRAST,
    _bounds,
    _least,
    _luminance,
    _placed,
    check,
    lettered,
)
from nbagent.charts.typeset import SAFE, covered, typeset
from nbagent.errors import SpecError
from nbagent.media.subtitles import Cue, apart
from nbagent.take.move import rgb
from tests.samples import make_frames

Frames = NDArray[np.uint8]
HIGH, WIDE = 240, 400


def plain(value: int = 128, num_frames: int = 16) -> Frames:
    return np.full((num_frames, HIGH, WIDE, 3), value, np.uint8)


def busy(num_frames: int = 4) -> Frames:
    """A picture that nothing can be read on."""
    noise = np.random.default_rng(3).integers(0, 256, (20, 33, 3), np.uint8)
    picture = Image.fromarray(noise).resize((WIDE, HIGH), Image.Resampling.BICUBIC)
    return np.stack([np.asarray(picture)] * num_frames)


def drawn(frames: Frames, *texts: Text, fps: float = 8.0) -> Frames:
    return lettered(frames.copy(), fps, texts)


def box(before: Frames, after: Frames) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what differs, in pixels."""
    rows, columns = np.nonzero((before != after).any(axis=(0, 3)))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def title(text: str = "Sales tripled", **more: Any) -> Text:
    return Text(kind="title", text=text, **more)


# Where


@pytest.mark.parametrize(
    ("at", "x", "y"),
    [
        ("top left", 0.0, 0.0),
        ("top", 0.5, 0.0),
        ("right", 1.0, 0.5),
        ("middle", 0.5, 0.5),
        ("bottom left", 0.0, 1.0),
        ("bottom right", 1.0, 1.0),
    ],
)
def test_a_place_is_at_the_edge_of_the_safe_area(at: Any, x: float, y: float) -> None:
    left, top, right, bottom = box(plain(), drawn(plain(), title("Box", at=at)))
    margins = SAFE * WIDE, SAFE * HIGH
    assert left >= margins[0] - 1
    assert right <= WIDE - margins[0] + 1
    assert top >= margins[1] - 1
    assert bottom <= HIGH - margins[1] + 1
    near = 8  # a letter's own side bearing, and what a line has below its base
    across = (left - margins[0], (left + right - WIDE) / 2, WIDE - margins[0] - right)
    down = (top - margins[1], (top + bottom - HIGH) / 2, HIGH - margins[1] - bottom)
    assert abs(across[round(2 * x)]) < near
    assert abs(down[round(2 * y)]) < near


def test_a_point_is_the_middle_of_a_text_and_never_takes_it_out_of_the_picture() -> (
    None
):
    left, top, right, bottom = box(plain(), drawn(plain(), title("Box", x=0.3, y=0.6)))
    assert (left + right) / 2 == pytest.approx(0.3 * WIDE, abs=2)
    assert (top + bottom) / 2 == pytest.approx(0.6 * HIGH, abs=4)
    left, top, *_ = box(plain(), drawn(plain(), title("Box", x=0.0, y=0.0)))
    assert left >= SAFE * WIDE - 1
    assert top >= SAFE * HIGH - 1


def test_a_size_is_a_share_of_the_shorter_side_and_a_scale_is_of_that() -> None:
    def height(text: Text, size: tuple[int, int]) -> float:
        return typeset(text, *size).px

    assert height(title(size=0.2), (HIGH, WIDE)) == 0.2 * HIGH
    assert height(title(size=0.2), (WIDE, HIGH)) == 0.2 * HIGH
    assert height(title("Go", size=0.2, scale=1.5), (HIGH, WIDE)) == pytest.approx(72)
    assert height(title(), (720, 1280)) == 72
    small = Text(kind="caption", text="Go")
    assert height(small, (128, 128)) == 10  # less could not be read
    assert height(replace(small, scale=1.3), (128, 128)) == 13


def test_a_long_text_is_broken_into_lines_of_about_one_length() -> None:
    block = typeset(title("the quick brown fox jumps over the lazy dog"), HIGH, WIDE)
    widths = [line.width for line in block.lines]
    assert len(widths) == 2
    assert max(widths) <= WIDE * (1 - 2 * SAFE)
    assert min(widths) > 0.75 * max(widths)
    lines = typeset(title("one\ntwo words"), HIGH, WIDE).lines
    assert [line.text for line in lines] == ["one", "two words"]
    word = typeset(Text(kind="caption", text="m" * 90), HIGH, WIDE)
    assert "".join(line.text for line in word.lines) == "m" * 90


def test_a_name_stands_above_what_somebody_is() -> None:
    block = typeset(Text(kind="lower third", text="Ada\nEngineer"), HIGH, WIDE)
    assert [line.text for line in block.lines] == ["Ada", "Engineer"]
    assert block.lines[1].px < block.lines[0].px


def test_texts_at_one_place_stand_above_each_other_unless_they_are_not_there_at_once() -> (
    None
):
    first = Text(kind="caption", text="Source", end_s=1.0)
    one = box(plain(), drawn(plain(), first))
    both = box(plain(), drawn(plain(), first, Text(kind="subtitle", text="Hello")))
    assert both[1] < one[1] - 10
    later = Text(kind="subtitle", text="Hello", start_s=1.0)
    apart_ = box(plain(), drawn(plain(), first, later))
    assert apart_[1] > one[1] - 6


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (title("word " * 150), "does not fit into 400x240"),
        (title("m" * 30, size=0.6), "does not fit into 400x240"),
        (title("Sales 销售"), r"DejaVu Sans has no '销' \(U\+9500\), '售'"),
        (title("x", font="No Such Font"), "this machine has no font 'No Such Font'"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(text: Text, says: str) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        check([text], HIGH, WIDE)
    assert "\n" not in str(caught.value)
    with pytest.raises(SpecError):
        drawn(plain(), text)


def test_there_is_no_room_for_any_number_of_texts() -> None:
    many = [Text(kind="label", text=f"number {n}") for n in range(20)]
    with pytest.raises(SpecError, match="no room left beside the other texts"):
        check(many, HIGH, WIDE)


# When


def shown(*texts: Text, num_frames: int = 16) -> list[bool]:
    before = plain(num_frames=num_frames)
    after = drawn(before, *texts)
    return [bool((a != b).any()) for a, b in zip(before, after, strict=True)]


def test_a_text_is_there_in_its_time_and_the_other_frames_keep_their_pixels() -> None:
    assert all(shown(title()))
    assert shown(title(start_s=0.5, end_s=1.0)) == [4 <= n < 8 for n in range(16)]
    assert shown(title(start_s=1.5)) == [n >= 12 for n in range(16)]
    assert not any(shown(title(start_s=3.0)))
    assert not any(shown(title(track=True)))


def test_a_text_comes_and_goes_gently_but_not_at_the_clips_own_ends() -> None:
    def strength(text: Text) -> list[int]:
        after = drawn(plain(0), text).astype(int)
        return [int(frame.max()) for frame in after]

    whole = strength(title())
    assert len(set(whole)) == 1
    part = strength(title(start_s=0.5, end_s=1.5))
    assert part[4] < part[6] == part[9] > part[11]
    faded = strength(title(fade_s=1.0))
    assert faded == sorted(faded[:8]) + sorted(faded[8:], reverse=True)
    assert faded[0] == faded[-1] < 40


# How


def test_the_same_texts_give_the_same_pixels() -> None:
    texts = title(), Text(kind="lower third", text="Ada\nEngineer")
    assert np.array_equal(drawn(busy(), *texts), drawn(busy(), *texts))


@pytest.mark.parametrize("kind", ["title", "caption", "label", "lower third"])
@pytest.mark.parametrize("color", ["", "#ff8800", "#2040c0", "#808080"])
@pytest.mark.parametrize("plate", [None, False])
def test_letters_stand_out_from_what_lies_around_them(
    kind: Kind, color: str, plate: bool | None
) -> None:
    text = Text(kind=kind, text="Hum", color=color, at="middle", plate=plate, size=0.2)
    (one,) = _placed([text], HIGH, WIDE)
    pad = one.block.pad
    letters = covered(one.block, one.align)[pad:-pad, pad:-pad]
    rows = slice(one.top, one.top + letters.shape[0])
    columns = slice(one.left, one.left + letters.shape[1])
    for frames in (plain(255, 2), plain(0, 2), plain(120, 2), busy(2)):
        inner = drawn(frames, text)[0, rows, columns]
        inks = np.unique(inner[letters > 0.999], axis=0)
        assert np.ptp(inks.astype(int), axis=0).max() <= 1  # of one colour
        if color:
            assert np.abs(inks[0] - np.array(rgb(color), int)).max() <= 1
        ring = inner[_near(letters > 0, 2) & (letters == 0)]
        ink = float(_luminance(inks[:1])[0])
        assert _least(ink, _bounds(ring, 0.05)) >= 0.9 * CONTRAST


def _near(mask: NDArray[np.bool_], far: int) -> NDArray[np.bool_]:
    """Return where a mask is not further away than so many pixels."""
    padded = np.pad(mask, far)
    high, wide = mask.shape
    steps = range(2 * far + 1)
    grown = [padded[y : y + high, x : x + wide] for y in steps for x in steps]
    near: NDArray[np.bool_] = np.any(grown, axis=0)
    return near


def test_a_text_needs_no_plate_where_it_can_be_read() -> None:
    for value, ink in ((255, 16), (0, 255)):
        after = drawn(plain(value, 1), title())
        assert set(np.unique(after)) <= {*range(min(value, ink), max(value, ink) + 1)}
        assert (after == value).mean() > 0.8
    with_plate = drawn(plain(0, 1), title(plate=True, color="#000000"))
    assert (with_plate > 100).mean() > 0.03


def test_a_script_runs_as_it_is_written() -> None:
    assert fonts.direction("שלום Berlin") == "rtl"
    assert fonts.direction("123 Berlin שלום") == "ltr"
    if not features.check("raqm"):
        pytest.skip("Pillow has no Raqm here")
    text = title("مرحبا")  # its letters join: they are narrower than by themselves
    joined = typeset(text, HIGH, WIDE).lines[0].width
    alone = sum(typeset(title(char), HIGH, WIDE).lines[0].width for char in text.text)
    assert joined < 0.95 * alone
    one, two = (typeset(title(word), HIGH, WIDE).lines[0] for word in ("é", "e\u0301"))
    assert one.width == pytest.approx(two.width, rel=0.01)


def test_a_font_is_named_or_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fonts.face("", "abc").path.name == "DejaVuSans.ttf"
    assert fonts.face("", "abc", is_bold=True).path.name == "DejaVuSans-Bold.ttf"
    assert fonts.face("serif", "abc").path.name == "DejaVuSerif.ttf"
    assert fonts.missing("a\u200d\ufe0f\tß😀", fonts.face("", "a")) == ""
    assert fonts.substitute("abc") == ""
    only = next(char for char in map(chr, range(0x600, 0x6FF)) if _in_sans_alone(char))
    assert fonts.substitute(only, "serif") == "sans"
    fonts._searched.cache_clear()
    monkeypatch.setattr(fonts, "_listed", lambda: ())
    assert fonts.substitute("销") == ""
    fonts._searched.cache_clear()


def _in_sans_alone(char: str) -> bool:
    sans, serif = (fonts._own(name)[0] for name in ("sans", "serif"))
    return not fonts.missing(char, sans) and bool(fonts.missing(char, serif))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("light green", "#90ee90"),
        ("#F80", "#ff8800"),
        ("terracotta", "#ca6641"),
        ("golden", "#ffd700"),
    ],
)
def test_a_colour_is_known_by_its_name(said: str, code: str) -> None:
    assert colour(said) == code
    assert Title.of_call("x", color=said).change(Shot(core=""), 2.0).texts[0].color


# As acts


def over(*acts: Act, clip_s: float = 2.0) -> tuple[Text, ...]:
    shot = Shot(core="a cat")
    for act in acts:
        shot = act.change(shot, clip_s)
    assert from_json(to_json(shot)) == shot
    return shot.texts


def test_words_take_the_place_of_those_that_were_there_and_keep_their_look() -> None:
    first = Title.of_call("Sales", at="bottom", color="red")
    (text,) = over(first, Title.of_call("Profit"))
    assert (text.text, text.at, text.color) == ("Profit", "bottom", "#ff0000")
    (text,) = over(first, Title.of_call(at=(0.2, 0.3)))
    assert (text.at, text.x, text.y) == (None, 0.2, 0.3)
    (text,) = over(first, Title.of_call(scale=1.5), Title.of_call(scale=2))
    assert text.scale == 3
    (text,) = over(first, Title.of_call(scale=1.5), Title.of_call(size=0.2))
    assert (text.size, text.scale) == (0.2, 1)
    assert over(first, Title.of_call(remove=True)) == ()


def test_what_is_said_at_different_times_is_several_texts() -> None:
    one = Subtitle.of_call("Yes.", start=0, seconds=0.5)
    other = Subtitle.of_call("No.", start=1, seconds=0.5)
    assert [text.text for text in over(one, other)] == ["Yes.", "No."]
    again = Subtitle.of_call("Perhaps.", start=1.2, seconds=0.5)
    assert [text.text for text in over(one, other, again)] == ["Yes.", "Perhaps."]
    named = Subtitle.of_call("Maybe.", which="yes")
    assert [text.text for text in over(one, other, named)] == ["Maybe.", "No."]
    labels = over(Label.of_call("A", at=(0.2, 0.2)), Label.of_call("B"))
    assert [text.text for text in labels] == ["A", "B"]
    (end,) = over(Title.of_call("The end", start=1.5))
    assert (end.start_s, end.end_s) == (1.5, None)
    (last,) = over(Title(text="The end", span=Span(start=-0.5)))
    assert (last.start_s, last.end_s) == (1.5, None)


@pytest.mark.parametrize(
    ("acts", "says"),
    [
        (
            [Title.of_call(scale=2)],
            "the clip has no title: say what it says, like title",
        ),
        ([Caption.of_call("a"), Title.of_call(remove=True)], "no title, but caption: "),
        ([Title.of_call("a"), Title.of_call("b", which="c")], "no title says 'c'"),
        ([Title.of_call("a", start=3)], "is not inside the clip: it lasts 2 s"),
        (
            [Title(text="a", span="the good bit")],
            "is not a time that I know",
        ),
    ],
)
def test_an_act_that_cannot_be_is_one_line(acts: list[Act], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        over(*acts)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("a title", "is not a text over a clip"),
        (
            {"kind": "poem", "text": "a"},
            "'poem' at None is unknown: use title, caption",
        ),
        ({"kind": "title"}, "a text over a clip has no words"),
        ({"kind": "title", "text": "a", "x": "b", "y": 1}, "a text's x cannot be 'b'"),
        ({"kind": "title", "text": "a", "x": float("nan"), "y": 1}, "x cannot be nan"),
        (
            {"kind": "title", "text": "a", "start_s": 2, "end_s": 1},
            "end must come after its start",
        ),
        ({"kind": "title", "text": "a" * 1001}, "1001 characters are more than a pict"),
    ],
)
def test_a_recipe_of_somebody_is_checked(data: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        Text.from_json(data)
    with pytest.raises(SpecError):
        from_json({"core": "a cat", "texts": [data]})


# Tracks


def test_a_track_is_in_the_mp4_and_in_the_page(tmp_path: Path) -> None:
    cues = [Cue(0.5, 1.0, "Grüß {Gott}\n<b>"), Cue(0.75, 1.5, "two")]
    path = tmp_path / "a.mp4"
    media.write_clip(path, make_frames(16, 64, 64), 8, None, cues)
    whole = path.read_bytes()
    media.write_clip(path, make_frames(16, 64, 64), 8, None, cues)
    assert path.read_bytes() == whole
    with av.open(str(path)) as file:
        (track,) = file.streams.subtitles
        assert track.codec_context.name == "mov_text"
        found = [
            (packet.pts / 1000, bytes(packet)[2:].decode())
            for packet in file.demux(track)
            if packet.size > 2 and packet.pts is not None
        ]
    assert found == [
        (0.5, "Grüß {Gott}\n<b>"),
        (0.75, "Grüß {Gott}\n<b>\ntwo"),
        (1.0, "two"),
    ]
    frames, fps = media.read_video(path)
    assert (len(frames), fps) == (16, 8)
    assert "00:00:00.500 --> 00:00:01.000\nGrüß {Gott}\n&lt;b&gt;\n" in media.webvtt(
        cues
    )
    page = media.share_page(None, media.poster_jpeg(frames), "c1", ["x"], None, 8, cues)
    assert "<track" not in page  # a picture has none
    page = media.share_page(
        whole, media.poster_jpeg(frames), "c1", ["x"], None, 8, cues
    )
    assert (
        '<track default kind="subtitles" label="Subtitles" src="data:text/vtt' in page
    )


def test_cues_that_are_there_at_once_share_one() -> None:
    assert apart([Cue(0, 1, "a"), Cue(2, 3, "b")]) == (Cue(0, 1, "a"), Cue(2, 3, "b"))
    assert [cue.text for cue in apart([Cue(0, 3, "a"), Cue(1, 2, "b")])] == [
        *("a", "a\nb", "a")
    ]
