"""E-mail: the alert as people read it, the document attached, through the relay that the operator configured."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from exports import cap
from gateway.core.characters import showable
from gateway.core.messages import SendError
from responders.escalation.delivering import Item

SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class Mailing:
    """The worker's way by e-mail. `url` is `smtps://user:password@host:port`, or `smtp://…` with STARTTLS.

    Only to this very machine may `smtp` go without TLS.
    """

    url: str = field(repr=False)
    sender: str

    def send(self, item: Item) -> str:
        """Hand a message to the relay; the receipt is its code. Raises: SendError."""
        letter = written(item, self.sender)
        try:
            relay = self._connect()
            try:
                relay.send_message(letter)
                # It has the letter now: however it says goodbye, the same letter must not go again.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    relay.quit()
            finally:
                relay.close()
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise SendError(f"smtp-{code}", retryable=code < 500) from None
        except smtplib.SMTPResponseException as error:
            raise SendError(f"smtp-{error.smtp_code}", retryable=True) from None
        except (smtplib.SMTPException, OSError) as error:
            raise SendError("timeout" if isinstance(error, TimeoutError) else "connection", retryable=True) from None
        return "smtp-250"

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        trust = ssl.create_default_context()
        if parts.scheme == "smtps":
            relay: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=trust)
        else:
            relay = smtplib.SMTP(host, port, timeout=SECONDS)
            relay.ehlo()
            if relay.has_extn("starttls") or host not in {"127.0.0.1", "::1", "localhost"}:
                relay.starttls(context=trust)
        if parts.username:
            relay.login(unquote(parts.username), unquote(parts.password or ""))
        return relay


def written(item: Item, sender: str) -> EmailMessage:
    """Write the message. Its id is the delivery's, so that a relay or a reader can tell a repeat."""
    alert = cap.read(item.document)
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, item.address
    letter["Subject"] = _subject(alert)
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
