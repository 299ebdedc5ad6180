"""Films that people bring: what a player shows of them is what is read."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from nbagent.errors import MediaError, SpecError
from nbagent.media import read_media, read_video, write_video
from nbagent.media.footage import MAX_BYTES
from nbagent.media.pace import constant
from tests.samples import make_frames

RED = (200, 60, 30)


def encode(
    path: Path,
    frames: Sequence[VideoFrame],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times_s: Sequence[float] | None = None,
    fps: int = 10,
    muxer: str | None = None,
    options: dict[str, str] | None = None,
    **settings: Any,
) -> Path:
    """Write frames as another program would; `settings` are of the codec's context."""
    with av.open(str(path), "w", format=muxer) as out:
        stream = out.add_stream(codec, rate=fps, options=options or {})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = pixels
        if times_s is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        for index, frame in enumerate(frames):
            if times_s is None:
                frame.pts, frame.time_base = index, Fraction(1, fps)
            else:
                frame.pts, frame.time_base = (
                    round(times_s[index] * 1000),
                    Fraction(1, 1000),
                )
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def shades(count: int, height: int = 48, width: int = 64) -> list[VideoFrame]:
    """Return grey frames, each lighter than the one before it."""
    step = 200 // count
    return [flat((20 + step * i,) * 3, height, width) for i in range(count)]


def flat(colour: Sequence[int], height: int = 48, width: int = 64) -> VideoFrame:
    return VideoFrame.from_ndarray(
        np.full((height, width, 3), colour, np.uint8), format="rgb24"
    )


def levels(frames: np.ndarray) -> list[int]:
    """Return which of `shades(10)` each frame is."""
    return [round((float(frame.mean()) - 20) / 20) for frame in frames]


# Times


def test_a_variable_rate_becomes_a_constant_one_and_that_is_said(
    tmp_path: Path,
) -> None:
    times = [0, 0.1, 0.2, 0.3, 0.4, 2.0, 2.1, 2.2, 2.3, 2.4]
    path = encode(tmp_path / "a.mp4", shades(10), times_s=times)
    read = read_media(path)
    assert read.fps == pytest.approx(10, rel=0.02)
    assert len(read.frames) / read.fps == pytest.approx(2.5, abs=0.06)
    assert levels(read.frames[[0, 1, 4, 10, 19, 20, 24]]) == [0, 1, 4, 4, 4, 5, 9]
    assert read.notes == (f"variable frame rate, read at {read.fps:g} fps",)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv"])
def test_a_recording_that_begins_late_or_jitters_loses_no_frame(
    tmp_path: Path, name: str
) -> None:
    times = [5 + i / 10 + 0.02 * (i % 3 - 1) for i in range(10)]
    codec = "libvpx" if name == "a.webm" else "libx264"
    path = encode(tmp_path / name, shades(10), times_s=times, codec=codec)
    read = read_media(path)
    assert levels(read.frames) == list(range(10))
    assert read.fps == pytest.approx(10, rel=0.05)
    assert read.notes == ()


def test_a_browsers_recording_lasts_as_long_as_it_did(tmp_path: Path) -> None:
    """Chromium's MediaRecorder states no length, no rate and no duration of a frame."""
    times = [0.04 * i for i in range(10)]
    path = encode(
        tmp_path / "a.webm", shades(10), times_s=times, codec="libvpx", fps=25
    )
    data = path.read_bytes()
    at = data.index(b"\x44\x89\x88")  # the duration's id and size
    path.write_bytes(
        data[:at] + b"\xec\x89" + data[at + 2 :].replace(b"DURATION", b"DURATIOX")
    )
    read = read_media(path)
    assert len(read.frames) == 10
    assert read.fps == pytest.approx(25)


def test_what_an_edit_list_hides_is_not_read(tmp_path: Path) -> None:
    whole = encode(tmp_path / "a.mp4", shades(10), options={"g": "5", "bf": "0"})
    path = tmp_path / "trimmed.mp4"
    with av.open(str(whole)) as source, av.open(str(path), "w") as out:
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        assert stream.time_base is not None
        shift = int(Fraction(7, 10) / stream.time_base)
        for packet in source.demux(stream):
            if packet.pts is None or packet.pts < int(0.5 / stream.time_base):
                continue
            assert packet.dts is not None
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = copy
            out.mux(packet)
    assert levels(read_video(path)[0]) == [7, 8, 9]


