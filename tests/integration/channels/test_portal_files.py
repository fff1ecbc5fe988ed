"""Files through the portal: sealed from their first byte, stored once with their words. On both databases."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from gateway.core import conversation
from gateway.core.errors import KeyRefused
from gateway.core.media import erasing, sealing
from gateway.core.media.folder import Folder
from gateway.core.media.records import Attachment
from gateway.core.records import Copy, Event, Message, Thread
from gateway.core.times import utc_now
from tests.integration.channels.conftest import LINCOLN
from tests.support import files, multipart
from tests.support.files import MARK
from tests.support.page_forms import Form, receipt_of, tree
from tests.support.world import World

NAME = f"{MARK}.jpg"


def on_store(store: Folder) -> set[str]:
    return set(store.names(utc_now() + timedelta(days=1)))


def rows(world: World) -> list[Attachment]:
    with world.database.read() as session:
        return list(session.scalars(select(Attachment).order_by(Attachment.at, Attachment.position)))


def count(world: World, table: type) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def opened(world: World, store: Folder, row: Attachment, process: str = "worker") -> bytes:
    bound = row.bound("original_key")
    return b"".join(sealing.read(store, world.keys[process], row.original, row.original_key_sealed, bound))


def said(client: TestClient, receipt: str) -> list[str]:
    page = client.post("/back", data={"receipt": receipt}).text
    return [str(one.text_content()) for one in tree(page).xpath("//*[@id='said']//*[@class='words']")]


def test_a_form_with_files_is_sent_in_parts_and_others_are_not(client: TestClient) -> None:
    receipt = receipt_of(Form.of(client.get(LINCOLN)).send(client, text="knife").text)
    for page in (client.get(LINCOLN), client.post("/back", data={"receipt": receipt})):
        (form,) = (one for one in tree(page.text).forms if "files" in one.fields)
        assert form.get("enctype") == "multipart/form-data"
        names = [one.get("name") for one in form.xpath(".//*[@name]")]
        assert names[-1] == "files", "all that is typed comes before the first file"


def test_a_report_with_pictures_is_stored_with_them(client: TestClient, world: World, store: Folder) -> None:
    pictures = [files.picture(), files.picture("PNG")]
    page = Form.of(client.get(LINCOLN)).send(client, *pictures, text="he has a knife", where="gym")
    assert page.status_code == 200
    assert "These files did not." not in page.text
    with world.database.read() as session:
        message = session.scalars(select(Message)).one()
        told = session.scalars(select(Event.type).where(Event.type.contains("attachment"))).all()
        words = conversation.words(world.keys["worker"], message)
    assert (message.media_count, words) == (2, "he has a knife\n\nWhere: gym")
    found = rows(world)
    assert [(row.message_id, row.position, row.state, row.kind, row.size) for row in found] == [
        (message.id, 0, "sealed", "jpeg", len(pictures[0])),
        (message.id, 1, "sealed", "png", len(pictures[1])),
    ]
    assert [opened(world, store, row) for row in found] == pictures
    assert told == ["org.tipline.attachment.sealed"] * 2
    assert said(client, receipt_of(page.text)) == ["he has a knife\n\nWhere: gym\n\nFiles sent: 2"]


def test_who_took_it_in_cannot_open_it_with_the_receipt_either(
    client: TestClient, world: World, store: Folder, tmp_path: Path
) -> None:
    replace(Form.of(client.get(LINCOLN)), filename=NAME).send(client, files.picture(), text="look")
    (row,) = rows(world)
    for process in ("intake", "courier", "clock"):
        with pytest.raises(KeyRefused):
            opened(world, store, row, process)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(len(content) > 1000 for content in kept)
    assert not [content for content in kept if MARK.encode() in content or b"Exif" in content]
    assert MARK.encode() in files.picture(), "so it would be found"


def test_no_byte_is_spooled(client: TestClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def spooled(*_: Any, **__: Any) -> Any:
        raise AssertionError("a temporary file")

    for name in ("SpooledTemporaryFile", "TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, spooled)
    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", spooled)
    large = files.picture() + bytes(3_000_000)
    assert Form.of(client.get(LINCOLN)).send(client, large, text="look").status_code == 200
    assert [row.size for row in rows(world)] == [len(large)]


def test_a_picture_needs_no_words(client: TestClient, world: World) -> None:
    page = Form.of(client.get(LINCOLN)).send(client, files.picture(), text=" ")
    assert page.status_code == 200
    receipt = receipt_of(page.text)
    assert said(client, receipt) == ["Files sent: 1"]
    answer = Form.of(client.post("/back", data={"receipt": receipt})).send(client, files.picture("PNG"), text="")
    assert answer.status_code == 200
    assert "Sent. It is with us now." in answer.text
    assert said(client, receipt) == ["Files sent: 1", "Files sent: 1"]
    assert [row.state for row in rows(world)] == ["sealed", "sealed"]


def test_an_answer_brings_files_to_its_own_thread(client: TestClient, world: World, store: Folder) -> None:
    receipt = receipt_of(Form.of(client.get(f"{LINCOLN}?lang=es")).send(client, text="tiene un cuchillo").text)
    form = Form.of(client.post("/back", data={"receipt": receipt, "lang": "es"}))
    first, again = (form.send(client, files.picture(), text="mira esto") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    (row,) = rows(world)
    with world.database.read() as session:
        message = session.get_one(Message, row.message_id)
        assert message.thread_id == session.scalars(select(Thread.id)).one()
    assert on_store(store) == {row.original}, "what came twice was taken back"
    assert said(client, receipt)[1:] == ["mira esto\n\nArchivos mandados: 1"]


def test_the_same_form_with_its_files_is_stored_once(client: TestClient, world: World, store: Folder) -> None:
    form = Form.of(client.get(LINCOLN))
    first, again = (form.send(client, files.picture(), text="he has a knife") for _ in range(2))
    assert receipt_of(first.text) == receipt_of(again.text)
    assert (count(world, Message), count(world, Thread)) == (1, 1)
    (row,) = rows(world)
    assert on_store(store) == {row.original}
    other = form.send(client, files.picture("PNG"), text="he has a knife")
    assert receipt_of(other.text) == receipt_of(first.text)
    assert (count(world, Message), count(world, Thread), len(rows(world))) == (2, 1, 2), "another picture is news"


def test_the_page_after_a_script_sent_it_is_found_by_its_form_alone(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    receipt = receipt_of(form.send(client, files.picture(), text="he has a knife", script="yes").text)
    again = {"once": form.fields["once"], "again": "yes", "lost": "2-too_large 3-<b>"}
    page = client.post(form.action, data=again)
    assert (page.status_code, receipt_of(page.text)) == (200, receipt)
    assert "It is too big." in page.text
    assert "&lt;b&gt;" not in page.text
    assert count(world, Message) == 1
    unknown = client.post(form.action, data={"once": "0" * 32, "again": "yes"})
    assert tree(unknown.text).xpath("//textarea[@name='text']")
    back = client.post("/back", data={"receipt": receipt, "said": "yes", "lost": "1-empty"})
    assert "Sent. It is with us now." in back.text
    assert "It was empty." in back.text
    assert count(world, Message) == 1


def test_the_worker_is_woken_for_files_as_for_words(serve: Callable[..., TestClient]) -> None:
    woken: list[None] = []
    client = serve(stored=lambda: woken.append(None))
    Form.of(client.get(LINCOLN)).send(client, files.picture(), text="")
    assert woken == [None]


def test_no_name_of_a_file_is_kept_shown_or_logged(
    client: TestClient, world: World, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = 'OAK-STREET-MARK"\r\nSet-Cookie: a=b\r\nX-Evil: <script>'
    body = multipart.field("once", Form.of(client.get(LINCOLN)).fields["once"]) + multipart.field("text", "knife")
    body += (
        multipart.file(b"\xff\xd8\xff plain", name) + multipart.file(b"\xff\xd8\xff", b"\xed\xa0\x80") + multipart.END
    )
    page = client.post(LINCOLN, content=body, headers={"content-type": multipart.CONTENT_TYPE})
    assert page.status_code == 200
    assert not {"set-cookie", "x-evil"} & set(page.headers)
    assert "OAK" not in page.text
    assert [row.state for row in rows(world)] == ["sealed", "sealed"]
    with world.database.read() as session:
        told = [str(data) for data in session.scalars(select(Event.data))]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [one for one in (*told, *capfd.readouterr()) if "OAK" in one]
    assert not [one for one in kept if b"OAK" in one]


def test_what_no_row_names_after_a_fault_is_swept(
    serve: Callable[..., TestClient], world: World, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    client = serve()
    form = Form.of(client.get(LINCOLN))
    with monkeypatch.context() as patch:
        patch.setattr("gateway.core.media.incoming.attach", fail)
        assert form.send(client, files.picture(), text="he has a knife").status_code == 500
    assert (count(world, Message), count(world, Copy)) == (0, 0), "words and files are stored together or not at all"
    assert len(on_store(store)) == 1
    assert form.send(client, files.picture(), text="he has a knife").status_code == 200
    erasing.sweep(world.of("worker"), store, utc_now() + timedelta(days=3))
    assert on_store(store) == {row.original for row in rows(world)}


def film(typed: bytes, until: list[Any], pieces: int = 2_000) -> Iterator[bytes]:
    """Send a form whose film does not end before something has happened, or before so many pieces."""
    yield typed + multipart.opened("film.mp4") + b"\xff\xd8\xff"
    for _ in range(pieces):
        yield b"."
        if until:
            break
    yield b"\r\n" + multipart.END


@pytest.mark.parametrize(
    "text",
    ["he has a gun", "she wont be here next week she gave me her necklace", "the door is broken"],
    ids=["urgent at first look", "critical for the engine alone", "calm"],
)
def test_words_do_not_wait_for_a_film(serve: Callable[..., TestClient], world: World, text: str) -> None:
    """They are stored, and the worker is woken, while the film is still coming; and again when it is here."""
    woken: list[int] = []
    client = serve(soon_seconds=0.0, stored=lambda: woken.append(count(world, Attachment)))
    once = "0123456789abcdef" * 2
    typed = multipart.field("once", once) + multipart.field("text", text)
    status, page = multipart.broken_off(client.app, LINCOLN, film(typed, woken), gone=True)
    assert status == 200
    with world.database.read() as session:
        messages = session.scalars(select(Message).order_by(Message.media_count)).all()
        words = [conversation.words(world.keys["worker"], one) for one in messages]
    assert words == [text, text]
    assert [one.media_count for one in messages] == [0, 1]
    assert woken == [0, 1]
    same = b"\xff\xd8\xff".ljust(rows(world)[0].size, b".")
    again = Form(LINCOLN, {"once": once}).send(client, same, text=text)
    assert receipt_of(again.text) == receipt_of(page)
    assert (count(world, Thread), count(world, Message)) == (1, 2)


@pytest.mark.parametrize("typed", [{"text": " "}, {"text": "x" * 20_001}], ids=["no words", "too many"])
def test_what_cannot_be_taken_is_not_taken_before_its_film(
    serve: Callable[..., TestClient], world: World, typed: dict[str, str]
) -> None:
    woken: list[int] = []
    client = serve(soon_seconds=0.0, stored=lambda: woken.append(count(world, Attachment)))
    fields = b"".join(multipart.field(name, value) for name, value in typed.items())
    status, _ = multipart.broken_off(client.app, LINCOLN, film(fields, woken, 50), gone=True)
    assert (status, woken) in ((200, [1]), (413, []))
    assert count(world, Message) == len(woken)


@pytest.mark.parametrize("asked", ["switch", "again"])
def test_a_form_that_asks_for_a_page_alone_is_not_taken_before_its_film(
    serve: Callable[..., TestClient], world: World, asked: str
) -> None:
    woken: list[None] = []
    client = serve(soon_seconds=0.0, stored=lambda: woken.append(None))
    typed = multipart.field(asked, "yes") + multipart.field("text", "he has a gun")
    assert multipart.broken_off(client.app, LINCOLN, film(typed, woken, 200), gone=True)[0] == 200
    assert (woken, count(world, Message)) == ([], 0)


@pytest.mark.parametrize("text", ["he has a gun", "it was in the gym"])
def test_an_answer_does_not_wait_either(serve: Callable[..., TestClient], world: World, text: str) -> None:
    client = serve()
    receipt = receipt_of(Form.of(client.get(LINCOLN)).send(client, text="the door is broken").text)
    woken: list[None] = []
    slow = serve(soon_seconds=0.0, stored=lambda: woken.append(None))
    typed = multipart.field("receipt", receipt) + multipart.field("text", text)
    assert multipart.broken_off(slow.app, "/back/answer", film(typed, woken), gone=True)[0] == 200
    assert len(woken) == 2
    assert said(client, receipt) == ["the door is broken", text, f"{text}\n\nFiles sent: 1"]
