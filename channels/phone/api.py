"""The part of Twilio's REST API that a messaging product calls.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.phone.config import Account, Line, PhoneConfig
from channels.phone.errors import FAILURES, ApiError
from channels.phone.hooks import API_VERSION
from channels.phone.kit import Kit
from channels.phone.media import Media
from channels.phone.outbound import Draft, Sender
from channels.phone.records import Message
from channels.phone.store import Filters

ROOT = f"/{API_VERSION}/Accounts"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The endpoints, over a store and a sender."""

    def __init__(self, kit: Kit, sender: Sender, started_at: datetime) -> None:
        self._config = kit.config
        self._store = kit.store
        self._sender = sender
        self._started_at = started_at

    def routes(self) -> list[Route]:
        """List the routes; unknown paths below `/2010-04-01/` answer 20404."""
        messages, one = f"{ROOT}/{{account_sid}}/Messages.json", f"{ROOT}/{{account_sid}}/Messages/{{sid}}.json"
        numbers = f"{ROOT}/{{account_sid}}/IncomingPhoneNumbers.json"
        media = f"{ROOT}/{{account_sid}}/Messages/{{sid}}/Media"
        return [
            Route(messages, self._guard(POST=self._create, GET=self._list), methods=_ANY),
            Route(one, self._guard(POST=self._update, GET=self._fetch, DELETE=self._delete), methods=_ANY),
            Route(f"{media}.json", self._guard(GET=self._list_media), methods=_ANY),
            Route(
                f"{media}/{{media_sid}}.json",
                self._guard(GET=self._fetch_media, DELETE=self._delete_media),
                methods=_ANY,
            ),
            Route(f"{media}/{{media_sid}}", self._guard(GET=self._open_media), methods=_ANY),
            Route("/media/{account_sid}/{sid}/{media_sid}", self._serve_media, methods=["GET"]),
            Route(numbers, self._guard(GET=self._list_numbers), methods=_ANY),
            Route(f"{ROOT}/{{account_sid}}.json", self._guard(GET=self._fetch_account), methods=_ANY),
            Route(f"/{API_VERSION}/{{rest:path}}", _miss, methods=_ANY),
        ]

    def _guard(self, **by_method: Callable[[Request, Account, FormData], Response]) -> Endpoint:
        """Make one endpoint of several methods that lets only the account itself in."""

        async def endpoint(request: Request) -> Response:
            account = authenticate(self._config, request)
            work = by_method.get(request.method)
            if work is None:
                raise ApiError(20004)
            async with request.form() as form:
                return await run_in_threadpool(work, request, account, form)

        return endpoint

    def _create(self, _request: Request, account: Account, form: FormData) -> Response:
        draft = Draft(
            to=_text(form, "To"),
            body=_text(form, "Body"),
            sender=_text(form, "From"),
            service_sid=_text(form, "MessagingServiceSid"),
            status_callback=_text(form, "StatusCallback"),
            num_media=len(form.getlist("MediaUrl")),
        )
        return JSONResponse(render_message(self._sender.send(account, draft)), 201)

    def _list(self, request: Request, account: Account, _form: FormData) -> Response:
        size, page, before = _read_page(request)
        query = request.query_params
        day = query.get("DateSent")
        filters = Filters(
            account_sid=account.sid,
            to=query.get("To"),
            sender=query.get("From"),
            sent_from=_read_time(query.get("DateSent>") or day, time.min),
            sent_until=_read_time(query.get("DateSent<") or day, time.max),
            before_seq=before,
        )
        # One more than asked for says whether there is a next page.
        found = self._store.list_messages(filters, size + 1, 0 if before is not None else page * size)
        token = f"PA{found[size - 1].seq:032x}" if len(found) > size else None
        items = [render_message(message) for message in found[:size]]
        return JSONResponse(_render_page(request, "messages", items, size, page, token))

    def _find(self, request: Request, account: Account) -> Message:
        message = self._store.get_message(account.sid, request.path_params["sid"])
        if message is None:
            raise ApiError(20404)
        return message

    def _fetch(self, request: Request, account: Account, _form: FormData) -> Response:
        return JSONResponse(render_message(self._find(request, account)))

    def _update(self, request: Request, account: Account, form: FormData) -> Response:
        body, status = form.get("Body"), form.get("Status")
        self._sender.update(self._find(request, account), _as_text(body), _as_text(status))
        return JSONResponse(render_message(self._find(request, account)))

    def _delete(self, request: Request, account: Account, _form: FormData) -> Response:
        self._sender.delete(self._find(request, account))
        return Response(status_code=204)

    def _list_media(self, request: Request, _account: Account, _form: FormData) -> Response:
        items = [render_media(one) for one in self._store.list_media(request.path_params["sid"])]
        size, page, _ = _read_page(request)
        found = items[page * size : (page + 1) * size]
        return JSONResponse(_render_page(request, "media_list", found, size, page, None))

    def _find_media(self, request: Request) -> Media:
        asked = request.path_params
        for one in self._store.list_media(asked["sid"]):
            if (one.account_sid, one.sid) == (asked["account_sid"], asked["media_sid"]):
                return one
        raise ApiError(20404)

    def _fetch_media(self, request: Request, _account: Account, _form: FormData) -> Response:
        return JSONResponse(render_media(self._find_media(request)))

    def _delete_media(self, request: Request, _account: Account, _form: FormData) -> Response:
        self._store.delete_media(self._find_media(request).sid)
        return Response(status_code=204)

    def _open_media(self, request: Request, account: Account, _form: FormData) -> Response:
        """Point to where the file is, as Twilio does: there nobody asks for credentials."""
        one = self._find_media(request)
        return RedirectResponse(f"/media/{account.sid}/{one.message_sid}/{one.sid}", 307)

    def _serve_media(self, request: Request) -> Response:
        one = self._find_media(request)
        return Response(one.content, media_type=one.content_type)

    def _fetch_account(self, _request: Request, account: Account, _form: FormData) -> Response:
        at = _render_time(self._started_at)
        below = {
            "messages": f"{ROOT}/{account.sid}/Messages.json",
            "incoming_phone_numbers": f"{ROOT}/{account.sid}/IncomingPhoneNumbers.json",
        }
        body = {
            "sid": account.sid,
            "owner_account_sid": account.sid,
            "friendly_name": account.name,
            "auth_token": None,
            "status": "active",
            "type": "Full",
            "date_created": at,
            "date_updated": at,
            "subresource_uris": below,
            "uri": f"{ROOT}/{account.sid}.json",
        }
        return JSONResponse(body)

    def _list_numbers(self, request: Request, account: Account, _form: FormData) -> Response:
        size, page, _before = _read_page(request)
        wanted = request.query_params.get("PhoneNumber")
        lines = [line for line in self._config.lines_of(account.sid) if wanted in (None, line.number)]
        shown = lines[page * size : (page + 1) * size]
        token = f"PA{(page + 1) * size:032x}" if len(lines) > (page + 1) * size else None
        items = [_render_line(line, _render_time(self._started_at)) for line in shown]
        return JSONResponse(_render_page(request, "incoming_phone_numbers", items, size, page, token))


