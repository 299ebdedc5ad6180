"""Pictures that people bring: what every viewer shows of them is what is read."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from nbagent.conversation.clip import Clip
from nbagent.conversation.pictures import picture
from nbagent.errors import MediaError, SpecError
from nbagent.media import read_media, read_video
from nbagent.media.pixels import from_pil

RED = (200, 60, 30)


def wide() -> np.ndarray:
    """Return 40x80 of blue whose left quarter is red."""
    pixels = np.full((40, 80, 3), (0, 0, 255), np.uint8)
    pixels[:, :20] = (255, 0, 0)
    return pixels


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
@pytest.mark.parametrize(
    ("orientation", "red_at"),
    [(1, "left"), (3, "right"), (2, "right"), (6, "top"), (8, "bottom"), (5, "top")],
)
def test_a_picture_stands_as_its_camera_stood(
    tmp_path: Path, suffix: str, orientation: int, red_at: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"phone{suffix}"
    Image.fromarray(wide()).save(path, exif=exif, quality=95)
    ends = {
        "left": np.s_[:, :8],
        "right": np.s_[:, -8:],
        "top": np.s_[:8],
        "bottom": np.s_[-8:],
    }
    with Image.open(path) as image:
        seen = [picture("photo", image), Clip.open(path).frames[0]]
    for shown in seen:
        assert shown.shape == ((40, 80, 3) if orientation < 5 else (80, 40, 3))
        for side, part in ends.items():
            is_red = shown[part].reshape(-1, 3).mean(0)[0] > 200
            assert is_red == (side == red_at)


def _with_palette(*, clear: bool) -> Image.Image:
    image = Image.new("P", (8, 6), 1)
    image.putpalette([0, 0, 0, *RED])
    if clear:
        image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (Image.new("RGB", (8, 6), RED), RED),
        (Image.new("RGB", (8, 6), RED).convert("CMYK"), RED),
        (Image.new("RGB", (8, 6), RED).convert("YCbCr"), RED),
        (Image.new("RGB", (8, 6), RED).convert("HSV"), RED),
        (Image.new("L", (8, 6), 90), (90,) * 3),
        (Image.new("LA", (8, 6), (90, 255)), (90,) * 3),
        (Image.new("LA", (8, 6), (90, 0)), (255,) * 3),
        (Image.new("RGBA", (8, 6), (*RED, 0)), (255,) * 3),
        (Image.new("1", (8, 6), 1), (255,) * 3),
        (_with_palette(clear=False), RED),
        (_with_palette(clear=True), (255,) * 3),
        (Image.new("I;16", (8, 6), 0x8000), (128,) * 3),
        (Image.new("I", (8, 6), 0x8000), (128,) * 3),
        (Image.new("I", (8, 6), 200), (200,) * 3),
        (Image.new("F", (8, 6), 0.5), (128,) * 3),
        (Image.new("F", (8, 6), 128.0), (128,) * 3),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else "",
)
def test_pictures_of_any_mode(image: Image.Image, shown: tuple[int, ...]) -> None:
    pixels = from_pil(image)
    assert pixels.shape == (6, 8, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - shown).max() <= 2


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path, suffix: str) -> None:
    ramp = np.linspace(0, 65535, 64 * 8).reshape(8, 64).astype(np.uint16)
    path = tmp_path / f"scan{suffix}"
    Image.fromarray(ramp).save(path)
    read = read_video(path)[0][0]
    assert np.abs(read[..., 0] - ramp / 257).max() <= 1


def test_a_dark_picture_of_sixteen_bits_is_dark(tmp_path: Path) -> None:
    """A film that fades in from black would begin bright otherwise."""
    for level in (0, 200, 2570, 65535):
        Image.fromarray(np.full((8, 6), level, np.uint16)).save(tmp_path / "dark.png")
        assert read_video(tmp_path / "dark.png")[0].max() == round(level / 257)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_colours_are_those_of_the_profile(
    tmp_path: Path, mode: str, is_damaged: bool
) -> None:
    """Of a profile whose red and green are exchanged, as a phone's are its own."""
    told = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    told = told.replace(b"rXYZ", b"####", 1).replace(b"gXYZ", b"rXYZ", 1)
    told = told.replace(b"####", b"gXYZ", 1)
    path = tmp_path / "photo.png"
    Image.new(mode, (8, 6), (0, 200, 0)).save(
        path, icc_profile=told[:40] if is_damaged else told
    )
    shown = (0, 200, 0) if is_damaged else (200, 0, 0)
    assert np.abs(read_video(path)[0].astype(int) - shown).max() <= 6


