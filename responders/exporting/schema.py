"""GraphQL of exporting. It is a mutation, because that a case was exported is noted."""

from __future__ import annotations

from typing import Self

import strawberry

from gateway.core.errors import BadInput, NotFound
from responders.accounts.schema import SCOPE
from responders.api.context import Info
from responders.api.errors import UserError
from responders.api.ids import expect
from responders.cases import service as cases
from responders.exporting import service
from responders.exporting.formats import FORMATS
from responders.exporting.reading import Reader
from responders.exporting.service import Document, Wanted

_FORMATS = "; ".join(f"{one.name} ({', '.join(one.flavours)})" for one in FORMATS.values())


@strawberry.input
class ExportCaseInput:
    """Which case, and as what."""

    case_id: strawberry.ID
    format: str = strawberry.field(description=f"One of: {_FORMATS}.")
    flavour: str | None = strawberry.field(default=None, description="The format's first when left out.")


@strawberry.type(description="A case as a document of another format.")
class ExportedDocument:
    """A document."""

    content: str = strawberry.field(description="The whole of it, the same as the console and the command give.")
    media_type: str
    filename: str

    @classmethod
    def of(cls, document: Document) -> Self:
        """Show one."""
        return cls(content=document.content.decode(), media_type=document.media_type, filename=document.filename)


@strawberry.type
class ExportCasePayload:
    """The document, or why there is none."""

    document: ExportedDocument | None
    user_errors: list[UserError]


@strawberry.type
class Mutation:
    """What can be exported."""

    @strawberry.mutation(
        description="Write a case as a document for another system, and note who had it. Needs cases:read alone."
    )
    def export_case(self, info: Info, input: ExportCaseInput) -> ExportCasePayload:  # noqa: A002 - GraphQL's own name
        """Export a case of the viewer's district. Raises: Forbidden."""
        context = info.context
        context.need(SCOPE)
        reader = Reader(context.keys, context.origin, context.policy, context.now)
        try:
            document = service.write(context.session, reader, _wanted(info, input))
        except BadInput as error:
            return ExportCasePayload(document=None, user_errors=[UserError.of(error)])
        _, errors = context.attempt(lambda session: service.note(session, document, context.viewer.actor, context.now))
        return ExportCasePayload(document=None if errors else ExportedDocument.of(document), user_errors=errors)


def _wanted(info: Info, asked: ExportCaseInput) -> Wanted:
    """Read what is wanted. Raises: NotFound for a case that is not the viewer's district's; BadInput."""
    context = info.context
    case = cases.by_id(context.session, context.district_id, expect(asked.case_id, "Case"))
    if case is None:
        raise NotFound
    return Wanted(context.district_id, case.number, asked.format, asked.flavour)
