"""Languages: gettext catalogues, one file each. English is what the pages are written in, so it has no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "locale"
SOURCE = "en"
_MOST_ACCEPTED = 20
"""Of a longer `Accept-Language` the rest is not read."""


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for the catalogues where it is data; it is translated where it is shown."""
    return message


@dataclass(frozen=True)
class Language:
    """One language: its locale, and how its words are found."""

    locale: Locale
    words: NullTranslations

    @property
    def code(self) -> str:
        """The code that URLs and `lang` attributes carry, e.g. `es`."""
        return str(self.locale).replace("_", "-")

    @property
    def name(self) -> str:
        """The language's name for itself, e.g. `Español`."""
        name = self.locale.get_display_name(self.locale) or self.code
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)


class Languages:
    """Every language there is a catalogue for: `<folder>/<code>/LC_MESSAGES/portal.po`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read and compile the catalogues; fuzzy entries count as missing."""
        found = {SOURCE: Language(Locale(SOURCE), NullTranslations())}
        for path in sorted(folder.glob("*/LC_MESSAGES/portal.po")):
            language = _read(path)
            found[language.code] = language
        self.all: Mapping[str, Language] = found

    def choose(self, asked: str, accepted: str) -> Language:
        """Choose by what was asked for (a code), else by an `Accept-Language` header, else English."""
        if asked in self.all:
            return self.all[asked]
        best = Locale.negotiate(_preferred(accepted), [code.replace("-", "_") for code in self.all], sep="_")
        return self.all[str(best).replace("_", "-")] if best else self.all[SOURCE]


def _read(path: Path) -> Language:
    code = path.parent.parent.name
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(Locale.parse(code), GNUTranslations(compiled))


def _preferred(accepted: str) -> list[str]:
    """List the languages of an `Accept-Language` header, dearest first. Source: RFC 9110 §12.5.4."""
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(",")[:_MOST_ACCEPTED]:
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if quality > 0 and tag.replace("-", "").isalnum() and tag.isascii():
            weighed.append((-quality, tag.replace("-", "_")))
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]
