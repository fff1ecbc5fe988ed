"""SMS by Twilio: signed webhooks in, texts out.

Nothing of a webhook is looked at before its signature verifies. FromCity, FromState and FromZip give a person away in
a small town as well as a number does, so they never leave this module. Source: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote

from pydantic import SecretStr
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageList
from twilio.twiml.messaging_response import MessagingResponse

from channels.keywords import keyword_of
from channels.twilio_client import STATUSES, TwilioAccount, close, translated
from gateway.core.errors import BadInput, Forged
from gateway.core.messages import Inbound, Outbound, Status
from gateway.core.times import Clock

CHANNEL = "sms"
INBOUND_PATH, STATUS_PATH = "/sms/inbound", "/sms/status"


@dataclass(frozen=True)
class WebhookSecrets:
    """What one account's webhooks are signed with: its auth token (SHA-1) or a secret of their own (SHA-256).

    `account` is ours of its names: `reporters` or `paging`.
    """

    account: str
    auth_token: SecretStr | None
    shared_secret: SecretStr | None


@dataclass(frozen=True)
class SmsIntake:
    """What the webhooks need: secrets by account SID, the public URL that Twilio was given, what to do with a text.

    `receive` stores a text and answers when it is on disk; `report` takes account, reference, SID, status and error
    code; `stored` is called after an answer is certain.
    """

    accounts: Mapping[str, WebhookSecrets] = field(repr=False)
    public_url: str
    clock: Clock
    receive: Callable[[Inbound], Awaitable[object]]
    report: Callable[[str, str, str, Status, str | None], Awaitable[object]]
    stored: Callable[[], None]

    async def inbound(self, request: Request) -> Response:
        """Take in a text: `POST /sms/inbound`. It is on disk before Twilio is told that all is well."""
        form, _ = await self._verified(request)
        await self.receive(self._parse(form))
        self.stored()
        return Response(_nothing_to_say(), media_type="text/xml")

    async def status(self, request: Request) -> Response:
        """Take in how a text of ours fared: `POST /sms/status`, with the reference that we gave as `send`."""
        form, account = await self._verified(request)
        status = STATUSES.get(_one(form, "MessageStatus"))
        if status is not None:
            reference, sid = request.query_params.get("send", ""), _one(form, "MessageSid")
            await self.report(account, reference, sid, status, _one(form, "ErrorCode") or None)
        return Response(status_code=204)

    async def _verified(self, request: Request) -> tuple[FormData, str]:
        """Read the form of a webhook that Twilio signed over its URL and all its parameters, and whose account it is.

        The URL is the one that Twilio was given, not the one that a proxy passed on. Raises: Forged.
        """
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Forged  # Twilio sends nothing else, and uploads would be spilled to disk before they are refused.
        form = await request.form(max_fields=500)
        known = self.accounts.get(_one(form, "AccountSid"))
        algorithm = get_signature_algorithm(request.headers.get(SIGNATURE_SETTINGS_HEADER, ""))
        secret = known and (known.shared_secret if algorithm.upper() == HMAC_SHA256 else known.auth_token)
        if not known or not secret:
            raise Forged
        target = request.scope["raw_path"].decode("ascii")
        query = request.scope["query_string"].decode("ascii")
        url = f"{self.public_url}{target}?{query}" if query else f"{self.public_url}{target}"
        validator = RequestValidator(secret.get_secret_value())
        if not validator.validate(url, form, request.headers.get(SIGNATURE_HEADER, ""), algorithm):
            raise Forged
        return form, known.account

    def _parse(self, form: FormData) -> Inbound:
        """Keep of a webhook what the house needs, and nothing else."""
        sid, sender = _one(form, "MessageSid"), _one(form, "From")
        if not sid or not sender:
            raise BadInput("MessageSid and From are needed.")
        text = _one(form, "Body")
        count = _one(form, "NumMedia")
        media = [
            (_one(form, f"MediaContentType{n}"), _one(form, f"MediaUrl{n}"))
            for n in range(min(int(count), 50) if count.isascii() and count.isdigit() else 0)
        ]
        return Inbound(
            channel=CHANNEL,
            provider_sid=sid,
            sender=sender,
            recipient=_one(form, "To"),
            text=text,
            received_at=self.clock(),
            media=tuple(media),
            keyword=keyword_of(text, _one(form, "OptOutType")),
        )


def routes(intake: SmsIntake) -> list[Route]:
    """List the webhooks of this channel."""
    return [
        Route(INBOUND_PATH, intake.inbound, methods=["POST"]),
        Route(STATUS_PATH, intake.status, methods=["POST"]),
    ]


class TwilioSender:
    """Sends texts from one account. Source: https://www.twilio.com/docs/messaging/api/message-resource."""

    def __init__(self, account: TwilioAccount, public_url: str) -> None:
        """Bind to an account; Twilio reports how texts fare to `public_url`."""
        self._client: Client = account.client()
        # Asking for `messages` loads the better part of the client: now, not when the first page is urgent.
        self._messages: MessageList = self._client.messages
        self._callback = f"{public_url}{STATUS_PATH}?send="

    def send(self, message: Outbound) -> str:
        """Hand a text to Twilio; the answer is its MessageSid. Raises: SendError."""
        try:
            sent = self._messages.create(
                to=message.to,
                from_=message.sender,
                body=message.text,
                status_callback=self._callback + quote(message.reference),
            )
        except Exception as error:  # noqa: BLE001 - the client lets requests' errors through as they are
            raise translated(error) from None
        return str(sent.sid)

    def close(self) -> None:
        """Let go of the connections."""
        close(self._client)


def sign(url: str, params: Mapping[str, str], secret: str, algorithm: str = HMAC_SHA1) -> dict[str, str]:
    """Make the headers of a webhook as Twilio signs it, for `tipline text`.

    `secret` is the auth token with HMAC-SHA1, the webhook secret with HMAC-SHA256.
    """
    headers = {SIGNATURE_HEADER: RequestValidator(secret).compute_signature(url, params, algorithm)}
    return headers if algorithm == HMAC_SHA1 else {**headers, SIGNATURE_SETTINGS_HEADER: f"algorithm={algorithm}"}


@cache
def _nothing_to_say() -> str:
    """Write the answer of every text once: what a reporter reads from us is sent, not answered."""
    return str(MessagingResponse())


def _one(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
