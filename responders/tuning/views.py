"""The console page of a district's own words. Administrators alone see it: it says what the district watches for."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import BadInput, KeyRefused, NotAllowed
from responders.accounts import service as accounts
from responders.accounts.gate import Visit, action, field_of, page, see
from responders.tuning import service
from triage import engine, packs
from triage.model import Assessment, Context
from triage.pack_files import LARGEST

_ROLE = "administrator"
_LONGEST_TRY = 1000


@page
def show(_request: Request, visit: Visit) -> Response:
    """Show the pack in force, to be changed, and who wrote which version."""
    _admit(visit)
    return _page(visit, None, [])


@action
def save(_request: Request, visit: Visit, form: FormData) -> Response:
    """Write a new version down, or try a sentence on it first; what is wrong is said beside what was written."""
    _admit(visit)
    text, seen, sentence = (field_of(form, name) for name in ("pack", "version", "sentence"))
    try:
        if "try" in form:
            return _page(visit, text, [], sentence=sentence[:_LONGEST_TRY], tried=_try(visit, text, sentence))
        with visit.console.database.write() as session:
            service.change(
                session, visit.console.keys, visit.district, text,
                based_on=int(seen) if seen.isdecimal() else 0, author=visit.actor, now=visit.now,
            )  # fmt: skip
    except BadInput as error:
        return _page(visit, text, error.public.splitlines(), sentence=sentence, status=400)
    return see("/tuning")


def _try(visit: Visit, text: str, sentence: str) -> list[tuple[str, Assessment]]:
    """Judge a sentence without the pack as it is written, and with it."""
    pack = packs.compiled(service.checked(text), service.name(visit.district, 0))
    said = sentence[:_LONGEST_TRY]
    return [
        ("By the general rules", engine.assess(said)),
        ("With these words", engine.assess(said, Context(pack=pack))),
    ]


def _page(
    visit: Visit,
    text: str | None,
    faults: list[str],
    *,
    sentence: str = "",
    tried: list[tuple[str, Assessment]] | None = None,
    status: int = 200,
) -> Response:
    shut = False
    with visit.console.database.read() as session:
        versions = service.history(session, visit.account.district_id)
        names = {f"account:{one.id}": one.name for one in accounts.of_district(session, visit.account.district_id)}
        if text is None:
            try:
                text = service.opened(visit.console.keys, versions[0] if versions else None)
            except KeyRefused:
                text, shut = "", True
    return visit.render(
        "tuning/tuning.html", status, here="tuning", pack=text, faults=faults, versions=versions, names=names,
        version=versions[0].version if versions else 0, sentence=sentence, tried=tried or [], shut=shut,
        longest=LARGEST,
    )  # fmt: skip


def _admit(visit: Visit) -> None:
    if visit.account.role != _ROLE:
        raise NotAllowed("Only administrators see and change what the line listens for.")


ROUTES = (
    Route("/tuning", show, methods=["GET"]),
    Route("/tuning", save, methods=["POST"]),
)
