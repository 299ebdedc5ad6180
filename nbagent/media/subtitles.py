"""Subtitles as a track: in an mp4 (`mov_text`), or as WebVTT for a page."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from av.packet import Packet
from av.subtitles.stream import SubtitleStream

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.stream import Stream

_UNIT: Final = Fraction(1, 1000)
# What FFmpeg reads the track's style from: one, as plain as there is.
_HEADER: Final = b"""[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment
Style: Default,Sans,18,&Hffffff,2
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


class Cue(NamedTuple):
    """What is said from a second to another."""

    start_s: float
    end_s: float
    text: str


class Track:
    """A subtitle track of an mp4 that is being written.

    Args:
        container: The file; its other streams are there.
        cues: What is said.
    """

    def __init__(self, container: OutputContainer, cues: Sequence[Cue]) -> None:
        stream = container.add_stream("mov_text")
        assert isinstance(stream, SubtitleStream)
        stream.time_base = stream.codec_context.time_base = _UNIT
        stream.codec_context.subtitle_header = _HEADER
        stream.codec_context.open(strict=False)  # it makes the track's head
        self._stream, self._cues = stream, apart(cues)

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield what is written, in order."""
        for cue in self._cues:
            start, end = (round(at / _UNIT) for at in (cue.start_s, cue.end_s))
            said = cue.text.encode()
            packet = Packet(len(said).to_bytes(2, "big") + said)
            packet.pts = packet.dts = start
            packet.duration = end - start
            packet.stream, packet.time_base = self._stream, _UNIT
            yield packet


def apart(cues: Sequence[Cue]) -> tuple[Cue, ...]:
    r"""Return cues of which no two are there at once: those that were share a cue.

    >>> apart([Cue(0, 2, "a"), Cue(1, 3, "b")])[1]
    Cue(start_s=1, end_s=2, text='a\nb')
    """
    times = sorted({at for cue in cues for at in (cue.start_s, cue.end_s)})
    found = []
    for start, end in itertools.pairwise(times):
        said = [cue.text for cue in cues if cue.start_s <= start and end <= cue.end_s]
        if said:
            found.append(Cue(start, end, "\n".join(said)))
    return tuple(found)


def webvtt(cues: Sequence[Cue]) -> str:
    """Return cues as a WebVTT file."""
    lines = ["WEBVTT", ""]
    for cue in cues:
        lines.append(f"{_clock(cue.start_s)} --> {_clock(cue.end_s)}")
        # A blank line would end the cue.
        lines += [
            html.escape(line, quote=False) for line in cue.text.split("\n") if line
        ]
        lines.append("")
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    whole, millis = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{millis:03}"
