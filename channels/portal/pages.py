"""Pages: one engine for each language, escaping always on, an unknown name an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_timedelta
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from channels.portal import help_lines
from channels.portal.languages import Language, Languages
from channels.portal.schools import Place
from gateway.core.characters import showable
from gateway.core.records import District
from gateway.core.times import iso

_MOMENT = timedelta(seconds=1)
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Asked:
    """How a page was asked for: in which language, and whether that was chosen by hand, so that links keep it."""

    language: Language
    chosen: bool

    def link(self, path: str, **query: str) -> str:
        """Write a link of ours that keeps the language."""
        asked = {**query, **({"lang": self.language.code} if self.chosen else {})}
        return f"{path}?{urlencode(asked)}" if asked else path


class Pages:
    """Renders the portal's templates."""

    def __init__(self, languages: Languages) -> None:
        self.languages = languages
        self._engine = cache(self._make_engine)

    def asked(self, request: Request, form: Mapping[str, str] | None = None) -> Asked:
        """Find the language that a request wants: what its form or URL says, else what its browser prefers."""
        code = (form or {}).get("lang") or request.query_params.get("lang", "")
        language = self.languages.choose(code, request.headers.get("accept-language", ""))
        return Asked(language, chosen=code == language.code)

    def render(self, template: str, page: Page, status: int = 200, **context: Any) -> HTMLResponse:
        """Render a page with what is particular to it."""
        engine = self._engine(page.asked.language)
        text = engine.get_template(template).render({"page": page, "languages": self.languages.all.values(), **context})
        return HTMLResponse(text, status, {"Content-Language": page.asked.language.code})

    def _make_engine(self, language: Language) -> Environment:
        engine = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        engine.install_gettext_translations(language.words, newstyle=True)  # type: ignore[attr-defined]
        engine.filters |= {"safe_text": showable, "iso": iso}
        return engine


@dataclass(frozen=True)
class Page:
    """What every page shows around its own matter.

    `carried` is what a page that was made from a form must send again to be shown in another language; a page whose
    URL alone makes it again carries nothing, and one that is shown once is not `switchable`. A page that is
    about no school has no `place`; its `district` is the only one there is, if so.
    """

    asked: Asked
    path: str
    now: datetime
    place: Place | None = None
    carried: Mapping[str, str] = field(default_factory=dict, repr=False)
    switchable: bool = True
    district: District | None = None

    @cached_property
    def help(self) -> help_lines.Help:
        """Who helps here, and where the quick exit leads."""
        if self.place:
            return help_lines.of(self.place.district, self.place.school)
        return help_lines.of(self.district)

    def link(self, path: str, **query: str) -> str:
        """Write a link of ours that keeps the language."""
        return self.asked.link(path, **query)

    def written(self, number: str) -> str:
        """Write a number as the school's country does."""
        return help_lines.written(number, self.place.district.country if self.place else help_lines.ELSEWHERE)

    def ago(self, moment: datetime) -> str:
        """Say how long ago something was, in the page's language."""
        past = min(moment - self.now, -_MOMENT)
        return format_timedelta(past, "minute", threshold=1.2, add_direction=True, locale=self.asked.language.locale)