def test_a_part_of_a_film_is_read_alone(tmp_path: Path) -> None:
    options = {"g": "4"}
    path = encode(tmp_path / "a.mp4", shades(10), options=options)
    assert levels(read_media(path, start_s=0.35, end_s=0.7).frames) == [3, 4, 5, 6]
    assert levels(read_media(path, start_s=0.5).frames) == [5, 6, 7, 8, 9]
    slow = read_media(path, fps=5)
    assert (levels(slow.frames), slow.fps, slow.notes) == ([0, 2, 4, 6, 8], 5, ())
    part = read_media(path, start_s=0.4, end_s=0.8, fps=20)
    assert levels(part.frames) == [4, 4, 5, 5, 6, 6, 7, 7]
    for start, end in ((1.5, None), (0.5, 0.5), (-1.0, 1.0)):
        with pytest.raises(SpecError, match="part"):
            read_media(path, start_s=start, end_s=end)


@pytest.mark.parametrize(
    ("times", "stated", "fps", "picked"),
    [
        ([0, 0.04, 0.08], (25.0,), 25, None),
        ([0, 0.033, 0.067, 0.1], (1000.0,), 30, None),
        ([3.0], (8.0,), 8, None),
        ([0, 5, 7], (), 10, [0] * 50 + [1] * 20 + [2] * 20),
        ([0, 1e-6, 2], (), 60, [1] * 120 + [2] * 60),
    ],
)
def test_the_pace_of_frames(
    times: list[float], stated: tuple[float, ...], fps: float, picked: list[int] | None
) -> None:
    end = times[-1] + (times[-1] - times[0]) / max(1, len(times) - 1)
    if len(times) == 3 and times[1] == 5:
        end = 9
    pace = constant(np.array(times, float), end if len(times) > 1 else 3.1, stated)
    assert pace.fps == pytest.approx(fps, rel=0.02)
    assert (pace.picked is None) == (picked is None)
    if picked is not None and pace.picked is not None:
        assert pace.picked.tolist() == picked


# Geometry


