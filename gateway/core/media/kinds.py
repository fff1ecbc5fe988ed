"""Kinds of files, told by their first bytes alone: names and declared types are what a sender likes to say.

What is not listed here is not opened. A file that is two things at once (a GIF that is a script, a picture with an
archive behind it) is what its first byte says, and only its pixels go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HEAD = 64
"""How many bytes tell."""
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Kind:
    """A kind of file: its media type, what it is to people, and how many bytes one may have."""

    code: str
    media_type: str
    family: str
    """`picture`, `film`, `sound` or `paper`."""
    most_bytes: int = 16 * _MIB


KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("jpeg", "image/jpeg", "picture"),
        Kind("png", "image/png", "picture"),
        Kind("gif", "image/gif", "picture"),
        Kind("webp", "image/webp", "picture"),
        Kind("heic", "image/heic", "picture"),
        Kind("mp4", "video/mp4", "film", 100 * _MIB),
        Kind("mov", "video/quicktime", "film", 100 * _MIB),
        Kind("3gp", "video/3gpp", "film", 100 * _MIB),
        Kind("pdf", "application/pdf", "paper"),
        Kind("mp3", "audio/mpeg", "sound"),
        Kind("m4a", "audio/mp4", "sound"),
        Kind("ogg", "audio/ogg", "sound"),
        Kind("wav", "audio/wav", "sound"),
        Kind("amr", "audio/amr", "sound"),
    )
}
MOST_BYTES = max(kind.most_bytes for kind in KINDS.values())
UNKNOWN_BYTES = 16 * _MIB
"""What a file may have that is none of these: it stays sealed, for somebody to take to an expert."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"#!AMR\n", "amr"),
    (b"#!AMR-WB\n", "amr"),
)
_RIFF: Mapping[bytes, str] = {b"WEBP": "webp", b"WAVE": "wav"}
_BRANDS: Mapping[bytes, str] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx"), "heic"),
    **dict.fromkeys((b"M4A ", b"M4B "), "m4a"),
    b"qt  ": "mov",
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a", b"3g2b", b"3g2c"), "3gp"),
    **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1"), "mp4"),
    **dict.fromkeys((b"dash", b"M4V ", b"MSNV"), "mp4"),
}  # fmt: skip
"""Major brands of ISO base media files. Source: https://mp4ra.org/registered-types/brands"""


def recognise(head: bytes) -> Kind | None:
    """Tell what a file is by its first `HEAD` bytes; nothing when it is none that we open."""
    code = next((code for start, code in _STARTS if head.startswith(start)), None)
    if code is None and head.startswith(b"RIFF"):
        code = _RIFF.get(head[8:12])
    elif code is None and head[4:8] == b"ftyp":
        code = _BRANDS.get(head[8:12])
    elif code is None and head[4:8] in {b"moov", b"mdat", b"wide", b"free", b"skip"}:
        code = "mov"  # QuickTime before it had brands
    elif code is None and _is_mpeg_audio(head):
        code = "mp3"
    return KINDS[code] if code else None


def limit(head: bytes) -> int:
    """Tell how many bytes a file that begins so may have."""
    kind = recognise(head)
    return kind.most_bytes if kind else UNKNOWN_BYTES


def _is_mpeg_audio(head: bytes) -> bool:
    """Recognise a frame of MPEG layer III without a tag before it. Source: ISO/IEC 11172-3, 2.4.1.3."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[2] >> 4 not in {0, 15} and head[2] >> 2 & 3 != 3
