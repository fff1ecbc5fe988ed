"""Sounds are written anew as MP3, which every telephone and browser plays: no tag, cover or comment is left.

Runs in the cleaner alone: nothing else may import this.
"""

from __future__ import annotations

import io

import av
from av.audio.resampler import AudioResampler

from gateway.core.media import libav  # noqa: F401 - it loads all that is wanted later
from gateway.core.media.kinds import Kind

_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000})
"""What MP3 has. Source: ISO/IEC 11172-3 and 13818-3; the lowest three are a common extension."""
_CONTAINERS = {"m4a": "mp4"}


def clean(content: bytes, kind: Kind) -> tuple[str, list[bytes]]:
    """Write it anew. Raises: whatever libav makes of it."""
    target = io.BytesIO()
    untagged = {"id3v2_version": "0", "write_id3v1": "0", "write_xing": "0"}
    with (
        av.open(io.BytesIO(content), "r", format=_CONTAINERS.get(kind.code, kind.code)) as source,
        av.open(target, "w", format="mp3", options=untagged) as made,
    ):
        stream = source.streams.audio[0]
        stream.codec_context.thread_count = 1
        rate = stream.codec_context.sample_rate
        rate = rate if rate in _RATES else 44100
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        new = made.add_stream("libmp3lame", rate=rate, layout=layout, bit_rate=64000 if layout == "mono" else 128000)
        resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
        for frame in source.decode(stream):
            for even in resampler.resample(frame):
                made.mux(new.encode(even))
        for even in resampler.resample(None):
            made.mux(new.encode(even))
        made.mux(new.encode(None))
    return "mp3", [target.getvalue()]
