"""Films are put into a new container: picture and sound are copied, all that was written beside them is left behind.

That is places, times, makers and models (`udta`, `meta`, XMP), covers, subtitles and the data tracks of action cameras.
In H.264 and H.265 a camera can also write between the pictures (SEI); that is taken out too. Runs in the cleaner alone:
nothing else may import this.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
from av.bitstream import BitStreamFilterContext

from gateway.core.media import libav  # noqa: F401 - it loads all that is wanted later
from gateway.core.media.faults import TooHeavy
from gateway.core.media.kinds import Kind

MOST_PIXELS = 8192 * 4320
_SEI = {"h264": "filter_units=remove_types=6", "hevc": "filter_units=remove_types=39|40"}
"""Source: ITU-T H.264, table 7-1; ITU-T H.265, table 7-1."""


def clean(content: bytes, _kind: Kind) -> tuple[str, list[bytes]]:
    """Copy picture and sound. Raises: TooHeavy, and whatever libav makes of it."""
    _prove(content)
    target = io.BytesIO()
    with (
        av.open(io.BytesIO(content), "r", format="mp4") as source,
        av.open(target, "w", format="mp4", options={"fflags": "+bitexact"}) as made,
    ):
        ways = [_Way(stream, made) for stream in wanted(source)]
        for way in ways:
            way.prepare()
        by_index = {way.stream.index: way for way in ways}
        for packet in source.demux([way.stream for way in ways]):
            if packet.dts is None:
                continue  # the empty one at the end
            for cut in by_index[packet.stream.index].through(packet):
                made.mux(cut)
        for way in ways:
            for cut in way.through(None):
                made.mux(cut)
    return "mp4", [target.getvalue()]


def wanted(source: Any) -> list[Any]:
    """Choose the picture and the sound; a cover is no film."""
    covers = av.stream.Disposition.attached_pic
    films = [stream for stream in source.streams.video if not stream.disposition & covers]
    if not films:
        raise ValueError("no picture")
    return [films[0], *source.streams.audio[:1]]


def _prove(content: bytes) -> None:
    """Decode the first picture: what a staff member's player will be given is what it says it is."""
    with av.open(io.BytesIO(content), "r", format="mp4") as source:
        stream = wanted(source)[0]
        if stream.width * stream.height > MOST_PIXELS:
            raise TooHeavy
        stream.codec_context.thread_count = 1
        next(source.decode(stream))


class _Way:
    """One stream's way into the new container."""

    def __init__(self, stream: Any, made: Any) -> None:
        self.stream = stream
        self._new = made.add_stream_from_template(stream, opaque=True)
        self._new.metadata.clear()
        self._filter: BitStreamFilterContext | None = None

    def prepare(self) -> None:
        """Set up the filter that a codec needs."""
        if described := _SEI.get(self.stream.codec_context.name):
            self._filter = BitStreamFilterContext(described, self.stream, self._new)

    def through(self, packet: Any) -> Iterator[Any]:
        """Let a packet pass, and what was held back with the last one (None)."""
        passed = self._filter.filter(packet) if self._filter else [packet] if packet is not None else []
        for one in passed:
            one.stream = self._new
            yield one
