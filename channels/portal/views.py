"""Taking a report: choose the school, say what happened, get the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from channels.portal import files, forms, schools, topics
from channels.portal.desk import Desk
from channels.portal.files import Files
from channels.portal.forms import ReportForm
from channels.portal.languages import N_
from channels.portal.pages import Page
from channels.portal.schools import Place
from gateway.core import receipts
from gateway.core.errors import BadInput, NotFound, Unavailable
from gateway.core.media.incoming import Incoming
from gateway.core.reports import Report

ELSEWHERE = N_("Your report came from another site. Look it over, then press Send here.")
AWAY = N_("We could not save your report just now. It is all still here. Wait a bit, then press Send again.")
AWAY_ALTOGETHER = N_("We could not save your report just now. Wait a bit, then load this page again. It is sent again.")
NO_SCHOOL = N_("We do not know which school this is for. Copy your words, then choose the school.")
_RETRY = {"Retry-After": "5"}


class Front:
    """The pages that need no receipt."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def choose(self, request: Request) -> Response:
        """Choose a school: `GET /`, searched by `?q=`."""
        typed = request.query_params.get("q", "")[:200]
        with self._desk.database.read() as session:
            places = schools.all_of(session)
        found = schools.search(places, typed)
        searching = len(places) > schools.MOST_SHOWN
        return self._desk.pages.render(
            "choose.html", self._desk.page(request, "/"), typed=typed, searching=searching,
            found=found[: schools.MOST_SHOWN] if typed or not searching else [], more=len(found) > schools.MOST_SHOWN,
            several=len({place.district.id for place in places}) > 1,
        )  # fmt: skip

    def blank(self, request: Request) -> Response:
        """Show the form of a school: `GET /s/<school>`, or `/d/<district>/s/<school>`."""
        place = self._place(request)
        if isinstance(place, Response):
            return place
        return self._form(request, place, ReportForm(receipts.new_seed()))

    async def send(self, request: Request) -> Response:
        """Take a report: `POST` to the form's own address. It is on disk before the receipt is shown."""
        place = await run_in_threadpool(self._found, request)
        ours = not forms.is_from_elsewhere(request, self._desk.public_url)
        district = place.district.slug if isinstance(place, Place) and ours else None

        def begin(_sent: Mapping[str, str]) -> Incoming | None:
            return self._desk.files.begin(district) if district else None

        async def soon(sent: Mapping[str, str]) -> None:
            if isinstance(place, Place) and ours:
                await self._take_soon(request, place, forms.report(sent), sent)

        async with self._desk.receiving(request, begin, soon) as (sent, came):
            form = forms.report(sent)
            if isinstance(place, Exception):
                return await self._unsent(request, sent, form, place)
            return await self._take(request, place, form, sent, came)

    async def _take(
        self, request: Request, place: Place, form: ReportForm, sent: Mapping[str, str], came: Files
    ) -> Response:
        if "switch" in sent:
            return await run_in_threadpool(self._form, request, place, form, sent)
        lost = forms.faults_of_files(came, sent)
        if forms.is_from_elsewhere(request, self._desk.public_url):
            return await run_in_threadpool(self._form, request, place, form, sent, 403, ELSEWHERE, lost)
        page = Page(self._desk.pages.asked(request, sent), place.path, self._desk.clock(), place, switchable=False)
        report = self._report(place, form, page.asked.language.code, page.now)
        if "again" in sent:
            return await self._again(request, place, page, report, form, sent)
        if faults := form.faults(came.taken):
            status = 413 if form.is_too_long else 422
            return await run_in_threadpool(self._form, request, place, form, sent, status, None, faults | lost)
        try:
            filed = await self._desk.file(report, came.hand_over(place.district.id, page.now))
        except Unavailable:
            return await run_in_threadpool(self._form, request, place, form, sent, 503, AWAY, lost)
        except BadInput as error:  # The school has just been taken off the list.
            return await self._unsent(request, sent, form, error)
        if filed.repeated:
            came.take_back()
        self._desk.stored()
        self._desk.puzzles.count(place.school.id, page.now)
        return self._desk.pages.render("receipt.html", page, receipt=filed.receipt.shown(), lost=came.lost)

    async def _take_soon(self, request: Request, place: Place, form: ReportForm, sent: Mapping[str, str]) -> None:
        """Take words while their files are still coming; they are taken again with them."""
        if form.faults() or "switch" in sent or "again" in sent:
            return
        await self._desk.file(
            self._report(place, form, self._desk.pages.asked(request, sent).language.code, self._desk.clock()), ()
        )
        self._desk.stored()

    async def _again(
        self, request: Request, place: Place, page: Page, report: Report, form: ReportForm, sent: Mapping[str, str]
    ) -> Response:
        """Show the receipt of a report that our script has sent, with its files: the form's `once` alone tells it."""
        receipt = receipts.of_seed(report.once, report.place)
        try:
            await self._desk.version(receipt)
        except NotFound:
            return await run_in_threadpool(self._form, request, place, form, sent)
        lost = files.lost_of(sent.get("lost", ""))
        return self._desk.pages.render("receipt.html", page, receipt=receipt.shown(), lost=lost)

    def told(self, request: Request) -> Response:
        """Show a page of words: what others can see, or one for grown-ups."""
        path = request.url.path
        return self._desk.pages.render(f"{path.strip('/')}.html", self._desk.page(request, path))

    async def _unsent(self, request: Request, sent: Mapping[str, str], form: ReportForm, error: Exception) -> Response:
        """Show the words of a report whose form cannot be shown again: there is no school for it, or no database."""
        away = isinstance(error, Unavailable)
        page = await run_in_threadpool(self._desk.page, request, "/", sent)
        answer = self._desk.pages.render(
            "refused.html", replace(page, switchable=False), 503 if away else 404,
            sentence=AWAY_ALTOGETHER if away else NO_SCHOOL, unsent=form.text,
        )  # fmt: skip
        answer.headers.update(_RETRY if away else {})
        return answer

    def _found(self, request: Request) -> Place | Exception:
        """Find the one school that a form is sent to, or why there is none."""
        try:
            place = self._place(request)
        except (HTTPException, Unavailable) as error:
            return error
        return place if isinstance(place, Place) else HTTPException(404)

    def _place(self, request: Request) -> Place | Response:
        """Find the school that a link means, or the page that asks which one. Raises: HTTPException 404."""
        with self._desk.database.read() as session:
            found = schools.by_link(session, request.path_params["school"], request.path_params.get("district"))
        if not found:
            raise HTTPException(404)
        if len(found) == 1:
            return found[0]
        return self._desk.pages.render(
            "choose.html", self._desk.page(request, "/"), status=300, typed="", searching=False, found=found,
            more=False, several=True,
        )  # fmt: skip

    def _form(
        self,
        request: Request,
        place: Place,
        form: ReportForm,
        sent: Mapping[str, str] | None = None,
        status: int = 200,
        notice: str | None = None,
        faults: Mapping[str, str] | None = None,
    ) -> Response:
        """Show the form with what was typed, and what is wrong with it."""
        try:
            with self._desk.database.read() as session:
                number = schools.number_of(session, place)
        except Unavailable:
            number = None
        asked, now = self._desk.pages.asked(request, sent), self._desk.clock()
        puzzle = self._desk.puzzles.give(_puzzled(place, form), place.school.id, now, form.puzzle)
        form = replace(form, puzzle=puzzle, solution="")
        page = Page(asked, place.path, now, place, form.fields if sent is not None else {})
        answer = self._desk.pages.render(
            "report.html", page, status=status, form=form, faults=faults or {}, notice=notice, number=number,
            topics=topics.CHOICES, roles=forms.ROLES,
        )  # fmt: skip
        answer.headers.update(_RETRY if status == 503 else {})
        return answer

    def _report(self, place: Place, form: ReportForm, language: str, now: datetime) -> Report:
        return Report(
            school_id=place.school.id, district_id=place.district.id, text=form.text, once=form.once,
            category=form.topic or None, where=form.where, when=form.when, who=form.who, before=bool(form.before),
            language=language.partition("-")[0], role=form.role or None,
            proved=self._desk.puzzles.proves(_puzzled(place, form), form.puzzle, form.solution, now),
        )  # fmt: skip


def _puzzled(place: Place, form: ReportForm) -> str:
    """Name what a challenge is for: this form, about this school."""
    return f"{form.once} {place.school.id}"
