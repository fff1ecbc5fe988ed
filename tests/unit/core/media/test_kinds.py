"""A file is what its first bytes say, whatever it is called."""

from __future__ import annotations

import pytest

from gateway.core.media import kinds

STARTS = {
    "jpeg": b"\xff\xd8\xff\xe1\x00\x18Exif",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
    "mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    "mov": b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00",
    "3gp": b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x03\x00",
    "pdf": b"%PDF-1.7\n",
    "mp3": b"ID3\x04\x00\x00",
    "m4a": b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00",
    "ogg": b"OggS\x00\x02",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "amr": b"#!AMR\n\x3c",
}


@pytest.mark.parametrize(("code", "start"), STARTS.items(), ids=STARTS)
def test_each_kind_is_recognised(code: str, start: bytes) -> None:
    kind = kinds.recognise(start + bytes(kinds.HEAD))
    assert kind is not None
    assert kind.code == code


def test_every_kind_has_a_start_here() -> None:
    assert set(STARTS) == set(kinds.KINDS)


@pytest.mark.parametrize(("head", "code"), [(b"\xff\xfb\x90\x64", "mp3"), (b"\x00\x00\x00\x08wide\x00", "mov")])
def test_files_without_a_tag_or_brand_are_recognised(head: bytes, code: str) -> None:
    kind = kinds.recognise(head + bytes(8))
    assert kind is not None
    assert kind.code == code


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"PK\x03\x04\x14\x00", id="an archive, whatever its name"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"><script>', id="svg"),
        pytest.param(b"<!doctype html><script>", id="html"),
        pytest.param(b"<html>\n%PDF-1.4", id="a page with a paper behind"),
        pytest.param(b"\x7fELF\x02\x01", id="a program"),
        pytest.param(b"MZ\x90\x00", id="a program of Windows"),
        pytest.param(b"\x1a\x45\xdf\xa3", id="Matroska"),
        pytest.param(b"BM\x36\x00", id="a bitmap"),
        pytest.param(b"RIFF\x24\x00\x00\x00AVI LIST", id="AVI"),
        pytest.param(b"\x00\x00\x00\x18ftypcrx ", id="a raw picture"),
        pytest.param(b"\xff\xf1\x50\x80", id="AAC without a container"),
        pytest.param("ÿØÿ".encode(), id="a JPEG that was taken for text"),
    ],
)
def test_nothing_else_is(head: bytes) -> None:
    assert kinds.recognise(head) is None


def test_films_may_be_large_and_pictures_less_so() -> None:
    assert kinds.limit(STARTS["mp4"]) == 100 * 1024 * 1024
    assert kinds.limit(STARTS["jpeg"]) == 16 * 1024 * 1024
    assert kinds.limit(b"PK") == kinds.UNKNOWN_BYTES
