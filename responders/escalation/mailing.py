"""E-mail: the alert as people read it, the document attached, through the relay that the operator configured."""

from __future__ import annotations

import contextlib
import io
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from exports import cap
from gateway.core import http
from gateway.core.characters import showable
from gateway.core.messages import SendError
from responders.escalation.delivering import Item

SECONDS = 20.0
"""How long one letter may take in all: looking the relay up, each of its addresses, and all that it answers."""
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class Mailing:
    """The worker's way by e-mail. `url` is `smtps://user:password@host:port`, or `smtp://…` with STARTTLS.

    Only to this very machine may `smtp` go without TLS.
    """

    url: str = field(repr=False)
    sender: str
    seconds: float = SECONDS

    def send(self, item: Item) -> str:
        """Hand a message to the relay; the receipt is its code. Raises: SendError."""
        letter = written(item, self.sender)
        until = time.monotonic() + self.seconds
        try:
            self._hand_over(letter, until)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise SendError(f"smtp-{code}", retryable=code < 500) from None
        except smtplib.SMTPResponseException as error:
            raise SendError(f"smtp-{error.smtp_code}", retryable=True) from None
        except (smtplib.SMTPException, OSError) as error:
            late = isinstance(error, TimeoutError) or time.monotonic() >= until
            raise SendError("timeout" if late else "connection", retryable=True) from None
        return "smtp-250"

    def _hand_over(self, letter: EmailMessage, until: float) -> None:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        name, trust = self.sender.rpartition("@")[2], ssl.create_default_context()
        if parts.scheme == "smtps":
            relay: _Timed = _TimedTls(until, host, port, local_hostname=name, context=trust)
        else:
            relay = _Timed(until, host, port, local_hostname=name)
        try:
            if parts.scheme == "smtp":
                relay.ehlo()
                if relay.has_extn("starttls") or host not in {"127.0.0.1", "::1", "localhost"}:
                    relay.starttls(context=trust)
            if parts.username:
                relay.login(unquote(parts.username), unquote(parts.password or ""))
            relay.send_message(letter)
            # It has the letter now: however it says goodbye, the same letter must not go again.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                relay.quit()
        finally:
            relay.close()


class _Timed(smtplib.SMTP):
    """A connection to a relay each of whose waits ends when its letter must be over.

    A time-out of a socket is one of each step, so that a relay that says a little now and then would last for ever.
    The name by which we greet is given: to find one, `smtplib` would ask a name server, for as long as that takes.
    """

    def __init__(self, until: float, host: str, port: int, **more: Any) -> None:
        self._until = until
        super().__init__(host, port, **more)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Waiting(self.sock, self._left))
        return super().getreply()

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._left())
        super().send(s)

    def _get_socket(self, host: str, port: int, _timeout: object) -> socket.socket:
        """Try each of the relay's addresses; one that is silent leaves the next its share of the time."""
        failed: OSError = ConnectionError()
        addresses = http.resolve(host, port)
        for tried, address in enumerate(addresses):
            try:
                found: socket.socket = super()._get_socket(address, port, self._left() / (len(addresses) - tried))  # type: ignore[misc]
            except OSError as error:
                failed = error
            else:
                return found
        raise failed

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


class _Waiting(io.RawIOBase):
    """What a relay says, waited for as long as there is time left."""

    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        self._connection, self._left = connection, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._left())
        return self._connection.recv_into(buffer)


def written(item: Item, sender: str) -> EmailMessage:
    """Write the message, with the date of the alert. Its id is the delivery's, so that a repeat can be told."""
    alert = cap.read(item.document)
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, item.address
    letter["Subject"] = _subject(alert)
    letter["Date"] = alert.sent
    letter["Message-ID"] = f"<{item.delivery_id}@{sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("\n\n———\n\n".join(_told(info) for info in alert.infos) or f"{alert.msg_type}\n")
    kind, _, sub = cap.CONTENT_TYPE.partition("/")
    letter.add_attachment(item.document, maintype=kind, subtype=sub, filename=f"{alert.identifier}.xml")
    return letter


def _subject(alert: cap.Alert) -> str:
    headline = (alert.infos[0].headline or alert.infos[0].event) if alert.infos else alert.msg_type.value
    mark = "" if alert.status is cap.Status.ACTUAL else f"[{alert.status.upper()}] "
    return " ".join(showable(f"{mark}{headline}").split())


def _told(info: cap.Info) -> str:
    places = ", ".join(area.area_desc for area in info.areas)
    until = info.expires.strftime("%Y-%m-%d %H:%M %z") if info.expires else ""
    parts = (info.headline or info.event, info.description, info.instruction, places, until, info.contact, info.web)
    return "\n\n".join(part for part in parts if part)