def test_frames_in_a_folder_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for level, name in enumerate(("f1.png", "f2.PNG", "f9.png", "f10.png", "f011.png")):
        Image.new("L", (8, 6), 40 * level).save(folder / name)
    (folder / "._f1.png").write_bytes(b"what a Mac leaves")
    assert read_video(folder)[0][:, 0, 0, 0].tolist() == [0, 40, 80, 120, 160]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "has 48 NaN or infinite values"),
        (1.5, r"float32 from 1\.5 to 1\.5: scale it to 0\.\.1"),
        (-0.5, r"float32 from -0\.5"),
        (1e6, r"float32 from 1e\+06"),
    ],
)
def test_numbers_that_are_no_brightness_are_one_line(
    tmp_path: Path, value: float, said: str
) -> None:
    image = Image.new("F", (8, 6), value)
    with pytest.raises(SpecError, match=said):
        picture("heights", image)
    image.save(tmp_path / "heights.tiff")
    with pytest.raises(MediaError, match=rf"heights\.tiff: the picture .*{said}"):
        read_video(tmp_path / "heights.tiff")


def _animation(path: Path, **options: Any) -> Path:
    frames = [Image.new("RGB", (16, 12), (60 * i, 0, 0)) for i in range(4)]
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animation_plays_at_its_pace(tmp_path: Path, name: str) -> None:
    path = _animation(tmp_path / name, duration=[200, 200, 200, 200])
    read = read_media(path)
    assert (len(read.frames), read.fps, read.notes) == (4, 5.0, ())
    uneven = _animation(tmp_path / f"b{path.suffix}", duration=[100, 100, 800, 100])
    read = read_media(uneven)
    assert len(read.frames) / read.fps == pytest.approx(1.1, abs=0.05)
    assert "variable" in read.notes[0]
    with Image.open(uneven) as image:  # among pictures: its first
        assert picture("anim", image).shape == (12, 16, 3)


def test_a_gif_without_a_delay_plays_as_browsers_play_it(tmp_path: Path) -> None:
    path = _animation(tmp_path / "a.gif", duration=0)
    assert read_media(path).fps == pytest.approx(10)
    assert Clip.open(path).duration_s == pytest.approx(0.4)


def test_a_picture_beside_an_animation_is_no_frame_of_it(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 12), (60 * i, 0, 0)) for i in range(4)]
    cover = Image.new("RGB", (16, 12), "white")
    path = tmp_path / "a.png"
    cover.save(path, save_all=True, append_images=frames, default_image=True)
    assert len(read_video(path)[0]) == 4


def test_a_phones_second_picture_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    small = Image.new("RGB", (8, 6))
    Image.new("RGB", (16, 12), "red").save(
        path, "MPO", save_all=True, append_images=[small]
    )
    assert read_video(path)[0].shape == (1, 12, 16, 3)


def test_a_huge_picture_is_one_line_and_no_warning(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (14_000, 14_000)).save(path)
    with pytest.raises(MediaError, match=r"bomb\.png has too many pixels"):
        read_video(path)
    Image.new("1", (10_000, 9_500)).save(path)  # a phone of 100 megapixels
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_video(path)[0].shape == (1, 9_500, 10_000, 3)


def test_a_heic_picture_says_what_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(400))
    with pytest.raises(MediaError, match="pip install pillow-heif") as caught:
        Clip.open(path)
    assert "\n" not in str(caught.value)


def test_a_page_description_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(MediaError, match="neither a film nor a picture"):
        read_video(path)
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(40))
    path.write_bytes(out.getvalue())
    with pytest.raises(MediaError, match="is damaged or not a picture"):
        read_video(path)