def corners(height: int = 48, width: int = 64) -> VideoFrame:
    """Return a frame of which each quarter has a colour of its own."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (250, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 250, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 250)
    picture[height // 2 :, width // 2 :] = (250, 250, 250)
    return VideoFrame.from_ndarray(picture, format="rgb24")


def quarters(frame: np.ndarray) -> str:
    """Return the colours of the quarters: top left, top right, bottom left and right."""
    height, width = frame.shape[:2]
    names = {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w"}
    said = ""
    for y in (height // 4, 3 * height // 4):
        for x in (width // 4, 3 * width // 4):
            said += names[tuple(int(v > 128) for v in frame[y, x])]  # type: ignore[index]  # of three
    return said


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), "rgbw"),
        ((0, 1, -1, 0), "brwg"),  # a phone that is held upright
        ((-1, 0, 0, -1), "wbgr"),
        ((0, -1, 1, 0), "gwrb"),
        ((-1, 0, 0, 1), "grwb"),  # a front camera's mirror
        ((0, 1, 1, 0), "rbgw"),
    ],
)
def test_a_film_stands_as_players_show_it(
    tmp_path: Path, matrix: tuple[int, int, int, int], shown: str
) -> None:
    path = encode(tmp_path / "a.mp4", [corners()] * 3)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = ((value << 16).to_bytes(4, "big", signed=True) for value in matrix)
    zero, one = bytes(4), (1 << 30).to_bytes(4, "big")
    data[at : at + 36] = a + b + zero + c + d + zero + zero + zero + one
    path.write_bytes(data)
    frames = read_video(path)[0]
    assert quarters(frames[0]) == shown
    is_turned = matrix[0] == 0
    assert frames.shape[1:3] == ((64, 48) if is_turned else (48, 64))


@pytest.mark.parametrize(
    ("aspect", "size"), [((4, 3), (48, 85)), ((8, 9), (54, 64)), ((1, 1), (48, 64))]
)
def test_pixels_that_are_not_square_are_stretched(
    tmp_path: Path, aspect: tuple[int, int], size: tuple[int, int]
) -> None:
    path = encode(
        tmp_path / "a.mp4", [corners()] * 3, sample_aspect_ratio=Fraction(*aspect)
    )
    frames = read_video(path)[0]
    assert frames.shape[1:3] == size
    assert quarters(frames[0]) == "rgbw"


def test_a_film_of_odd_sides_keeps_them(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", [corners(47, 63)] * 3, pixels="yuv444p")
    assert read_video(path)[0].shape == (3, 47, 63, 3)


# Colours


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuvj420p"),
        ("a.mp4", "libx264", "yuv422p"),
        ("a.mp4", "libx264", "yuv444p"),
        ("a.mp4", "libx264", "yuv420p10le"),
        ("a.mp4", "libx264rgb", "rgb24"),
        ("a.mp4", "mpeg4", "yuv420p"),
        ("a.mov", "mjpeg", "yuvj422p"),
        ("a.mov", "prores_ks", "yuv422p10le"),
        ("a.mov", "qtrle", "rgb24"),
        ("a.mkv", "ffv1", "yuv420p"),
        ("a.mkv", "ffv1", "gbrp10le"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.avi", "rawvideo", "bgr24"),
        ("a.ts", "mpeg2video", "yuv420p"),
        ("a.mpg", "mpeg1video", "yuv420p"),
        ("a.flv", "flv", "yuv420p"),
        ("a.ogv", "libtheora", "yuv420p"),
        ("a.wmv", "wmv2", "yuv420p"),
        ("a.3gp", "mpeg4", "yuv420p"),
    ],
)
def test_films_of_any_make_have_their_colours(
    tmp_path: Path, name: str, codec: str, pixels: str
) -> None:
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"this FFmpeg has no {codec}")
    frames = [flat(RED) for _ in range(8)]
    fps = (
        25 if name in ("a.ts", "a.mpg") else 10
    )  # MPEG-1 and -2 know a few rates alone
    path = encode(tmp_path / name, frames, codec=codec, pixels=pixels, fps=fps)
    read, rate = read_video(path)
    assert len(read) == 8
    assert rate == pytest.approx(fps)
    assert np.abs(read.astype(int) - RED).max() <= 12


def test_a_film_without_colour_is_grey(tmp_path: Path) -> None:
    codes = [16 + round(219 * (20 + 20 * i) / 255) for i in range(10)]
    grey = [np.full((48, 64), code, np.uint8) for code in codes]
    frames = [VideoFrame.from_ndarray(one, format="gray") for one in grey]
    path = encode(tmp_path / "a.mp4", frames, pixels="gray")
    assert levels(read_video(path)[0]) == list(range(10))


@pytest.mark.parametrize("lines", [480, 720])
def test_hd_that_does_not_say_is_read_as_hd(tmp_path: Path, lines: int) -> None:
    matrix = "ITU601" if lines < 720 else "ITU709"
    frame = flat((0, 200, 0), lines, 64).reformat(
        format="yuv420p", dst_colorspace=matrix
    )
    frame.colorspace = 2
    read = read_video(encode(tmp_path / "a.mp4", [frame] * 2))[0]
    assert np.abs(read.astype(int) - (0, 200, 0)).max() <= 4


def test_hdr_is_brought_to_a_screen_and_that_is_said(tmp_path: Path) -> None:
    frame = VideoFrame(64, 48, "yuv420p10le")
    # White paper, 203 nits, is at 58 % of the PQ curve (ITU-R BT.2408).
    for plane, code in zip(
        frame.planes, (64 + round(876 * 0.58), 512, 512), strict=True
    ):
        values = np.full(plane.height * plane.line_size // 2, code, np.uint16)
        plane.update(values.tobytes())
    frame.colorspace, frame.color_range = 9, 1
    frame.color_primaries, frame.color_trc = 9, 16
    path = encode(
        tmp_path / "a.mkv",
        [frame] * 2,
        codec="ffv1",
        pixels="yuv420p10le",
        colorspace=9,
        color_range=1,
        color_primaries=9,
        color_trc=16,
    )
    read = read_media(path)
    assert read.frames.mean() > 240  # 146 if its numbers are taken as they are
    assert read.notes == ("HDR colours reduced to a screen's range",)


def test_a_transparent_webm_lies_on_white(tmp_path: Path) -> None:
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[:, :32] = (*RED, 255)
    frames = [VideoFrame.from_ndarray(rgba, format="rgba") for _ in range(3)]
    with av.open(str(tmp_path / "a.webm"), "w") as out:
        stream = out.add_stream("libvpx-vp9", rate=10, options={"auto-alt-ref": "0"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        for frame in frames:
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    read = read_video(tmp_path / "a.webm")[0]
    assert np.abs(read[:, :, :28].astype(int) - RED).max() < 14
    assert read[:, :, 36:].min() > 240


def test_half_pictures_are_woven(tmp_path: Path) -> None:
    """A bar that moves between the two halves of a frame would stand as a comb."""
    frames = []
    for index in range(8):
        picture = np.full((96, 128, 3), 30, np.uint8)
        picture[0::2, 8 * index : 8 * index + 40] = 220
        picture[1::2, 8 * index + 12 : 8 * index + 52] = 220
        frames.append(VideoFrame.from_ndarray(picture, format="rgb24"))
    path = encode(
        tmp_path / "a.mkv",
        frames,
        options={"flags": "+ildct+ilme", "x264-params": "tff=1", "crf": "10"},
    )
    with av.open(str(path)) as file:
        assert next(file.decode(video=0)).interlaced_frame
    read = read_video(path)[0].astype(int)
    combed = np.stack([np.asarray(f.to_ndarray()) for f in frames]).astype(int)

    def comb(x: np.ndarray) -> float:
        return float(np.abs(2 * x[:, 1:-1] - x[:, :-2] - x[:, 2:]).mean())

    assert len(read) == 8
    assert comb(read) < comb(combed) / 3


# What a file is


def test_the_content_says_what_a_file_is(tmp_path: Path) -> None:
    write_video(tmp_path / "a.webm", make_frames(4), 8, None)
    for name in ("phone.mp4", "noname", "film.avi", "a.txt", "pic.png"):
        shutil.copy(tmp_path / "a.webm", tmp_path / name)
        assert read_video(tmp_path / name)[0].shape == (4, 128, 128, 3)


def test_a_film_beside_a_longer_sound_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        film = out.add_stream("libx264", rate=10)
        assert isinstance(film, VideoStream)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("aac", rate=8000, layout="mono")
        for index, picture in enumerate(shades(10)):
            picture.pts, picture.time_base = index, Fraction(1, 10)
            out.mux(film.encode(picture))
        out.mux(film.encode(None))
        for index in range(40):
            samples = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, 1024 * index
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    assert len(read_video(path)[0]) == 10


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm", "a.mkv", "a.avi", "a.ts"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.85])
def test_a_file_that_breaks_off_is_one_line_or_what_is_there(
    tmp_path: Path, name: str, share: float
) -> None:
    path = tmp_path / name
    codec = {"a.webm": "libvpx-vp9", "a.ts": "mpeg2video"}.get(name, "libx264")
    noise = np.random.default_rng(0).integers(0, 255, (30, 48, 64, 3), np.uint8)
    frames = [VideoFrame.from_ndarray(one, format="rgb24") for one in noise]
    options = {"movflags": "faststart"}
    encode(path, frames, codec=codec, fps=25, options=options)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    if name in ("a.ts", "a.avi") and share > 0.1:
        # These state no length: nobody can tell that there was more.
        with contextlib.suppress(MediaError):
            assert len(read_video(path)[0]) < 30
        return
    with pytest.raises(MediaError, match=rf"/{name} ") as caught:
        read_video(path)
    assert "\n" not in str(caught.value)


def test_a_file_without_a_frame_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        out.start_encoding()
    with pytest.raises(MediaError, match=r"a\.mkv (holds no frames|is damaged)"):
        read_video(path)


# Memory


def test_a_film_larger_than_memory_is_read_smaller_and_that_is_said(
    tmp_path: Path,
) -> None:
    """42 frames of 4096x4096 would be 2 GiB, and were held twice."""
    frame = flat(RED, 4096, 4096)
    path = encode(
        tmp_path / "a.mp4", [frame] * 42, options={"preset": "ultrafast"}, fps=10
    )
    code = """
