"""What a file is, told by its first bytes: a name's ending is only a wish.

Also the guard on what is opened at all: left to guess, FFmpeg takes a text for a playlist
and opens what it lists, and Pillow runs a program on a page description.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, NamedTuple

from nbagent.errors import MediaError

_HEAD_BYTES: Final = 400
_TS_PACKET: Final = 188


class Kind(NamedTuple):
    """How a file is read: by which library, and its name for the format."""

    reader: Literal["film", "picture"]
    name: str


_BEGINNINGS: Final = (
    (b"\x1aE\xdf\xa3", Kind("film", "matroska")),  # webm too
    (b"OggS", Kind("film", "ogg")),
    (b"FLV\x01", Kind("film", "flv")),
    (b"\x00\x00\x01\xba", Kind("film", "mpeg")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind("film", "asf")),  # wmv
    (b"GIF8", Kind("picture", "GIF")),
    (b"\x89PNG\r\n\x1a\n", Kind("picture", "PNG")),
    (b"\xff\xd8\xff", Kind("picture", "JPEG")),
    (b"BM", Kind("picture", "BMP")),
    (b"II*\x00", Kind("picture", "TIFF")),
    (b"MM\x00*", Kind("picture", "TIFF")),
)
_RIFF: Final = {b"WEBP": Kind("picture", "WEBP"), b"AVI ": Kind("film", "avi")}
# The boxes that an mp4 or mov may begin with, and pictures that come in the same boxes.
_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_BRANDS: Final = {
    b"avif": Kind("picture", "AVIF"),
    b"avis": Kind("picture", "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"mif1", b"msf1"), Kind("picture", "HEIF")),
}


def kind_of(path: Path) -> Kind:
    """Return what a file is.

    Raises:
        MediaError: If it is not there, cannot be read, or is no film or picture.
    """
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise MediaError(f"{path} is not a file: name a film or a picture")
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError as error:
        raise MediaError(f"there is no file {path}: check its name") from error
    except ValueError as error:
        raise MediaError(
            f"{str(path)!r} is not a file name ({error}): correct it"
        ) from error
    except OSError as error:
        raise MediaError(
            f"{path} cannot be read ({error.strerror}): check its name and permissions"
        ) from error
    kind = _kind(head)
    if kind is None:
        what = "is empty" if not head else "is damaged, or neither a film nor a picture"
        raise MediaError(
            f"{path} {what}: use an mp4, mov, webm, mkv, avi, gif, webp, png or jpeg"
        )
    return kind


def _kind(head: bytes) -> Kind | None:
    if head[4:8] in _BOXES:
        brand = head[8:12] if head[4:8] == b"ftyp" else b""
        return _BRANDS.get(brand, Kind("film", "mov"))
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    for start in (0, 4):  # m2ts has a time before each packet
        if head[start : start + 1] == head[start + _TS_PACKET + start :][:1] == b"G":
            return Kind("film", "mpegts")
    return next((kind for begins, kind in _BEGINNINGS if head.startswith(begins)), None)
