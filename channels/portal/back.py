"""The way back: with the receipt, from any device. It comes in a form, never in a URL, and no page is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from channels.portal import files, forms, schools
from channels.portal.desk import Desk
from channels.portal.files import Files, Lost
from channels.portal.forms import AnswerForm
from channels.portal.languages import N_
from channels.portal.pages import Page
from channels.portal.schools import Place
from gateway.core import receipts
from gateway.core.errors import BadInput, NotFound, Unavailable
from gateway.core.media.incoming import Incoming
from gateway.core.receipts import Receipt
from gateway.core.records import District

WRONG = N_("No report has this receipt. Look at each letter and number again.")
UNLIKE = N_("A receipt has 16 letters and numbers. Look at each one again.")
ELSEWHERE = N_("This came from another site. Look it over, then send it from here.")
AWAY = N_("We cannot reach your report just now. Nothing is lost. Try again in a bit.")


class Back:
    """The pages that need the receipt."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, request: Request) -> Response:
        """Ask for the receipt: `GET /back`."""
        return await self._ask(request, {})

    async def show(self, request: Request) -> Response:
        """Show what was said: `POST /back`; nothing (204) to a page that has it all, which says so by its `version`."""
        sent = await forms.received(request, self._desk.patience_seconds)
        if "version" in sent and await self._is_current(sent):
            return Response(status_code=204)
        lost = files.lost_of(sent.get("lost", ""))
        return await self._show(request, sent, AnswerForm(receipts.new_seed()), {}, said="said" in sent, lost=lost)

    async def answer(self, request: Request) -> Response:
        """Take more from the reporter: `POST /back/answer`."""
        elsewhere = forms.is_from_elsewhere(request, self._desk.public_url)

        def begin(sent: Mapping[str, str]) -> Incoming | None:
            return None if elsewhere else self._begin(sent)

        async def soon(sent: Mapping[str, str]) -> None:
            if not elsewhere:
                await self._take_soon(forms.answer(sent))

        async with self._desk.receiving(request, begin, soon) as (sent, came):
            form, lost = forms.answer(sent), forms.faults_of_files(came, sent)
            if elsewhere:
                return await self._show(request, sent, form, {"text": ELSEWHERE} | lost, 403)
            if faults := form.faults(came.taken):
                return await self._show(request, sent, form, faults | lost, 413 if form.text.strip() else 422)
            try:
                await self._take(form, came)
            except Unavailable:
                return await self._show(request, sent, form, {"text": AWAY} | lost, 503)
            except BadInput as error:
                return await self._refused(request, sent, error)
        self._desk.stored()
        return await self._show(request, sent, AnswerForm(receipts.new_seed()), {}, said=True, lost=came.lost)

    async def _take(self, form: AnswerForm, came: Files) -> None:
        receipt = receipts.parse(form.receipt)
        district = await run_in_threadpool(self._district, receipt)
        if district is None:
            raise NotFound
        brought = came.hand_over(district.id, self._desk.clock())
        if (await self._desk.answer(receipt, form.text, form.once, brought)).repeated:
            came.take_back()

    async def _take_soon(self, form: AnswerForm) -> None:
        """Take words while their files are still coming; they are taken again with them."""
        if not form.faults():
            await self._desk.answer(receipts.parse(form.receipt), form.text, form.once, ())
            self._desk.stored()

    def _begin(self, sent: Mapping[str, str]) -> Incoming | None:
        """Begin a file of an answer. Its receipt comes before it; one that opens nothing leaves nothing here."""
        try:
            district = self._district(receipts.parse(sent.get("receipt", "")))
        except BadInput:
            return None
        return self._desk.files.begin(district.slug) if district else None

    def _district(self, receipt: Receipt) -> District | None:
        with self._desk.database.read() as session:
            return schools.district_of_receipt(session, receipt.lookup_id)

    async def _show(
        self,
        request: Request,
        sent: Mapping[str, str],
        form: AnswerForm,
        faults: Mapping[str, str],
        status: int = 200,
        *,
        said: bool = False,
        lost: Sequence[Lost] = (),
    ) -> Response:
        """Show the conversation with what is being typed, and what is wrong with it."""
        try:
            receipt: Receipt = receipts.parse(sent.get("receipt", ""))
            talk = await self._desk.read(receipt)
        except BadInput as error:
            return await self._refused(request, sent, error)
        except Unavailable:
            return await self._ask(request, sent, AWAY, 503)
        place = await run_in_threadpool(self._place, receipt)
        page = Page(
            self._desk.pages.asked(request, sent), "/back", self._desk.clock(), place,
            carried={"receipt": receipt.shown()},
        )  # fmt: skip
        return await run_in_threadpool(
            self._desk.pages.render, "talk.html", page, status, talk=talk, receipt=receipt.shown(), form=form,
            faults=faults, said=said, lost=lost,
        )  # fmt: skip

    def _place(self, receipt: Receipt) -> Place | None:
        """Find the school of a thread, for its help lines; a database that has just gone away takes only them."""
        try:
            with self._desk.database.read() as session:
                return schools.of_receipt(session, receipt.lookup_id)
        except Unavailable:
            return None

    async def _is_current(self, sent: Mapping[str, str]) -> bool:
        try:
            return await self._desk.version(receipts.parse(sent.get("receipt", ""))) == sent["version"]
        except BadInput:
            return False

    async def _refused(self, request: Request, sent: Mapping[str, str], error: BadInput) -> Response:
        await self._desk.pause(self._desk.guessed(self._desk.clock()))
        if isinstance(error, NotFound):
            return await self._ask(request, sent, WRONG, 404)
        return await self._ask(request, sent, UNLIKE, 422)

    async def _ask(
        self, request: Request, sent: Mapping[str, str], fault: str | None = None, status: int = 200
    ) -> Response:
        """Ask for the receipt, keeping what was typed, and an answer that could not be sent with it."""
        page = await run_in_threadpool(self._desk.page, request, "/back", sent)
        form = forms.answer(sent)
        answer = await run_in_threadpool(
            self._desk.pages.render, "back.html", page, status, typed=form.receipt[:100], unsent=form.text, fault=fault
        )
        answer.headers.update({"Retry-After": "5"} if status == 503 else {})
        return answer
