"""Templates: one engine for every capability's pages, escaping always on, an unknown name an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.responses import HTMLResponse

from gateway.core import characters
from gateway.core.times import iso
from responders.web import words

_ROOM = Path(__file__).resolve().parents[1]


class Pages:
    """Renders `<capability>/<name>.html` from `responders/<capability>/templates/`."""

    def __init__(self, capabilities: tuple[str, ...]) -> None:
        folders = {name: FileSystemLoader(_ROOM / name / "templates") for name in ("web", *capabilities)}
        self._engine = Environment(
            loader=PrefixLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._engine.filters |= {
            "ago": words.ago,
            "at": words.at,
            "iso": iso,
            "safe_text": characters.showable,
            "plural": words.plural,
            "zone_name": words.zone_name,
        }

    def render(self, template: str, context: Mapping[str, Any], *, now: datetime, status: int = 200) -> HTMLResponse:
        """Render a page; `now` is what ages are counted from."""
        text = self._engine.get_template(template).render({"now": now, **context})
        return HTMLResponse(text, status)