_ANY = ["GET", "POST", "DELETE", "PUT", "PATCH"]


async def _miss(_request: Request) -> Response:
    raise ApiError(20404)


def authenticate(config: PhoneConfig, request: Request) -> Account:
    """Let an account in by its auth token or its API key, and only to its own resources.

    Raises: ApiError 20003.
    """
    refused = ApiError(20003, WWW_Authenticate='Basic realm="Twilio API"')
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        pair = base64.b64decode(given, validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error as error:
        raise refused from error
    account = config.account(request.path_params["account_sid"])
    if account is None:
        raise refused
    pairs = [f"{account.sid}:{account.auth_token}"]
    if account.api_key_sid and account.api_key_secret:
        pairs.append(f"{account.api_key_sid}:{account.api_key_secret}")
    if not any(hmac.compare_digest(pair, known.encode()) for known in pairs):
        raise refused
    return account


def _as_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _text(form: FormData, name: str) -> str:
    return _as_text(form.get(name)) or ""


def _read_page(request: Request) -> tuple[int, int, int | None]:
    """Read page size, page and the sequence number below which a list resumes."""
    query = request.query_params
    try:
        size = min(max(int(query.get("PageSize", DEFAULT_PAGE_SIZE)), 1), MAX_PAGE_SIZE)
        page = max(int(query.get("Page", 0)), 0)
        token = query.get("PageToken")
        return size, page, int(token.removeprefix("PA"), 16) if token else None
    except ValueError as error:
        raise ApiError(20404) from error


def _read_time(text: str | None, of_day: time) -> datetime | None:
    """Read a date (its first or last moment, UTC) or a time; what cannot be read filters nothing, as at Twilio."""
    if not text:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(datetime.fromisoformat(text).date(), of_day, UTC)
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def _render_time(at: datetime | None) -> str | None:
    return format_datetime(at.astimezone(UTC)) if at else None


def _render_page(
    request: Request, key: str, items: list[dict[str, Any]], size: int, page: int, token: str | None
) -> dict[str, Any]:
    asked = [(k, v) for k, v in request.query_params.multi_items() if k not in {"Page", "PageSize", "PageToken"}]

    def link(number: int, **more: str) -> str:
        pairs = [*asked, ("PageSize", str(size)), ("Page", str(number)), *more.items()]
        return f"{request.url.path}?{urlencode(pairs)}"

    return {
        key: items,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(items) - 1, 0),
        "uri": link(page),
        "first_page_uri": link(0),
        "next_page_uri": link(page + 1, PageToken=token) if token else None,
        "previous_page_uri": link(page - 1) if page else None,
    }