import resource, sys
from pathlib import Path
from nbagent.media import read_media
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read = read_media(Path(sys.argv[1]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(*read.frames.shape, read.frames.nbytes, 1024 * (after - before))
print(*read.notes)
"""
    told = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    ).stdout.splitlines()
    count, height, width, _, size, peak = map(int, told[0].split())
    assert count == 42
    assert 2800 < height == width < 2950
    assert size <= MAX_BYTES
    assert peak < MAX_BYTES + (900 << 20)  # and what FFmpeg holds of 8 frames
    assert told[1] == f"read at {width}x{height}, so that its 42 frames fit into 1 GiB"


def test_a_long_film_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encode(tmp_path / "a.mp4", shades(10) * 20)
    monkeypatch.setattr("nbagent.media.footage.MAX_BYTES", 100 * 48 * 64 * 3 // 16)
    with pytest.raises(MediaError, match=r"20 s of 64x48\) does not fit") as caught:
        read_media(path)
    assert "open a part of up to 10 s, like Clip.open(file, start_s=0, end_s=5)" in str(
        caught.value
    )
    part = read_media(path, start_s=2, end_s=2.5)
    assert levels(part.frames) == [0, 1, 2, 3, 4]
    assert read_media(path, fps=2).frames.shape == (40, 18, 25, 3)
    with pytest.raises(MediaError, match="does not fit"):
        read_media(path, fps=8)
