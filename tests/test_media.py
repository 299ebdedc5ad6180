"""What is written is what is read: frames, rate, colours, recipe, byte for byte."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from PIL import Image

from nbagent.errors import MediaError, SpecError
from nbagent.media import (
    animated_webp,
    poster,
    poster_jpeg,
    preview_mp4,
    read_recipe,
    read_video,
    static_html,
    write_clip,
    write_video,
)
from nbagent.media.frames import Frames, seam
from nbagent.take import Take
from tests.samples import make_frames, make_noise, make_take, psnr_db


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


RECIPE = make_take(request='ein Ball \u2014 "\u732b" <b> \\ \U0001f680').to_recipe()


@pytest.mark.parametrize(
    ("name", "least_db"),
    [("a.mp4", 35), ("a.webm", 35), ("a.webp", 33), ("a.gif", 28), ("frames", 99)],
)
def test_a_clip_round_trips_through_every_kind(
    tmp_path: Path, name: str, least_db: float
) -> None:
    frames = make_frames()
    write_clip(tmp_path / name, frames, 8.0, RECIPE)
    again, fps = read_video(tmp_path / name)
    assert again.shape == frames.shape
    assert again.dtype == np.uint8
    assert fps == 8.0
    assert psnr_db(frames, again) > least_db
    recipe = read_recipe(tmp_path / name)
    assert recipe is not None
    assert Take.from_recipe(recipe) == Take.from_recipe(RECIPE)
    assert _names(tmp_path) == [name], "a scratch file was left behind"


def test_one_frame_round_trips_as_png(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_clip(path, make_frames(1), 8.0, RECIPE)
    assert psnr_db(make_frames(1), read_video(path)[0]) > 99
    recipe = read_recipe(path)
    assert recipe is not None
    assert recipe["prompt"] == RECIPE["prompt"]
    with pytest.raises(SpecError, match="one frame, not 16: name a folder, like"):
        write_clip(path, make_frames(16), 8.0, None)


@pytest.mark.parametrize("fps", [0.5, 2.6666666666666665, 8, 23.976, 24000 / 1001, 60])
@pytest.mark.parametrize("num_frames", [1, 2, 17])
def test_frames_and_rate_are_exact(tmp_path: Path, fps: float, num_frames: int) -> None:
    for name in ("a.mp4", "a.webm"):
        write_video(tmp_path / name, make_frames(num_frames), fps, None)
        frames, read_fps = read_video(tmp_path / name)
        assert len(frames) == num_frames
        if num_frames > 1:
            assert read_fps == pytest.approx(fps, rel=1e-6)


@pytest.mark.parametrize(
    "color", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]
)
def test_colours_come_back_as_they_were(
    tmp_path: Path, color: tuple[int, int, int]
) -> None:
    # A wrong matrix or range shifts a pure colour by 10 to 40; rounding by 2 or 3.
    frames = np.full((2, 64, 96, 3), color, np.uint8)
    for name in ("a.mp4", "a.webm"):
        write_video(tmp_path / name, frames, 8, None)
        assert np.abs(read_video(tmp_path / name)[0].astype(int) - color).max() <= 3


def test_an_mp4_is_what_a_browser_seeks_well(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, make_frames(30), 8, RECIPE)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "no faststart"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert [context.colorspace, context.color_primaries, context.color_trc] == [
            1
        ] * 3
        assert context.color_range == 1
        frames = list(container.decode(stream))
        assert [frame.time for frame in frames] == [i / 8 for i in range(30)]
        keys = [i for i, frame in enumerate(frames) if frame.key_frame]
        assert max(b - a for a, b in itertools.pairwise([*keys, 30])) <= 12


def test_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    # With B-frames about one encode in 100 differed, hence so many.
    frames = make_frames()
    seen = set()
    for index in range(80):
        path = tmp_path / f"{index}.mp4"
        write_video(path, frames, 333 / 125, RECIPE)
        seen.add(path.read_bytes())
    assert len(seen) == 1
    for name in ("a.webm", "a.gif", "a.webp"):
        write_clip(tmp_path / name, frames, 8, RECIPE)
        before = (tmp_path / name).read_bytes()
        write_clip(tmp_path / name, frames, 8, RECIPE)
        assert (tmp_path / name).read_bytes() == before


def test_a_still_clip_keeps_its_frames_in_video(tmp_path: Path) -> None:
    frames = np.repeat(make_frames(1), 12, axis=0)
    for name in ("a.mp4", "a.webm", "a.gif", "frames"):
        write_clip(tmp_path / name, frames, 8, None)
        assert len(read_video(tmp_path / name)[0]) == 12


def test_frames_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(SpecError, match=r"63x48 has an odd side.*use 64x48"):
        write_video(path, make_frames(2, 48, 63), 8, None)
    with pytest.raises(SpecError, match="no frames"):
        write_video(path, make_frames()[:0], 8, None)
    with pytest.raises(SpecError, match="pass uint8 of shape"):
        write_clip(path, cast("Frames", make_frames() / 255.0), 8, None)
    for fps in (0, -8, float("nan"), float("inf")):
        with pytest.raises(SpecError, match=r"fps .* is out of range"):
            write_video(path, make_frames(), fps, None)
    with pytest.raises(SpecError, match="shorten the prompt"):
        write_video(path, make_frames(), 8, {"prompt": "x" * (1 << 20)})
    with pytest.raises(MediaError, match=r"cannot write '\.avi' files: use \.mp4"):
        write_clip(tmp_path / "a.avi", make_frames(), 8, None)
    assert _names(tmp_path) == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match=r"cannot write .* choose a different place"):
        write_video(tmp_path / "file" / "a.mp4", make_frames(), 8, None)
    with pytest.raises(MediaError, match=r"cannot write .*: make the folder .*nowhere"):
        write_clip(tmp_path / "nowhere" / "a.gif", make_frames(), 8, None)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("")
    with pytest.raises(SpecError, match="is not empty"):
        write_clip(tmp_path / "full", make_frames(), 8, None)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, make_frames(), 8, RECIPE)
    before = path.read_bytes()
    code = """