def render_message(message: Message) -> dict[str, Any]:
    """Write a message as Twilio's API shows it."""
    uri = f"{ROOT}/{message.account_sid}/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "account_sid": message.account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "from": None if message.status == "accepted" else message.sender,
        "to": message.recipient,
        "direction": message.direction,
        "status": message.status,
        "error_code": message.error_code,
        "error_message": FAILURES.get(message.error_code) if message.error_code else None,
        "messaging_service_sid": message.service_sid,
        "num_media": str(message.num_media),
        "num_segments": str(message.num_segments),
        "price": None,
        "price_unit": "USD",
        "date_created": _render_time(message.created_at),
        "date_updated": _render_time(message.updated_at),
        "date_sent": _render_time(message.sent_at),
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        "uri": f"{uri}.json",
    }


def render_media(media: Media) -> dict[str, Any]:
    """Render a file's record as JSON."""
    at = _render_time(media.created_at)
    return {
        "sid": media.sid,
        "account_sid": media.account_sid,
        "parent_sid": media.message_sid,
        "content_type": media.content_type,
        "date_created": at,
        "date_updated": at,
        "uri": f"{ROOT}/{media.account_sid}/Messages/{media.message_sid}/Media/{media.sid}.json",
    }


def _render_line(line: Line, at: str | None) -> dict[str, Any]:
    sid = "PN" + hashlib.sha256(line.number.encode()).hexdigest()[:32]
    return {
        "sid": sid,
        "account_sid": line.account_sid,
        "api_version": API_VERSION,
        "friendly_name": line.label,
        "phone_number": line.number,
        "capabilities": {"voice": False, "sms": True, "mms": True, "fax": False},
        "sms_url": line.webhook_url,
        "sms_method": "POST",
        "sms_fallback_url": line.fallback_url or "",
        "sms_fallback_method": "POST",
        "sms_application_sid": None,
        "status_callback": "",
        "status_callback_method": "POST",
        "address_requirements": "none",
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "date_created": at,
        "date_updated": at,
        "uri": f"{ROOT}/{line.account_sid}/IncomingPhoneNumbers/{sid}.json",
    }
