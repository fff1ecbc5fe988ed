"""Alerts by e-mail: what people read, and relays of every temper."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest

from exports import cap
from responders.escalation.delivering import Item
from responders.escalation.mailing import Mailing, written
from tests.support.receivers import dripping
from tests.support.warners import Warners, fates, sent


def test_mail_says_what_people_must_know_and_brings_the_document(warners: Warners) -> None:
    warners.target("mail", "desk@district.example")
    with relay() as (url, letters):
        warners.ways = {"mail": Mailing(url, "alerts@district.example")}
        alert_id = sent(warners, status="Test")
        warners.deliver()
    assert fates(warners) == [("mail", "delivered", "smtp-250")]
    (letter,) = letters
    assert letter["Subject"] == "[TEST] TEST: Lockdown at Lincoln High School"
    assert letter["To"] == "desk@district.example"
    assert letter["Date"].datetime == warners.read(alert_id).sent
    body = letter.get_body(("plain",))
    assert body is not None
    assert "This is a test. There is no danger." in body.get_content()
    assert "Cierre de emergencia" in body.get_content()
    (attached,) = letter.iter_attachments()
    assert attached.get_content_type() == cap.CONTENT_TYPE
    assert attached.get_content() == warners.row(alert_id).document


@pytest.mark.parametrize("bye", ["421 too many connections", ""], ids=["refused", "hung up"])
def test_mail_that_was_taken_is_not_sent_again_however_the_relay_says_goodbye(warners: Warners, bye: str) -> None:
    warners.target("mail", "desk@district.example")
    with relay(bye) as (url, letters):
        warners.ways = {"mail": Mailing(url, "alerts@district.example")}
        sent(warners)
        warners.deliver()
    assert fates(warners) == [("mail", "delivered", "smtp-250")]
    assert len(letters) == 1


def test_mail_that_no_relay_takes_is_tried_again(warners: Warners) -> None:
    warners.target("mail", "desk@district.example")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    warners.ways = {"mail": Mailing(f"smtp://127.0.0.1:{port}", "alerts@district.example")}
    sent(warners)
    warners.deliver()
    assert fates(warners) == [("mail", "queued", "connection")]


@pytest.mark.parametrize("said", [b"220-not yet\r\n", b"2", b""], ids=["lines", "letters", "nothing"])
def test_mail_to_a_relay_that_never_comes_to_an_end_has_one_deadline(warners: Warners, said: bytes) -> None:
    warners.target("mail", "desk@district.example")
    with dripping(said, 0.05) as url:
        relay_url = f"smtp://{url.split('/')[2]}"
        warners.ways = {"mail": Mailing(relay_url, "alerts@district.example", seconds=0.5)}
        sent(warners)
        warners.deliver()
        assert fates(warners) == [("mail", "queued", "timeout")]


def test_mail_subject_cannot_be_broken_into_headers(warners: Warners) -> None:
    alert_id = sent(warners)
    document = (warners.row(alert_id).document or b"").replace(
        b"<headline>Lockdown at", b"<headline>Lockdown&#10;Bcc: x@y.example&#10; at"
    )
    letter = written(Item("d", "mail", "i", "demo", "Actual", "desk@d.example", "t", document), "a@d.example")
    assert "\n" not in letter["Subject"]
    assert letter["Bcc"] is None


@contextmanager
def relay(bye: str = "221 bye") -> Iterator[tuple[str, list[EmailMessage]]]:
    """Run the least of an SMTP server, for one letter; `bye` is its answer to QUIT, none when it is empty."""
    letters: list[EmailMessage] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as file:
            _say(file, "220 relay")
            for line in file:
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"DATA":
                    _say(file, "354 go on")
                    lines = []
                    while (row := file.readline()) not in {b".\r\n", b""}:
                        lines.append(row.removeprefix(b".") if row.startswith(b"..") else row)
                    letters.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
                if verb != b"QUIT":
                    _say(file, "250 ok")
                    continue
                if bye:
                    _say(file, bye)
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}", letters
        thread.join(10)
    finally:
        listener.close()


def _say(file: Any, text: str) -> None:
    file.write(f"{text}\r\n".encode())
    file.flush()
