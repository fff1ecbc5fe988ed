"""The case page, and replying from it."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core import conversation
from gateway.core.errors import NotAllowed, NotFound, Unavailable
from gateway.core.records import Thread
from responders.accounts.gate import Visit, action, field_of, is_quiet, page, see
from responders.cases import correcting, holds, masks, replying, seeing, words
from responders.cases import service as cases
from responders.cases.records import Case
from responders.cases.views import find
from responders.conversation import attachments
from responders.conversation import page as case_page
from responders.escalation import showing
from responders.linking import words as link_words
from triage.model import Category


@page
def show(request: Request, visit: Visit) -> Response:
    """Show one case: what happened, how sure we are, what to do next."""
    return _show(request, visit)


def _show(
    request: Request, visit: Visit, *, fault: str | None = None, drafts: dict[str, str] | None = None
) -> Response:
    with visit.console.database.read() as session:
        case = find(session, visit, request.path_params["number"])
        shown = case_page.read(session, visit, case)
        unseen = seeing.is_unseen(session, case)
    if unseen and not is_quiet(request):
        with suppress(Unavailable), visit.console.database.write() as session:
            seeing.see(session, case, visit.now)
    asked = request.query_params.get("ask", "")
    return visit.render(
        "conversation/case.html",
        409 if fault else 200,
        here="case",
        page=shown,
        case=shown.case,
        words=words,
        link_words=link_words,
        drafts=drafts if drafts is not None else _questions(shown, asked),
        fault=fault,
        asked_already=_asked_already(shown),
        reply_length=conversation.REPLY_LENGTH,
        note_length=cases.NOTE_LENGTH,
        why=cases.WHY,
        hold_reasons=holds.REASONS,
        corrections=correcting.REASONS,
        categories=tuple(Category),
        unmask_reasons=masks.REASONS,
        alerting=showing,
        mask_note_length=masks.NOTE_LENGTH,
    )


def _asked_already(shown: case_page.CasePage) -> set[str]:
    """Name the gaps that somebody has asked for, word for word."""
    ours = [one for talk in shown.talks for one in talk.said if not one.incoming]
    said = {"".join(piece.text for piece in one.pieces) for one in ours}
    return {gap for gap in words.ASK if any(words.question(gap, language) in said for language in ("en", "es"))}


def _questions(shown: case_page.CasePage, gap: str) -> dict[str, str]:
    """Fill the reply boxes with a question that was clicked, each in its reporter's language."""
    threads = [talk.thread for talk in shown.talks if talk.thread]
    return {thread.id: words.question(gap, thread.language) for thread in threads if gap in words.ASK}


@action
def reply(request: Request, visit: Visit, form: FormData) -> Response:
    """Text the reporter. What cannot be sent comes back with the words still in the box."""
    number, thread_id, text = (
        request.path_params["number"],
        request.path_params["thread"],
        field_of(form, "text").strip(),
    )
    try:
        with visit.console.database.write() as session:
            thread = _thread(session, find(session, visit, number), thread_id)
            replying.reply(session, visit.console.keys, thread, text, author=visit.actor, now=visit.now)
    except NotAllowed as error:
        return _show(request, visit, fault=error.public, drafts={thread_id: text})
    visit.console.waker.wake("courier")
    return see(f"/cases/{number}#thread-{thread_id}")


@action
def ask(request: Request, visit: Visit, form: FormData) -> Response:
    """Text a reporter the question for one gap, in their language: one press, nothing to write."""
    number, thread_id = request.path_params["number"], request.path_params["thread"]
    gap = field_of(form, "gap")
    try:
        with visit.console.database.write() as session:
            thread = _thread(session, find(session, visit, number), thread_id)
            text = words.question(gap, thread.language)
            replying.reply(session, visit.console.keys, thread, text, author=visit.actor, now=visit.now)
    except NotAllowed as error:
        return _show(request, visit, fault=error.public)
    visit.console.waker.wake("courier")
    return see(f"/cases/{number}#thread-{thread_id}")


def _thread(session: Session, case: Case, thread_id: str) -> Thread:
    """Find a thread of this case. Raises: NotFound for any other."""
    found = next((thread for thread in cases.threads(session, case) if thread.id == thread_id), None)
    if found is None:
        raise NotFound
    return found


ROUTES = (
    *attachments.ROUTES,
    Route("/cases/{number}", show, methods=["GET"]),
    Route("/cases/{number}/threads/{thread}/ask", ask, methods=["POST"]),
    Route("/cases/{number}/threads/{thread}/reply", reply, methods=["POST"]),
)
