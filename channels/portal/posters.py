"""What a school prints: a poster with the QR code of its own link."""

from __future__ import annotations

from io import BytesIO

import segno
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from channels.portal import schools
from channels.portal.desk import Desk
from channels.portal.pages import Page
from channels.portal.schools import Place


class Posters:
    """The pages for whoever puts up posters."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def poster(self, request: Request) -> Response:
        """Show a page to print: `GET /s/<school>/poster`."""
        place = self._place(request)
        with self._desk.database.read() as session:
            number = schools.number_of(session, place)
        page = Page(self._desk.pages.asked(request), f"{place.path}/poster", self._desk.clock(), place)
        url = self._url(place)
        return self._desk.pages.render("poster.html", page, number=number, url=url, shown=url.partition("://")[2])

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
