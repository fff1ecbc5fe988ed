"""A message from a phone to the product: the carrier's keywords first, then the line's webhook, then its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels.phone import twiml
from channels.phone.config import Account, Line
from channels.phone.errors import REFUSALS, ApiError
from channels.phone.hooks import Answer, describe_inbound
from channels.phone.kit import Kit
from channels.phone.media import Media
from channels.phone.outbound import Draft, Sender
from channels.phone.records import Bubble, Message, count_segments, make_clean

# Source: https://help.twilio.com/articles/223134027 (words and default answers)
STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})
HELP_WORDS = frozenset({"HELP", "INFO"})
STOP_ANSWER = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number."
    " Reply START to resubscribe."
)
START_ANSWER = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help."
    " Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP_ANSWER = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


File = tuple[str, bytes]
"""A file as a phone sends it: what it says it is, and its bytes."""


@dataclass(frozen=True)
class Receipt:
    """What became of a text: `webhook_status` is the last HTTP status, None when nobody answered."""

    sid: str
    webhook_status: int | None


class Receiver:
    """Takes what a phone sends."""

    def __init__(self, kit: Kit, sender: Sender) -> None:
        self._kit = kit
        self._sender = sender

    def receive(
        self, phone: str, line: Line, body: str, sid: str | None = None, times: int = 1, files: Sequence[File] = ()
    ) -> Receipt:
        """Take a text from a phone, with files an MMS, and post the webhook `times` times under one MessageSid."""
        account = self._kit.config.account(line.account_sid)
        if account is None:
            raise ValueError("the line belongs to no account")
        now, body = self._kit.now(), make_clean(body)
        message = Message(
            sid=sid or ("MM" if files else "SM") + self._kit.new_hex(16),
            account_sid=account.sid,
            sender=phone,
            recipient=line.number,
            body=body,
            direction="inbound",
            status="received",
            created_at=now,
            updated_at=now,
            sent_at=now,
            num_media=len(files),
            num_segments=count_segments(body),
        )
        self._kit.store.add_message(message)
        if not self._kit.store.list_media(message.sid):
            for content_type, content in files:
                one = Media("ME" + self._kit.new_hex(16), message.sid, account.sid, content_type, content, now)
                self._kit.store.add_media(one)
        bubble = Bubble(message.sid, phone, line.number, "sent", message.body, now, "sending", len(files))
        if self._kit.store.add_bubble(bubble):
            self._kit.live.tell(kind="message", phone=phone, line=line.number, sid=message.sid)
            self._obey_keyword(line, phone, message.body)
        answer = self._post(account, line, message, max(times, self._kit.faults.settings.webhook_times))
        self._kit.store.set_bubble_status(message.sid, "delivered" if answer.ok else "failed")
        self._kit.live.tell(kind="status", phone=phone, line=line.number, sid=message.sid)
        return Receipt(message.sid, answer.status)

    def _obey_keyword(self, line: Line, phone: str, body: str) -> None:
        word = body.strip().upper()
        if word in STOP_WORDS:
            self._kit.store.opt_out(line.number, phone)
            self._sender.say(line.number, phone, STOP_ANSWER)
        elif word in START_WORDS and (word != "YES" or self._kit.store.is_opted_out(line.number, phone)):
            self._kit.store.opt_in(line.number, phone)
            self._sender.say(line.number, phone, START_ANSWER)
        elif word in HELP_WORDS:
            self._sender.say(line.number, phone, HELP_ANSWER)

    def _post(self, account: Account, line: Line, message: Message, times: int) -> Answer:
        params = describe_inbound(message, self._kit.store.list_media(message.sid))
        for _ in range(times):
            answer = self._kit.poster.post(account, line.webhook_url, params)
            if not answer.ok and line.fallback_url:
                self._kit.warn(answer.alert or 11200, "The webhook failed; the fallback was called", message.sid)
                error = {"ErrorCode": str(answer.alert or 11200), "ErrorUrl": line.webhook_url}
                answer = self._kit.poster.post(account, line.fallback_url, {**params, **error})
            if answer.ok:
                self._obey_answer(account, line, message, answer)
            else:
                self._kit.warn(answer.alert or 11200, "The webhook failed", message.sid)
        return answer

    def _obey_answer(self, account: Account, line: Line, message: Message, answer: Answer) -> None:
        try:
            replies = twiml.read(answer.content_type, answer.body)
        except twiml.BadAnswer as error:
            self._kit.warn(error.code, error.text, message.sid)
            return
        for reply in replies:
            draft = Draft(
                to=reply.to or message.sender,
                body=reply.body,
                sender=line.number,
                status_callback=reply.status_callback or "",
                num_media=reply.num_media,
                direction="outbound-reply",
            )
            try:
                self._sender.send(account, draft)
            except ApiError as error:
                self._kit.warn(error.code, REFUSALS[error.code][1], message.sid)
