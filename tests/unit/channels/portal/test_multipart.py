"""A form with files, taken apart: what was typed is kept, bounded; files are handed on, their names are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.portal.forms import BODY_BYTES, MOST_FIELDS
from channels.portal.multipart import Broken, Reading, TooMuchTyped
from tests.support.multipart import BOUNDARY, CONTENT_TYPE, END, field, file, form, opened


class Kept:
    """Takes files and keeps them."""

    def __init__(self) -> None:
        self.files: list[tuple[bool, bytes]] = []
        self.ended = 0

    def begin(self, *, named: bool) -> None:
        self.files.append((named, b""))

    def write(self, content: bytes) -> None:
        named, before = self.files[-1]
        self.files[-1] = named, before + content

    def end(self) -> None:
        self.ended += 1


def read(body: bytes, size: int = 1 << 16) -> tuple[dict[str, str], Kept, Reading]:
    kept, fields = Kept(), dict[str, str]()
    reading = Reading(CONTENT_TYPE, fields, kept)
    for start in range(0, len(body), size):
        reading.write(body[start : start + size])
    return fields, kept, reading


@given(
    text=st.text(max_size=50),
    contents=st.lists(st.binary(max_size=300) | st.just(b"\r\n--" + BOUNDARY[:-1].encode()), max_size=4),
    size=st.integers(1, 80),
)
@settings(deadline=None)
def test_a_form_is_the_same_in_whatever_pieces_it_comes(text: str, contents: list[bytes], size: int) -> None:
    said = text.encode("utf-8", "replace")
    body = form({"once": "1"})[: -len(END)] + field("text", said) + b"".join(file(one) for one in contents) + END
    fields, kept, reading = read(body, size)
    reading.end()
    assert fields == {"once": "1", "text": said.decode()}
    assert [content for _, content in kept.files] == contents
    assert kept.ended == len(contents)
    assert reading.words_came == bool(contents)


def test_of_a_field_that_is_there_twice_the_first_counts() -> None:
    fields, _, _ = read(field("text", "gun") + field("text", "cake") + END)
    assert fields == {"text": "gun"}


def test_a_file_counts_by_its_field_alone_and_is_never_taken_for_words() -> None:
    body = field("text", "gun") + file(b"picture", name="text") + file(b"other", name="receipt") + END
    fields, kept, _ = read(body)
    assert (fields, kept.files) == ({"text": "gun"}, [])


@pytest.mark.parametrize(
    "filename",
    [
        pytest.param(b'a.jpg"\r\nSet-Cookie: a=b\r\nX-Evil: "1', id="header injection"),
        pytest.param(b'a.jpg"; name="text', id="another name"),
        pytest.param(b"\xed\xa0\x80.jpg", id="lone surrogate"),
        pytest.param(b"..\\..\\etc\\passwd\x00.jpg", id="path and NUL"),
        pytest.param("🔫".encode() * 500, id="long"),
        pytest.param(b"<script>alert(1)</script>", id="HTML"),
    ],
)
def test_a_filename_tells_nothing_but_that_there_is_one(filename: bytes) -> None:
    fields, kept, reading = read(field("text", "gun") + file(b"picture", filename) + END)
    reading.end()
    assert fields == {"text": "gun"}
    assert kept.files in ([(True, b"picture")], []), "another name makes it another field's"


def test_no_file_chosen_has_no_name_and_no_content() -> None:
    _, kept, _ = read(field("text", "gun") + file(b"", "") + END)
    assert kept.files == [(False, b"")]


def test_bytes_that_are_no_text_are_replaced() -> None:
    fields, _, _ = read(field("text", b"he has\xed\xa0\x80 a\x00 kn\xc3\xadfe\xf0\x9f") + END)
    assert fields["text"].startswith("he has\ufffd")
    assert fields["text"].endswith("a\x00 knífe\ufffd")
    fields["text"].encode("utf-8")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"text=gun&once=1", id="another kind"),
        pytest.param(b"--" + BOUNDARY.encode() + b"\r\nno colon here\r\n\r\nx", id="no header"),
        pytest.param(opened("x" * 100_000), id="endless header"),
        pytest.param(b"--" + BOUNDARY.encode() + b"\r\n" + b"X-A: b\r\n" * 1000, id="endless headers"),
    ],
)
def test_what_is_no_form_breaks(body: bytes) -> None:
    with pytest.raises(Broken):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        field("text", "gun"),
        field("text", "gun") + file(b"half"),
        form({"text": "gun"})[:-5],
        field("text", "gun") + b"--" + BOUNDARY.encode() + b"xx--\r\n",
    ],
    ids=["nothing", "after a field", "after a file", "in its last line", "another boundary"],
)
def test_a_form_without_its_end_is_not_whole(body: bytes) -> None:
    _, _, reading = read(body)
    with pytest.raises(Broken):
        reading.end()


@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 5000}"],
    ids=["none", "empty", "endless"],
)
def test_a_form_without_a_boundary_breaks(kind: str) -> None:
    with pytest.raises(Broken):
        Reading(kind, {}, Kept())


def test_what_is_typed_is_bounded_in_all_and_in_number() -> None:
    half = "x" * (BODY_BYTES // 2)
    assert len(read(field("text", half) + field("where", half) + END)[0]) == 2
    with pytest.raises(TooMuchTyped):
        read(field("text", half) + field("where", half + "x") + END)
    many = [field(str(number), "x") for number in range(MOST_FIELDS)]
    assert len(read(b"".join([*many, END]))[0]) == MOST_FIELDS
    with pytest.raises(TooMuchTyped):
        read(b"".join([*many, field("one more", "x"), END]))
