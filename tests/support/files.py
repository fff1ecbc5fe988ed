"""Files as telephones and enemies make them: each with something in it that must not come out again."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import av
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

MARK = "OAK-STREET-MARK"
"""What is written beside pixels and sounds: no clean copy may have it."""
_LATITUDE = (IFDRational(39, 1), IFDRational(44, 1), IFDRational(2468, 100))


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), orientation: int = 1) -> bytes:
    """A picture, red at its left half, with place, maker, comment, thumbnail and XMP beside it."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = image.getexif()
    exif[0x010F], exif[0x0112], exif[0x9286] = MARK, orientation, MARK
    exif.get_ifd(0x8825).update({1: "N", 2: _LATITUDE, 3: "W", 4: _LATITUDE, 29: "2026:11:21"})
    target, more = io.BytesIO(), {}
    if kind == "JPEG":
        more = {"comment": MARK.encode(), "xmp": f"<x:xmpmeta>{MARK}</x:xmpmeta>".encode()}
    image.save(target, kind, exif=exif.tobytes() + MARK.encode(), **more)  # the tail stands where thumbnails do
    return target.getvalue()


def moving(frames: int = 3) -> bytes:
    """A GIF that moves, with a comment."""
    first, *others = [Image.new("RGB", (32, 32), (60 * n % 256, 0, n % 256)) for n in range(frames)]
    target = io.BytesIO()
    first.save(target, "GIF", save_all=True, append_images=others, comment=MARK.encode())
    return target.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it has so many pixels; its rows are all there, packed a thousandfold."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    packer = zlib.compressobj(9)
    row = b"\0" + bytes((width + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def paper(pages: int = 2) -> bytes:
    """A PDF that says who wrote it, and wants to run a script."""
    first, *others = [Image.new("RGB", (200, 280), (250, 250 - n, 250)) for n in range(pages)]
    target = io.BytesIO()
    first.save(target, "PDF", save_all=True, append_images=others, author=MARK, title=MARK)
    script = f"\n1 0 obj\n<</S/JavaScript/JS(app.alert('{MARK}'))>>\nendobj\n"
    return target.getvalue() + script.encode()


def film(kind: str = "mp4", frames: int = 20) -> bytes:
    """A film with sound, with a place and a title beside it, and a camera's remarks (SEI) between its pictures."""
    target = io.BytesIO()
    with av.open(target, "w", format=kind, options={"movflags": "use_metadata_tags"}) as made:
        made.metadata.update(
            {"title": MARK, "location": "+39.7402-104.9847/", "com.apple.quicktime.location.ISO6709": MARK}
        )
        picture_: Any = made.add_stream("libx264", rate=10)
        sound: Any = made.add_stream("aac", rate=44100, layout="mono")
        picture_.width, picture_.height, picture_.pix_fmt = 160, 120, "yuv420p"
        for number in range(frames):
            made.mux(picture_.encode(_frame(Image.new("RGB", (160, 120), (number * 9, 0, 0)))))
            made.mux(sound.encode(_silence(44100)))
        made.mux(picture_.encode(None))
        made.mux(sound.encode(None))
    return target.getvalue()


def recording(kind: str = "mp3", codec: str = "libmp3lame", rate: int = 48000, sample: str = "fltp") -> bytes:
    """A recording with a title."""
    target = io.BytesIO()
    with av.open(target, "w", format=kind) as made:
        made.metadata.update({"title": MARK, "comment": MARK})
        stream: Any = made.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(
            format=sample, layout="mono", rate=rate, frame_size=stream.codec_context.frame_size or 960
        )
        for _ in range(20):
            for frame in resampler.resample(_silence(rate)):
                made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return target.getvalue()


def amr(frames: int = 50) -> bytes:
    """A voice memo of an old telephone: a second of silence at 12.2 kbit/s. Source: RFC 4867 §5."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * frames


def heic() -> bytes:
    """A picture as an iPhone makes it: a frame of H.265 as an item. Source: ISO/IEC 23008-12, 14496-12 §8.11."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as made:
        stream: Any = made.add_stream("libx265", rate=1, options={"x265-params": "log-level=none:keyint=1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        made.mux(stream.encode(_frame(Image.new("RGB", (64, 64), "red"))))
        made.mux(stream.encode(None))
    film_ = target.getvalue()
    at = film_.index(b"hvcC") - 4
    config = film_[at : at + int.from_bytes(film_[at : at + 4], "big")]
    at = film_.index(b"mdat")
    frame = film_[at + 4 : at - 4 + int.from_bytes(film_[at - 4 : at], "big")]
    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    size = 0
    while size != (size := len(head) + len(meta := _meta(config, size + 8, len(frame)))):
        pass
    return head + meta + _box(b"mdat", frame) + _box(b"free", MARK.encode())


def _meta(config: bytes, at: int, size: int) -> bytes:
    info = _box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"hvc1\0")
    extent = b"\0\0\0\0\x44\0" + struct.pack(">HHHHII", 1, 1, 0, 1, at, size)
    properties = _box(b"ipco", config + _box(b"ispe", struct.pack(">III", 0, 64, 64)))
    ties = _box(b"ipma", struct.pack(">IIHBBB", 0, 1, 1, 2, 0x81, 2))
    return _box(
        b"meta",
        bytes(4)
        + _box(b"hdlr", bytes(8) + b"pict" + bytes(13))
        + _box(b"pitm", struct.pack(">IH", 0, 1))
        + _box(b"iinf", struct.pack(">IH", 0, 1) + info)
        + _box(b"iloc", extent)
        + _box(b"iprp", properties + ties),
    )


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def archive() -> bytes:
    """A zip with a page in it, the same each time: an entry of no date, where `writestr` would write the time."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr(zipfile.ZipInfo("index.html"), f"<script>alert('{MARK}')</script>")
    return target.getvalue()


def _frame(image: Image.Image) -> Any:
    return av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV does not annotate it


def _silence(rate: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
    frame.sample_rate = rate
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    return frame
