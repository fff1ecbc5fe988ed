"""What a school prints: a poster with the QR code of its own link."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from threading import Lock

import segno
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from channels.portal import paper, schools
from channels.portal.desk import Desk
from channels.portal.help_lines import HelpLine
from channels.portal.languages import N_
from channels.portal.pages import Page
from channels.portal.paper import Poster
from channels.portal.schools import Place
from gateway.core.characters import showable


class Posters:
    """The pages for whoever puts up posters."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._drawing = Lock()

    def poster(self, request: Request) -> Response:
        """Show a page to print: `GET /s/<school>/poster`."""
        place = self._place(request)
        with self._desk.database.read() as session:
            number = schools.number_of(session, place)
        page = Page(self._desk.pages.asked(request), f"{place.path}/poster", self._desk.clock(), place)
        url = self._url(place)
        return self._desk.pages.render("poster.html", page, number=number, url=url, shown=url.partition("://")[2])

    def paper(self, request: Request) -> Response:
        """Draw the poster for a printer: `GET /s/<school>/poster.pdf?size=letter|a4&strips=yes`."""
        place, size = self._place(request), request.query_params.get("size", "letter")
        if size not in paper.SIZES:
            raise HTTPException(404)
        with self._desk.database.read() as session:
            number = schools.number_of(session, place)
        page = Page(self._desk.pages.asked(request), f"{place.path}/poster", self._desk.clock(), place)
        made = page.now.replace(hour=0, minute=0, second=0, microsecond=0)
        strips = request.query_params.get("strips") == "yes"
        poster = self._poster(page, place, number)
        # One at a time, and nobody waits in line: whoever wants many posters must not keep tips from getting in.
        if not self._drawing.acquire(blocking=False):
            raise HTTPException(503, headers={"Retry-After": "2"})
        try:
            content = paper.draw(poster, size, strips=strips, made=made)
        except paper.Unwritable:  # Letters that our type has not: the page itself prints them.
            raise HTTPException(404) from None
        finally:
            self._drawing.release()
        return Response(content, media_type="application/pdf")

    def _poster(self, page: Page, place: Place, number: str | None) -> Poster:
        say, url = page.asked.language.words.gettext, self._url(place)
        return Poster(
            language=page.asked.language.code,
            headline=say(N_("Something wrong at school? Tell us.")),
            lead=say(N_("You do not have to say who you are. A person reads each report.")),
            aim=say(N_("Point your phone’s camera here")),
            url=url,
            address=url.partition("://")[2],
            text_us=say(N_("Or text %(number)s")) % {"number": page.written(number)} if number else "",
            school=showable(place.school.name),
            help=tuple(_told(line, say) for line in page.help.lines),
        )

    def code(self, request: Request) -> Response:
        """Draw the QR code of a school's link: `GET /s/<school>/qr.svg`."""
        drawn = BytesIO()
        # Level M: read even when a corner is torn. Source: ISO/IEC 18004, error correction levels.
        segno.make(self._url(self._place(request)), error="m").save(
            drawn, kind="svg", xmldecl=False, svgns=True, scale=8, border=4, dark="#000", light="#fff"
        )
        return Response(drawn.getvalue(), media_type="image/svg+xml")

    def _place(self, request: Request) -> Place:
        with self._desk.database.read() as session:
            found = schools.by_link(session, request.path_params["school"], request.path_params.get("district"))
        if len(found) != 1:
            raise HTTPException(404)
        return found[0]

    def _url(self, place: Place) -> str:
        return f"{self._desk.public_url}{place.path}"


def _told(line: HelpLine, say: Callable[[str], str]) -> str:
    """Say what a line is for; one of a district's own has a name alone, and so its number beside it."""
    return showable(say(line.about) if line.about != line.short else f"{line.about} {line.shown}")
