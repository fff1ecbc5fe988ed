"""Twilio's own record of our messages: listed for what a webhook failed to bring, deleted once it is safe here.

FromCity and the like are not part of a listed message; what else the record has beside our `Inbound` is dropped here.
Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from channels.keywords import keyword_of
from channels.twilio_client import STATUSES, TwilioAccount, close, told_time, translated
from gateway.core.messages import Inbound, Listing, Status

CHANNEL = "sms"
PAGE_SIZE = 1000
"""The most that Twilio gives at once."""


class TwilioMailbox:
    """The messages of one account."""

    def __init__(
        self, account: TwilioAccount, page_size: int = PAGE_SIZE, on_answer: Callable[[], object] = lambda: None
    ) -> None:
        """Bind to an account; nothing is asked of Twilio yet. `on_answer` is called at each page and answer."""
        self._client: Client = account.client(on_answer=on_answer)
        self._page_size = page_size

    def inbound_since(self, line: str, moment: datetime) -> Listing:
        """List all texts to a line that Twilio took in from `moment` on, every page of them. Raises: SendError."""
        try:
            listed = self._client.messages.list(to=line, date_sent_after=moment, page_size=self._page_size)
        except Exception as error:  # noqa: BLE001 - the client lets requests' errors through as they are
            raise translated(error) from None
        as_of = told_time(self._client)
        texts = [message for message in listed if str(message.direction) == "inbound" and message.sid]
        # Twilio lists the newest first.
        found = [self._read(message, as_of or moment) for message in texts[::-1]]
        return Listing(_in_order(found), as_of)

    def fate(self, sid: str) -> tuple[Status, str | None] | None:
        """Ask how a text of ours fared: its status, and Twilio's error code when it failed. Raises: SendError."""
        try:
            message = self._client.messages(sid).fetch()
        except Exception as error:  # noqa: BLE001 - as above
            raise translated(error) from None
        status = STATUSES.get(str(message.status))
        return (status, str(message.error_code) if message.error_code else None) if status else None

    def delete(self, sid: str) -> None:
        """Delete a message: files, number, words and record; what is gone already is well. Raises: SendError."""
        try:
            if sid.startswith("MM"):
                for file in self._client.messages(sid).media.list():
                    file.delete()
            self._client.messages(sid).delete()
        except TwilioRestException as error:
            if error.status != requests.codes.not_found:
                raise translated(error) from None
        except Exception as error:  # noqa: BLE001 - as above
            raise translated(error) from None

    def close(self) -> None:
        """Let go of the connections."""
        close(self._client)

    def _read(self, message: MessageInstance, otherwise: datetime) -> Inbound:
        sent = message.date_sent or message.date_created or otherwise
        text = message.body or ""
        return Inbound(
            channel=CHANNEL,
            provider_sid=str(message.sid),
            sender=message.from_ or "",
            recipient=message.to or "",
            text=text,
            received_at=sent.astimezone(UTC),
            media=self._media(message),
            keyword=keyword_of(text),
        )

    def _media(self, message: MessageInstance) -> tuple[tuple[str, str], ...]:
        """Find where a text's pictures are; its words never wait for them, so a list that fails is noted in place."""
        count = int(message.num_media or 0)
        if not count:
            return ()
        folder = f"https://api.twilio.com{str(message.uri).removesuffix('.json')}/Media"
        try:
            return tuple((item.content_type or "", f"{folder}/{item.sid}") for item in message.media.list(limit=count))
        except Exception:  # noqa: BLE001 - whatever it is: how many there are, and where to ask again, is known
            return (("", f"{folder}.json"),) * count


def _in_order(found: Iterable[Inbound]) -> tuple[Inbound, ...]:
    """Sort by time; Twilio's are whole seconds, so those of one second are set a millisecond apart to stay in order."""
    ordered, seen = [], Counter[datetime]()
    for inbound in sorted(found, key=lambda inbound: inbound.received_at):
        at = inbound.received_at + timedelta(milliseconds=seen[inbound.received_at])
        seen[inbound.received_at] += 1
        ordered.append(replace(inbound, received_at=at))
    return tuple(ordered)
