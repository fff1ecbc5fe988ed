"""GraphQL errors: what a client is told, and by which code. Nothing unforeseen is ever quoted.

Two kinds, as is usual: what a person can mend (`BadInput`, `NotFound`, `NotAllowed` of a mutation) is data, in the
payload's `userErrors`; everything else is in `errors`, with a code in `extensions`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from sqlalchemy.exc import DataError, OperationalError

from gateway.core.errors import BadInput, NotAllowed, TiplineError, Unavailable

UNFORESEEN = "Something went wrong."
TOO_DEEP = "The document is nested too deeply."
ONE_OPERATION = "The document does not have just the one operation, or not the one named."


class Forbidden(NotAllowed):
    """The bearer token lacks a scope."""

    code = "forbidden"


class LimitExceeded(BadInput):
    """The document asks for more than one request may."""

    code = "limit_exceeded"


@strawberry.enum(description="Why a mutation was not done.")
class UserErrorCode(StrEnum):
    """The codes of errors that a person can mend."""

    BAD_INPUT = "bad_input"
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"


@strawberry.type(description="Why a mutation was not done, in words that may be shown to the person who asked.")
class UserError:
    """One reason."""

    code: UserErrorCode
    message: str

    @classmethod
    def of(cls, error: BadInput | NotAllowed) -> UserError:
        """Turn one of our errors into data; a code of its own counts as its kind's."""
        known = {code.value for code in UserErrorCode}
        code = error.code if error.code in known else ("bad_input" if isinstance(error, BadInput) else "not_allowed")
        return cls(code=UserErrorCode(code), message=error.public)


def cause(error: GraphQLError) -> Exception | None:
    """Find what a resolver raised, below the wrappings; nothing for a fault of the document itself."""
    inner: Exception | None = error
    while isinstance(inner, GraphQLError):
        inner = inner.original_error
    if isinstance(inner, OperationalError):
        return Unavailable()
    if isinstance(inner, DataError | UnicodeEncodeError):  # PostgreSQL takes no NUL, no database a lone surrogate
        return BadInput("A value holds a character that cannot be looked up.")
    return inner


def is_ours_to_mend(error: GraphQLError) -> bool:
    """Tell whether this is a fault of the server, which must be logged, and not of the document or the client."""
    raised = cause(error)
    if raised is None or isinstance(raised, RecursionError):
        return False
    if isinstance(raised, TiplineError):
        return raised.status >= 500
    return error.path is not None or not error.nodes  # with nodes and no path: a variable that did not fit its type


def present(error: GraphQLError) -> dict[str, Any]:
    """Write one error for the client. Source: GraphQL June 2018, §7.1.2."""
    code, message = _told(error)
    shown: dict[str, Any] = {"message": message, "extensions": {"code": code}}
    if error.locations:
        shown["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown


def _told(error: GraphQLError) -> tuple[str, str]:
    raised = cause(error)
    if isinstance(raised, TiplineError):
        return raised.code.upper(), raised.public
    if isinstance(raised, RecursionError):
        return "GRAPHQL_PARSE_FAILED", TOO_DEEP
    if is_ours_to_mend(error):
        return "INTERNAL_SERVER_ERROR", UNFORESEEN
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED", error.message
    return "GRAPHQL_VALIDATION_FAILED" if raised is None else "BAD_USER_INPUT", error.message