import resource, signal, sys
from pathlib import Path
from nbagent.errors import MediaError
from nbagent.media import write_clip
from tests.samples import make_noise
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
frames = make_noise(8, 64, 64)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for name in sys.argv[1:]:
    try:
        write_clip(Path(name), frames, 8, None)
    except MediaError as error:
        print(error)
"""
    names = [str(tmp_path / name) for name in ("a.mp4", "a.webm", "a.gif", "a.webp")]
    told = subprocess.run(
        [sys.executable, "-c", code, *names],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert re.findall(r"cannot write .*/(a\.\w+) \(.*make room", told.stdout) == [
        "a.mp4",
        "a.webm",
        "a.gif",
        "a.webp",
    ], told
    assert path.read_bytes() == before
    assert _names(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("suffix", ["mp4", "webm", "gif", "webp", "png"])
def test_a_damaged_file_is_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    frames = make_frames(1 if suffix == "png" else 16)
    with pytest.raises(MediaError, match="there is no file"):
        read_video(path)
    write_clip(path, frames, 8, RECIPE)
    whole = path.read_bytes()
    for data in (b"", b"not a video", os.urandom(4000), whole[: len(whole) // 2]):
        path.write_bytes(data)
        with pytest.raises(MediaError) as caught:
            read_video(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


def test_any_damaged_byte_is_an_error_or_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, make_frames(4), 8, RECIPE)
    whole = bytearray(path.read_bytes())
    for position in range(0, len(whole), len(whole) // 60):
        data = whole.copy()
        data[position] ^= 0xFF
        path.write_bytes(data)
        for read in (read_video, read_recipe):
            with contextlib.suppress(MediaError):
                read(path)


def test_a_file_without_video_or_of_another_kind(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="holds no video"):
        read_video(sound)
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(MediaError, match="neither a film nor a picture: use an mp4"):
        read_video(tmp_path / "a.txt")
    with pytest.raises(MediaError, match="there is no file"):
        read_video(tmp_path / "a.doc")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="holds no png frames"):
        read_video(tmp_path / "empty")


def test_a_playlist_in_disguise_opens_nothing_else(tmp_path: Path) -> None:
    write_video(tmp_path / "real.mp4", make_frames(), 8, None)
    disguised = tmp_path / "a.mp4"
    disguised.write_text("#EXTM3U\n#EXTINF:2,\nreal.mp4\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError, match="damaged, or neither a film nor a picture"):
        read_video(disguised)


def _with_comment(path: Path, comment: str) -> None:
    with av.open(str(path), "w") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=8)
        stream.height = stream.width = 64
        frame = av.VideoFrame.from_ndarray(make_frames(1)[0], format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    "comment",
    [
        '{"recipe_version": 1',
        '{"recipe_version": NaN}',
        '{"recipe_version": 1, "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"recipe_version": 1, "prompt": "' + "x" * (1 << 20) + '"}',
    ],
)
def test_a_damaged_recipe_is_one_line(tmp_path: Path, comment: str) -> None:
    path = tmp_path / "a.mp4"
    _with_comment(path, comment)
    with pytest.raises(MediaError, match=r"the recipe in .* is damaged") as caught:
        read_recipe(path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("comment", ["holiday 2020", "{}", '["recipe_version"]'])
def test_a_comment_that_is_not_ours_is_no_recipe(tmp_path: Path, comment: str) -> None:
    path = tmp_path / "a.mp4"
    _with_comment(path, comment)
    assert read_recipe(path) is None


def test_a_damaged_folder_of_frames_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    write_clip(folder, make_frames(2), 8, RECIPE)
    (folder / "recipe.json").write_text("[[[")
    with pytest.raises(MediaError, match=r"damaged .* remove it"):
        read_video(folder)
    (folder / "recipe.json").write_text(json.dumps([1]))
    assert read_recipe(folder) is None
    Image.new("RGB", (8, 8)).save(folder / "00009.png")
    with pytest.raises(MediaError, match="differ in size"):
        read_video(folder)


def test_a_preview_fits_or_is_none(tmp_path: Path) -> None:
    small = preview_mp4(make_frames(), 8)
    assert small is not None
    assert len(small) < 20_000
    noisy = preview_mp4(make_noise(8, 256, 256), 8)
    assert noisy is not None
    assert len(noisy) <= 300_000
    assert len(preview_mp4(make_noise(24, 256, 256), 8) or b"") <= 1_000_000
    path = tmp_path / "noisy.mp4"
    path.write_bytes(noisy)
    frames, fps = read_video(path)
    assert (len(frames), fps) == (8, 8)
    assert preview_mp4(make_noise(2, 256, 256), 8, 100, 1000) is None


def test_a_preview_of_an_odd_or_wide_clip_keeps_its_shape(tmp_path: Path) -> None:
    data = preview_mp4(make_frames(3, 101, 1403), 8)
    assert data is not None
    path = tmp_path / "wide.mp4"
    path.write_bytes(data)
    assert read_video(path)[0].shape == (3, 46, 640, 3)


def test_a_preview_has_one_key_frame() -> None:
    data = preview_mp4(np.repeat(make_frames()[:1], 48, axis=0), 8)
    assert data is not None
    with av.open(io.BytesIO(data), "r") as film:
        assert sum(frame.key_frame for frame in film.decode(video=0)) == 1


def test_a_poster_weighs_little_on_a_notebook() -> None:
    picture = make_noise(1, 720, 1280)
    kind, data = poster(picture)
    assert kind == "image/jpeg"
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (640, 360))
    drawn = np.full((1, 360, 640, 3), 255, np.uint8)
    drawn[:, 100:200, 50:300] = (0, 114, 178)
    kind, data = poster(drawn)
    assert kind == "image/png"
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == ("PNG", "P")
        assert np.array_equal(np.asarray(image.convert("RGB")), drawn[0])


def test_pictures_of_a_clip() -> None:
    frames = make_frames()
    with Image.open(io.BytesIO(poster_jpeg(frames))) as image:
        assert (image.format, image.size) == ("JPEG", (128, 128))
    with Image.open(io.BytesIO(animated_webp(frames, 8))) as image:
        assert getattr(image, "n_frames", 1) == 16


def test_static_html_survives_the_sanitiser_and_is_the_same_twice() -> None:
    frames = make_frames()
    preview, poster = preview_mp4(frames, 8), poster_jpeg(frames)
    text = static_html(preview, poster, 'c1: "a" <b>')
    assert text == static_html(
        preview_mp4(frames, 8), poster_jpeg(frames), 'c1: "a" <b>'
    )
    assert text.startswith("<video controls autoplay muted loop playsinline")
    assert 'width="240" height="240"' in text
    assert ' src="data:video/mp4;base64,' in text
    assert "<source" not in text
    assert "<b>" not in text
    assert static_html(None, poster).startswith("<img ")


def test_the_seam_of_a_clip_is_its_jump_in_usual_steps() -> None:
    levels = np.array([0, 10, 20, 30], np.uint8)
    ramp = np.broadcast_to(levels[:, None, None, None], (4, 8, 8, 3))
    assert seam(ramp) == pytest.approx(3.0)
    assert seam(np.concatenate([ramp, ramp[-2:0:-1]])) == pytest.approx(1.0)
    assert seam(ramp[:1]) == 1.0
    assert seam(ramp[[0, 0, 0, 3]]) == pytest.approx(3.0)
