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
_LONGEST_TRY, _DIGITS = 1000, 9


@page
def show(_request: Request, visit: Visit) -> Response:
    """Show the pack in force, to be changed, and who wrote which version."""
    _admit(visit)
    return _page(visit, None, [])


@action
def save(_request: Request, visit: Visit, form: FormData) -> Response:
    """Write a new version down, or try a sentence on it first; what is wrong is said beside what was written."""
    _admit(visit)
    text, version, sentence = (field_of(form, name) for name in ("pack", "version", "sentence"))
    seen = int(version) if version.isdecimal() and len(version) < _DIGITS else 0
    try:
        if "try" in form:
            tried = _try(visit, text, sentence)
            return _page(visit, text, [], seen=seen, sentence=sentence[:_LONGEST_TRY], tried=tried)
        with visit.console.database.write() as session:
            service.change(
                session, visit.console.keys, visit.district, text,
                based_on=seen, author=visit.actor, now=visit.now,
            )  # fmt: skip
    except service.Overtaken as error:
        return _page(visit, text, [error.public], overtaken=True, sentence=sentence, status=400)
    except BadInput as error:
        return _page(visit, text, error.public.splitlines(), seen=seen, sentence=sentence, status=400)
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
    seen: int | None = None,
    overtaken: bool = False,
    sentence: str = "",
    tried: list[tuple[str, Assessment]] | None = None,
    status: int = 200,
) -> Response:
    """Show the page. `seen` is the version that the words were written into: saving them overwrites no later one.

    Who was `overtaken` is shown the version in force beside their own words, and has seen it from then on.
    """
    in_force, shut = "", False
    with visit.console.database.read() as session:
        versions = service.history(session, visit.account.district_id)
        names = {f"account:{one.id}": one.name for one in accounts.of_district(session, visit.account.district_id)}
        if text is None or overtaken:
            try:
                in_force = service.opened(visit.console.keys, versions[0] if versions else None)
            except KeyRefused:
                shut = True
    newest = versions[0].version if versions else 0
    return visit.render(
        "tuning/tuning.html", status, here="tuning", pack=in_force if text is None else text, faults=faults,
        versions=versions, names=names, version=newest if seen is None else seen,
        theirs=in_force if overtaken else None, sentence=sentence, tried=tried or [], shut=shut,
        longest=LARGEST,
    )  # fmt: skip


def _admit(visit: Visit) -> None:
    if visit.account.role != _ROLE:
        raise NotAllowed("Only administrators see and change what the line listens for.")


ROUTES = (
    Route("/tuning", show, methods=["GET"]),
    Route("/tuning", save, methods=["POST"]),
)
