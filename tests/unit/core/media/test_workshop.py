"""The cleaner: what goes in comes out as pixels and sound alone, or not at all; and it can reach nothing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest
from PIL import Image

from gateway.core.media import kinds
from gateway.core.media.workshop import Broken, Limits, Workshop
from tests.support import files
from tests.support.files import MARK

SVG = f'<svg xmlns="http://www.w3.org/2000/svg"><script>alert("{MARK}")</script></svg>'.encode()


@dataclass
class Made:
    fault: str | None
    kind: str
    parts: list[bytes]


def clean(content: bytes, workshop: Workshop | None = None) -> Made:
    chunks = [content[start : start + 65536] for start in range(0, len(content), 65536)]
    with (workshop or Workshop()).clean(chunks) as cleaned:
        whole = b"".join(cleaned.content)
        parts, at = [], 0
        for size in cleaned.sizes:
            parts.append(whole[at : at + size])
            at += size
        assert at == len(whole)
        if workshop is None and sys.platform == "linux":
            assert cleaned.confined
        return Made(cleaned.fault, cleaned.kind, parts)


def opened(part: bytes) -> Image.Image:
    return Image.open(io.BytesIO(part))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_keeps_its_pixels_and_nothing_else(kind: str) -> None:
    content = files.picture(kind)
    assert MARK.encode() in content
    made = clean(content)
    assert (made.fault, made.kind, len(made.parts)) == (None, "jpeg", 1)
    assert MARK.encode() not in made.parts[0]
    assert b"Exif" not in made.parts[0]
    image = opened(made.parts[0])
    assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (64, 48), {})
    assert {"exif", "icc_profile", "comment", "xmp", "photoshop"} & set(image.info) == set()
    assert image.getpixel((5, 24))[0] > 200  # type: ignore[index]
    assert image.getpixel((60, 24))[2] > 200  # type: ignore[index]


def test_a_picture_that_lies_on_its_side_is_turned() -> None:
    made = clean(files.picture(orientation=6))
    image = opened(made.parts[0])
    assert image.size == (48, 64)
    assert image.getpixel((24, 5))[0] > 200, "its left is above now"  # type: ignore[index]


def test_a_picture_of_an_iphone_is_opened() -> None:
    content = files.heic()
    assert MARK.encode() in content
    made = clean(content)
    assert (made.fault, made.kind) == (None, "jpeg")
    assert MARK.encode() not in made.parts[0]
    assert opened(made.parts[0]).size == (64, 64)


def test_a_picture_that_moves_goes_on_moving() -> None:
    made = clean(files.moving())
    assert (made.fault, made.kind) == (None, "webp")
    assert opened(made.parts[0]).n_frames == 3  # type: ignore[attr-defined]
    assert MARK.encode() not in made.parts[0]


def test_a_paper_becomes_a_picture_a_page() -> None:
    made = clean(files.paper(3))
    assert (made.fault, made.kind, len(made.parts)) == (None, "jpeg", 3)
    assert all(opened(part).height == 1700 for part in made.parts)
    assert MARK.encode() not in b"".join(made.parts)


@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_a_film_keeps_picture_and_sound_and_nothing_else(kind: str) -> None:
    content = files.film(kind)
    assert all(word in content for word in (MARK.encode(), b"x264", b"udta" if kind == "mov" else b"meta"))
    made = clean(content)
    assert (made.fault, made.kind) == (None, "mp4")
    for word in (MARK.encode(), b"39.7402", b"x264", b"\xa9xyz", b"quicktime"):
        assert word not in made.parts[0], word
    with av.open(io.BytesIO(made.parts[0]), "r") as film:
        assert dict(film.metadata).keys() <= {"major_brand", "minor_version", "compatible_brands"}
        assert len(list(film.decode(video=0))) == 20
        assert [stream.type for stream in film.streams] == ["video", "audio"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: files.recording("mp3"), id="mp3"),
        pytest.param(lambda: files.recording("ipod", "aac"), id="m4a"),
        pytest.param(lambda: files.recording("ogg", "libopus"), id="opus"),
        pytest.param(lambda: files.recording("wav", "pcm_s16le", sample="s16"), id="wav"),
        pytest.param(files.amr, id="amr"),
    ],
)
def test_a_recording_keeps_its_sound_and_nothing_else(content: Callable[[], bytes]) -> None:
    made = clean(content())
    assert (made.fault, made.kind) == (None, "mp3")
    assert MARK.encode() not in made.parts[0]
    with av.open(io.BytesIO(made.parts[0]), "r", format="mp3") as sound:
        assert dict(sound.metadata) == {}
        assert sum(frame.samples for frame in sound.decode(audio=0)) > 4000


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "svg with a script": (lambda: SVG, "unknown"),
    "page": (lambda: b"<!doctype html><script>1</script>", "unknown"),
    "zip, whatever it is called": (files.archive, "unknown"),
    "page with a paper behind": (lambda: b"<script>1</script>\n" + files.paper(), "unknown"),
    "empty": (lambda: b"", "unknown"),
    "start of a picture, then an archive": (lambda: b"\xff\xd8\xff\xe0" + files.archive(), "damaged"),
    "picture that is a script": (lambda: b"GIF89a=1;alert(1)//" + b"a" * 500, "damaged"),
    "half a picture": (lambda: files.picture(size=(800, 800))[:3000], "damaged"),
    "half a film": (lambda: files.film()[: len(files.film()) // 2], "damaged"),
    "paper without a page": (lambda: b"%PDF-1.4\n<script>1</script>", "damaged"),
    "bomb": (lambda: files.bomb(60_000, 60_000), "too_heavy"),
    "a thousand pictures": (lambda: files.moving(301), "too_heavy"),
    "a book": (lambda: files.paper(51), "too_heavy"),
}


@pytest.mark.parametrize(("content", "fault"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_or_broken_does_not_open(content: Callable[[], bytes], fault: str) -> None:
    assert clean(content()) == Made(fault, "", [])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: files.picture() + files.archive(), id="picture with an archive behind"),
        pytest.param(lambda: files.moving().replace(MARK.encode(), b"*/=1;alert(1)//"), id="moving picture, a script"),
        pytest.param(lambda: files.paper() + b"<script>alert(1)</script>", id="paper with a page behind"),
    ],
)
def test_of_what_is_two_things_at_once_only_pixels_go_on(content: Callable[[], bytes]) -> None:
    made = clean(content())
    assert made.fault is None
    for part in made.parts:
        assert not any(word in part for word in (b"PK\x03\x04", b"script", b"alert", MARK.encode()))


def test_a_square_of_ten_thousand_pixels_is_made_smaller() -> None:
    made = clean(files.bomb(10_000, 10_000))
    assert opened(made.parts[0]).size == (4096, 4096)


def test_a_file_that_wants_too_much_memory_is_given_up() -> None:
    assert clean(files.bomb(9_000, 9_000), Workshop(Limits(memory_bytes=300 << 20))).fault == "too_heavy"


def cleaner(code: str, **limits: float) -> Workshop:
    """A workshop whose cleaner runs this instead."""
    return Workshop(Limits(**limits), command=(sys.executable, "-I", "-c", code))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        pytest.param("while True: pass", {"wall_seconds": 0.5}, id="no end"),
        pytest.param("import signal; signal.pause()", {"wall_seconds": 0.5}, id="sleeps"),
        pytest.param(
            "import sys\nfrom gateway.core.media import confine\nconfine.limit(1 << 30, int(sys.argv[2]))\n"
            "while True: pass", {"cpu_seconds": 1}, id="time of its own",
        ),
    ],
)  # fmt: skip
def test_a_cleaner_that_does_not_end_is_ended(code: str, limits: dict[str, float]) -> None:
    assert clean(files.picture(), cleaner(code, **limits)).fault == "too_heavy"


def test_while_a_cleaner_says_nothing_there_is_a_sign_of_life_each_second() -> None:
    """The worker ends itself when a duty is silent for a minute, and a file may take two."""
    signs: list[None] = []
    silent = cleaner("import signal; signal.pause()", wall_seconds=3.5)
    assert clean(files.picture(), replace(silent, alive=lambda: signs.append(None))).fault == "too_heavy"
    assert len(signs) >= 5, "one as it is fed, one as it is asked, and one for each second"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"x" * 100_000, id="no end of a line"),
        pytest.param(b"[1]\n", id="something else"),
        pytest.param(b'{"kind": "html", "parts": [3]}\nabc', id="a kind that is none"),
        pytest.param(b'{"kind": "jpeg", "parts": []}\n', id="no part"),
        pytest.param(b'{"kind": "jpeg", "parts": [-1]}\n', id="less than nothing"),
        pytest.param(b'{"kind": "jpeg", "parts": [999999999999]}\n', id="more than there may be"),
        pytest.param(json.dumps({"kind": "jpeg", "parts": [1] * 51}).encode() + b"\n" + b"a" * 51, id="too many"),
    ],
)
def test_a_cleaner_that_was_taken_over_is_not_believed(said: bytes) -> None:
    code = f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({said!r})"
    assert clean(files.picture(), cleaner(code)).fault == "damaged"


@pytest.mark.parametrize("body", [b"<script>alert(1)</script>" + bytes(75), b"\xff\xd8\xff"], ids=["page", "cut off"])
def test_a_clean_copy_that_is_none_breaks_off(body: bytes) -> None:
    said = b'{"kind": "jpeg", "parts": [100]}\n' + body
    code = f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({said!r})"
    with pytest.raises(Broken):
        clean(files.picture(), cleaner(code))


def test_a_cleaner_has_no_environment_and_no_file_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_API_SECRET", MARK)
    code = (
        "import json, os, sys; sys.stdin.buffer.read()\n"
        "names = sorted(set(os.environ) - {'LC_CTYPE'})\n"  # Python sets that itself
        "files = sorted(map(int, os.listdir('/proc/self/fd')))[:-1]\n"  # the last is the listing's own
        "print(json.dumps({'fault': f'{names}{files}'}))"
    )
    with Path(__file__).open("rb") as held:
        os.set_inheritable(held.fileno(), True)
        assert clean(b"x", cleaner(code)).fault == "[][0, 1, 2]"


SHUT = """
import ctypes, json, os, socket, subprocess, sys
from gateway.core.media import confine
confine.limit(1 << 30, 10)
tries = {
    "open": lambda: open(sys.executable, "rb"),
    "write": lambda: os.open("/tmp/x", os.O_CREAT | os.O_WRONLY),
    "list": lambda: os.listdir("/"),
    "socket": lambda: socket.socket(),
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "fork": lambda: os.fork(),
    "exec": lambda: os.execv(sys.executable, [sys.executable, "-c", "print('out')"]),
    "kill": lambda: os.kill(os.getppid(), 0),
    "more files": lambda: __import__("resource").setrlimit(7, (100, 100)),
    "memory": lambda: bytearray(2 << 30),
}
before = [name for name in ("open", "list", "socket", "kill") if not tries[name]() is ...]
shut, refused = confine.shut(), []
for name, attempt in tries.items():
    try:
        attempt()
    except (OSError, MemoryError, ValueError):
        refused.append(name)
os.write(1, json.dumps([shut, before, refused, sorted(tries)]).encode())
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_a_process_that_is_shut_in_reaches_nothing() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", SHUT], capture_output=True, check=False)
    shut, before, refused, tries = json.loads(done.stdout)
    assert shut
    assert before == ["open", "list", "socket", "kill"], "it could before"
    assert sorted(refused) == tries


def test_every_kind_has_a_cleaner_that_loads() -> None:
    families = {kind.family for kind in kinds.KINDS.values()}
    assert families == {"picture", "film", "sound", "paper"}
