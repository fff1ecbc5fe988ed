"""What came with a message: what is said of it on a case's page, and opening it. Only clean copies are ever shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, defer
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.core.errors import NotFound
from gateway.core.events import emit
from gateway.core.media import kinds, showing
from gateway.core.media.faults import UNSCREENED
from gateway.core.media.records import BROKEN, CLEAN, LOST, REFUSED, Attachment
from gateway.core.records import Message
from responders.accounts.gate import Visit, page

_NAMES = {"picture": "Picture", "film": "Film", "sound": "Recording", "paper": "Paper"}
_WHY = {
    "unknown": "it is no picture, film, recording or PDF that we know",
    "damaged": "it is damaged, or made to do harm",
    "too_heavy": "opening it would take more than this machine should give",
    "infected": "a virus scanner found something in it",
    "missing": "it is not on the store any more",
    "no_key": "its key is gone or kept elsewhere",
    "too_large": "it was too large",
    "no_room": "there was no room on the disk",
    "unavailable": "the store did not answer",
    "empty": "it was empty",
    "too_many": "more came than are taken at once",
    "cut_off": "it broke off on its way",
}
_ENDINGS = {"jpeg": "jpg"}
_INLINE = frozenset({"jpeg", "webp"})
"""What a browser shows in its sandbox; everything else is saved."""


@dataclass(frozen=True)
class Link:
    """A clean copy, or one page of it."""

    label: str
    path: str


@dataclass(frozen=True)
class Attached:
    """One attachment as the page of a case shows it: links when it can be opened, otherwise what is the matter."""

    name: str
    links: list[Link]
    remark: str | None


def of_messages(session: Session, message_ids: Sequence[str]) -> dict[str, list[Attached]]:
    """List what came with messages, by message, in its order."""
    query = select(Attachment).where(Attachment.message_id.in_(message_ids)).order_by(Attachment.position)
    found: dict[str, list[Attached]] = {}
    for row in session.scalars(query.options(defer(Attachment.original_key_sealed))):
        found.setdefault(row.message_id, []).append(_described(row))
    return found


def path_of(attachment_id: str, part: int = 0) -> str:
    """Where the console shows a part of a clean copy."""
    return f"/attachments/{attachment_id}/{part}"


def _described(row: Attachment) -> Attached:
    kind = kinds.KINDS.get(row.kind or "")
    name = _NAMES[kind.family] if kind else "File"
    if row.state == CLEAN:
        labels = ["Open"] if row.parts == 1 else [f"Page {number + 1}" for number in range(row.parts)]
        remark = "Not looked at by the virus scanner, which did not answer." if row.reason == UNSCREENED else None
        return Attached(name, [Link(label, path_of(row.id, at)) for at, label in enumerate(labels)], remark)
    why = f": {_WHY[row.reason]}" if row.reason in _WHY else ""
    remarks = {
        BROKEN: f"Could not be opened{why}. It is kept, sealed.",
        REFUSED: f"Was not taken{why}.",
        LOST: f"Was lost on its way{why}.",
    }
    return Attached(name, [], remarks.get(row.state, "Is being cleaned."))


@page
def show(request: Request, visit: Visit) -> Response:
    """Show one part of a clean copy, and note who opened it."""
    number, attachment_id = request.path_params["part"], request.path_params["attachment"]
    console = visit.console
    with console.database.read() as session:
        query = select(Attachment).join(Message, Message.id == Attachment.message_id)
        query = query.where(Attachment.id == attachment_id, Message.district_id == visit.account.district_id)
        row = session.scalar(query.options(defer(Attachment.original_key_sealed)))
    if row is None or console.store is None:
        raise NotFound
    size, content = showing.part(console.store, console.keys, row, number)
    with console.database.write() as session:
        emit(
            session, "attachment.opened", subject=f"attachment/{row.id}", actor=visit.actor, at=visit.now,
            district_id=visit.account.district_id, message=row.message_id, part=number,
        )  # fmt: skip
    kind = kinds.KINDS[str(row.clean_kind)]
    disposition = "inline" if kind.code in _INLINE else "attachment"
    name = f"{row.id[:8]}-{number + 1}.{_ENDINGS.get(kind.code, kind.code)}"
    headers = {"Content-Disposition": f'{disposition}; filename="{name}"', "Content-Length": str(size)}
    return StreamingResponse(content, media_type=kind.media_type, headers=headers)


ROUTES = (Route("/attachments/{attachment}/{part:int}", show, methods=["GET"]),)
