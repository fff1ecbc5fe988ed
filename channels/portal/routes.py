"""The portal's addresses, and its refusals as pages. No address ever holds a receipt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from channels.portal.back import Back
from channels.portal.desk import Desk
from channels.portal.languages import N_
from channels.portal.posters import Posters
from channels.portal.views import Front

_STATIC = Path(__file__).parent / "static"
STREAM_BYTES = 8_000_000
"""What is longer is cut off; what `forms` does not take, and is not, gets a page that says so."""
_ANY_SIZE = 1 << 62
"""With files `uploads` itself leaves off reading: a limit here would refuse the words with them."""
_SENTENCES = {
    400: N_("This page cannot read that. Please use the form here."),
    404: N_("This page is not here. Look at the link again, or choose your school."),
    405: N_("This page cannot do that."),
    408: N_("Your report took too long to get here. Go back: your words may still be there. Then send it again."),
    413: N_("This is too long to send. Go back, cut it in two, and send two reports."),
    415: N_("This page cannot read that. Please use the form here."),
    503: N_("A part of this site does not answer. Wait a bit, then load this page again. What you sent is sent again."),
}
_UNKNOWN = N_("Something broke on our side. Load this page again. What you sent is sent again.")

Handler = Callable[[Request, Exception], Awaitable[Response]]


def of(desk: Desk) -> list[BaseRoute]:
    """List the portal's pages."""
    front, back, posters = Front(desk), Back(desk), Posters(desk)
    routes: list[BaseRoute] = [
        Route("/", front.choose, methods=["GET"]),
        Route("/privacy", front.told, methods=["GET"]),
        Route("/adults", front.told, methods=["GET"]),
        Route("/back", back.ask, methods=["GET"]),
        Route("/back", back.show, methods=["POST"], max_body_size=STREAM_BYTES),
        Route("/back/answer", back.answer, methods=["POST"], max_body_size=_ANY_SIZE),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    for link in ("/s/{school}", "/d/{district}/s/{school}"):
        routes += [
            Route(link, front.blank, methods=["GET"]),
            Route(link, front.send, methods=["POST"], max_body_size=_ANY_SIZE),
            Route(f"{link}/poster", posters.poster, methods=["GET"]),
            Route(f"{link}/poster.pdf", posters.paper, methods=["GET"]),
            Route(f"{link}/qr.svg", posters.code, methods=["GET"]),
        ]
    return routes


def as_page(desk: Desk, handler: Handler) -> Handler:
    """Show a refusal that `handler` makes as a page to whoever reads pages."""

    async def shown(request: Request, error: Exception) -> Response:
        made = await handler(request, error)
        if made.status_code < 400 or "text/html" not in request.headers.get("accept", ""):
            return made
        page = replace(await run_in_threadpool(desk.page, request, "/"), switchable=False)
        sentence = _SENTENCES.get(made.status_code, _UNKNOWN)
        answer = await run_in_threadpool(
            desk.pages.render, "refused.html", page, made.status_code, sentence=sentence, unsent=""
        )
        if retry := made.headers.get("retry-after"):
            answer.headers["Retry-After"] = retry
        return answer

    return shown
