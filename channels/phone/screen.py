"""The page with two phones: its HTML, the JSON of a conversation, the live stream, and the switches of the faults."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from channels.phone.inbound import File, Receiver
from channels.phone.kit import Kit
from channels.phone.records import Bubble

HERE = Path(__file__).parent
NUMBER = re.compile(r"\+?\d{3,15}")
SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
MAX_BUBBLES = 200
MAX_ALERTS = 20
MAX_FILES = 10
MAX_TIMES = 50


class BadRequest(Exception):
    """A request that cannot be served; its text is fit to show."""


class Screen:
    """The endpoints of the page."""

    def __init__(self, kit: Kit, receiver: Receiver) -> None:
        self._config = kit.config
        self._store = kit.store
        self._faults = kit.faults
        self._live = kit.live
        self._receiver = receiver
        self._pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)

    def routes(self) -> list[BaseRoute]:
        """List the routes."""
        return [
            Route("/", self._page),
            Route("/health", self._health),
            Route("/phones/stream", self._stream),
            Route("/phones/{number}/messages", self._conversation, methods=["GET"]),
            Route("/phones/{number}/messages", self._text, methods=["POST"]),
            Route("/control", self._read_control, methods=["GET"]),
            Route("/control", self._change_control, methods=["POST"]),
            Route("/control/reset", self._reset_control, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    def _page(self, _request: Request) -> Response:
        html = self._pages.get_template("phones.html").render(config=self._config, lines=self._order_lines())
        return HTMLResponse(html)

    def _order_lines(self) -> list[dict[str, str]]:
        names = {account.sid: account.name for account in self._config.accounts}
        return [
            {"number": line.number, "label": line.label, "account": names.get(line.account_sid, "")}
            for line in self._config.lines
        ]

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _stream(self, _request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._live.listen(), media_type="text/event-stream", headers=headers)

    def _conversation(self, request: Request) -> Response:
        number = _read_number(request)
        bubbles = self._store.list_bubbles(number, MAX_BUBBLES)
        return JSONResponse({"number": number, "messages": [_render(bubble) for bubble in bubbles]})

    async def _text(self, request: Request) -> Response:
        number = _read_number(request)
        data = await _read_json(request)
        line = self._config.line(str(data.get("to", "")))
        if line is None:
            return JSONResponse({"error": "no such line"}, 404)
        body, sid, times = data.get("body", ""), data.get("message_sid"), data.get("times", 1)
        if not isinstance(body, str) or (sid is not None and not SID.fullmatch(str(sid))):
            raise BadRequest("body is a string; message_sid is SM or MM and 32 hex digits")
        if not isinstance(times, int) or not 1 <= times <= MAX_TIMES:
            raise BadRequest(f"times is a whole number from 1 to {MAX_TIMES}")
        files = _read_files(data.get("media", []))
        receipt = await run_in_threadpool(self._receiver.receive, number, line, body, sid, times, files)
        return JSONResponse({"sid": receipt.sid, "webhook_status": receipt.webhook_status})

    def _read_control(self, _request: Request) -> Response:
        return JSONResponse({**self._faults.read(), "alerts": self._store.list_alerts(MAX_ALERTS)})

    async def _change_control(self, request: Request) -> Response:
        try:
            self._faults.change(await _read_json(request))
        except ValueError as error:
            raise BadRequest(str(error)) from error
        self._live.tell(kind="control")
        return JSONResponse(self._faults.read())

    async def _reset_control(self, request: Request) -> Response:
        await _read_json(request)
        self._faults.reset()
        self._live.tell(kind="control")
        return JSONResponse(self._faults.read())


def _read_number(request: Request) -> str:
    number: str = request.path_params["number"]
    if not NUMBER.fullmatch(number):
        raise BadRequest("a phone's number is 3 to 15 digits, usually after a +")
    return number


def _read_files(given: object) -> list[File]:
    """Read the files of an MMS: what each says it is, and its bytes in base64."""
    if not isinstance(given, list) or len(given) > MAX_FILES:
        raise BadRequest(f"media is a list of up to {MAX_FILES}")
    try:
        return [(str(one["content_type"]), base64.b64decode(one["base64"], validate=True)) for one in given]
    except (TypeError, KeyError, ValueError) as error:
        raise BadRequest("each of media has content_type and base64") from error


async def _read_json(request: Request) -> dict[str, Any]:
    """Read a JSON object. Asking for its content type keeps other sites' forms out: they cannot set it."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        raise BadRequest("the Content-Type is application/json")
    raw = await request.body()
    try:
        data = json.loads(raw or b"{}")
    except ValueError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(data, dict):
        raise BadRequest("the body is not a JSON object")
    return data


def refuse(_request: Request, error: Exception) -> Response:
    """Answer a `BadRequest` raised in an endpoint."""
    return JSONResponse({"error": str(error)}, 400)


def _render(bubble: Bubble) -> dict[str, object]:
    return {
        "sid": bubble.sid,
        "line": bubble.line,
        "direction": bubble.direction,
        "body": bubble.body,
        "at": bubble.at.isoformat(timespec="milliseconds"),
        "status": bubble.status,
        "files": bubble.files,
    }
