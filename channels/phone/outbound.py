"""A message from the product to a phone: is it allowed, does it arrive, and who is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import phonenumbers

from channels.phone.config import Account, Line
from channels.phone.errors import ApiError
from channels.phone.hooks import describe_status
from channels.phone.kit import Kit
from channels.phone.records import FINAL, Bubble, Message, count_segments

MAX_CHARACTERS = 1600
SHORT_CODE = re.compile(r"\d{5,6}")
STEPS = ("queued", "sent", "delivered")


@dataclass(frozen=True)
class Draft:
    """What the product asks to be sent, before anything is checked."""

    to: str
    body: str
    sender: str = ""
    service_sid: str = ""
    status_callback: str = ""
    num_media: int = 0
    direction: str = "outbound-api"


def normalize_recipient(to: str) -> str:
    """Bring a recipient to E.164, reading what has no country code as American; short codes stay as they are.

    Raises: ApiError 21604 when there is none, 21211 when it cannot be a number.
    """
    if not to:
        raise ApiError(21604)
    if SHORT_CODE.fullmatch(to):
        return to
    try:
        number = phonenumbers.parse(to, "US")
    except phonenumbers.NumberParseException as error:
        raise ApiError(21211) from error
    if not phonenumbers.is_possible_number(number):
        raise ApiError(21211)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class Sender:
    """Accepts messages for phones and carries them there, step by step, in the background."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._to_line: Callable[[str, Line, str], Any] | None = None

    def hand_lines_to(self, receive: Callable[[str, Line, str], Any]) -> None:
        """Say who takes a text (sender, line, body) whose recipient is not a phone but one of our own lines."""
        self._to_line = receive

    def send(self, account: Account, draft: Draft) -> Message:
        """Accept a message and start its journey.

        Raises: ApiError as Twilio would: 21211, 21602, 21603, 21604, 21606, 21609, 21610, 21614, 21617, 21660, 21701.
        """
        to = normalize_recipient(draft.to)
        sender = self._choose_sender(account, draft)
        self._check(draft, sender, to)
        now = self._kit.now()
        message = Message(
            sid=("MM" if draft.num_media else "SM") + self._kit.new_hex(16),
            account_sid=account.sid,
            sender=sender,
            recipient=to,
            body=draft.body,
            direction=draft.direction,
            status="accepted" if draft.service_sid else "queued",
            created_at=now,
            updated_at=now,
            num_media=draft.num_media,
            num_segments=count_segments(draft.body),
            service_sid=draft.service_sid or None,
            status_callback=draft.status_callback or None,
        )
        self._kit.store.add_message(message)
        self._kit.timers.after(self._kit.config.step_seconds, partial(self._carry, message, STEPS))
        return message

    def _choose_sender(self, account: Account, draft: Draft) -> str:
        if draft.service_sid and draft.service_sid != account.messaging_service_sid:
            raise ApiError(21701)
        if not draft.sender:
            lines = self._kit.config.lines_of(account.sid)
            if not draft.service_sid or not lines:
                raise ApiError(21603)
            return lines[0].number
        line = self._kit.config.line(draft.sender)
        if line is None:
            raise ApiError(21606)
        if line.account_sid != account.sid:
            raise ApiError(21660)
        return line.number

    def _check(self, draft: Draft, sender: str, to: str) -> None:
        if not draft.body and not draft.num_media:
            raise ApiError(21602)
        if len(draft.body) > MAX_CHARACTERS:
            raise ApiError(21617)
        if sender == to:
            raise ApiError(21266)
        if draft.status_callback:
            url = urlsplit(draft.status_callback)
            if url.scheme not in {"http", "https"} or not url.hostname:
                raise ApiError(21609)
        if self._kit.faults.number_fault(to) == 21614:
            raise ApiError(21614)
        if self._kit.store.is_opted_out(sender, to):
            raise ApiError(21610)

    def resume(self) -> None:
        """Carry on with what was on its way when the carrier last stopped."""
        for message in self._kit.store.list_unfinished():
            steps = STEPS[STEPS.index(message.status) + 1 :] if message.status in STEPS else STEPS
            self._kit.timers.after(0, partial(self._carry, message, steps))

    def _carry(self, message: Message, steps: Iterable[str]) -> None:
        """Take a message through its steps at once, then tell of them in the order the faults ask for."""
        told = [at for step in steps if (at := self._step(message, step)) is not None]
        if not message.status_callback:
            return
        faults = self._kit.faults.settings
        told = [at for at in told for _ in range(faults.callback_times)]
        if faults.callback_order == "reversed":
            told.reverse()
        self._kit.timers.after(faults.callback_delay_seconds, partial(self._tell, told))

    def _step(self, message: Message, step: str) -> Message | None:
        code = self._kit.faults.number_fault(message.recipient) if step == "delivered" else None
        if code is not None:
            return self._kit.store.set_status(message.sid, "undelivered", self._kit.now(), code)
        if step == "delivered":
            self._arrive(message)
        return self._kit.store.set_status(message.sid, step, self._kit.now())

    def _arrive(self, message: Message) -> None:
        line = self._kit.config.line(message.recipient)
        if line is None:
            self._show(message)
        elif self._to_line is not None:
            # For the line it is a message like any other: with a SID of its own, and its webhook.
            self._kit.timers.after(0, partial(self._to_line, message.sender, line, message.body))

    def _show(self, message: Message) -> None:
        phone, line = message.recipient, message.sender
        if self._kit.store.add_bubble(
            Bubble(message.sid, phone, line, "received", message.body, self._kit.now(), "delivered")
        ):
            self._kit.live.tell(kind="message", phone=phone, line=line, sid=message.sid)

    def _tell(self, told: list[Message]) -> None:
        """Post status callbacks one after another; a failed one is not retried, as at Twilio."""
        for at in told:
            account = self._kit.config.account(at.account_sid)
            if account is None or at.status_callback is None:
                continue
            answer = self._kit.poster.post(account, at.status_callback, describe_status(at))
            if answer.alert is not None:
                self._kit.warn(answer.alert, "A status callback was not taken", at.sid)

    def say(self, line: str, phone: str, body: str) -> None:
        """Put the carrier's own words on a phone: no record in the API, no callback, no opt-out asked."""
        bubble = Bubble("SM" + self._kit.new_hex(16), phone, line, "received", body, self._kit.now(), "delivered")
        self._kit.store.add_bubble(bubble)
        self._kit.live.tell(kind="message", phone=phone, line=line, sid=bubble.sid)

    def update(self, message: Message, body: str | None, status: str | None) -> None:
        """Redact or cancel a message.

        Raises: ApiError 20009 when it is still on its way, 30409 when it is too late to cancel.
        """
        if status is not None:
            raise ApiError(30409)
        if body == "":
            self._require_final(message)
            self._kit.store.redact(message.sid, self._kit.now())

    def delete(self, message: Message) -> None:
        """Delete a message at the carrier.

        Raises: ApiError 20009 when it is still on its way.
        """
        self._require_final(message)
        self._kit.store.delete(message.sid)

    def _require_final(self, message: Message) -> None:
        # "sent" is as far as many handsets ever report, so Twilio counts it as completed.
        if message.status not in FINAL | {"sent"}:
            raise ApiError(20009)
