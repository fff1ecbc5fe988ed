"""Numbers and e-mail addresses, and whose they are: the writer's, or somebody's whom the tip is about.

The nearest cue decides, first in the sentence before the number, then behind it. Without any cue a number is the
writer's, unless its sentence speaks of another person: a sign that hides too much is one click, one too few is a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import phonenumbers
from phonenumbers import Leniency, NumberParseException, PhoneNumberMatcher

from gateway.core.digits import runs
from gateway.core.guard.reading import Page

_MATCHES, _TRIES = 100, 500
"""How much `PhoneNumberMatcher` may find, and how often it may fail; the rest is read as plain runs of digits."""
_LOCAL = 7
_EMAIL = re.compile(
    r"(?<![\w.+\-])[\w+\-][\w.+\-]{0,63}(?:@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4}"
    r"|(?:\s?[@\uff20]\s?|\s?[(\[]?\b(?:at|arroba)\b[)\]]?\s?)(?:gmail|yahoo|hotmail|outlook|icloud|aol|proton|protonmail|live)"
    r"(?:\s?\.\s?|\s?[(\[]?\b(?:dot|punto)\b[)\]]?\s?)(?:com|net|org|me|es|mx)\b)",
    re.IGNORECASE,
)

_THING = (
    r"(?:(?:cell|phone|mobile|home|house|contact|work|school|whatsapp|new|real|personal|best) ){0,3}"
    r"(?:number|numbers|num|nmber|numer|numbr|nubmer|no|cell|cel|phone|mobile|digits|line|email|e mail|mail|gmail|addy"
    r"|address|whatsapp|telefono|tel|telefeno|celular|movil|numero|nmero|num|correo|direccion)"
)
_REACH = r"(?:call|text|txt|reach|contact|message|msg|email|e mail|mail|dm|ring|write|whatsapp|hit|phone|get|find|hmu)"
_REACH_ES = (
    r"(?:llama|llame|llamen|escribe|escriba|escriban|contacta|contacte|contacten|marca|marque|marquen|manda|mande|busca"
    r"|avisa|habla|texte|textea|responde)"
)
_MINE = (
    rf"(?:my|mi|mis|mine|mio|our) {_THING} ",
    rf"{_REACH} (?:me|us|back)(?: back| up)? ",
    r"(?:hmu|get back to me|talk to me|i can be reached|can be contacted) ",
    rf"{_REACH_ES}(?:me|nme|nos) ",
    r"(?:me|nos) (?:puede|puedes|pueden) (?:\w+ )?(?:a|al|en|por) ",
    r"(?:llamarme|contactarme|escribirme|localizarme|hablarme) ",
    r"(?:i am|im|i'm|estoy) (?:at|on|en) $",
    r"(?:number|num|cell|email|numero|correo) (?:of mine|mio|is mine) ",
)
"""The writer's own: `my number`, `call me at`, `mi correo`, `llámame al`."""
_WHOSE = (
    r"(?:his|her|hers|their|its|whose|this|that|the|your|su|sus|el|la|los|este|ese|un|una|a|an|some|random|unknown|one"
    r"|another)"
)
_PAST = (
    r"(?:called|texted|texting|calling|messaged|messaging|emailed|emailing|calls|texts|emails|spamming|threatening)"
    r"(?: me| us| her| him| them)?"
)
_PAST_ES = (
    r"me (?:llamo|llama|llaman|llamaron|escribe|escribio|escriben|manda|mando|mandan|esta\w*|amenaza|amenazo)"
    r"(?: \w+)? (?:de|del|desde)"
)
_OTHERS = (
    rf"{_WHOSE} (?:\w+ ){{0,2}}{_THING} ",
    rf"\w+'s {_THING} ",
    rf"(?:mom|moms|dad|dads|friend|friends|brothers?|sisters?|bf|gf|boyfriends?|girlfriends?) {_THING} ",
    rf"{_THING} (?:de|of) (?!me |mi |mine |{_THING} )\w+ ",
    rf"{_REACH} (?:him|her|them|the|this|that|someone|somebody|his|their|my (?!{_THING}|self)\w+|mi (?!{_THING})\w+) ",
    rf"{_PAST} ",
    rf"{_PAST_ES} ",
    r"(?:from|desde|del) ",
    r"(?:his|hers|theirs|el suyo|la suya) (?:is|es) ",
    rf"(?:llamar|{_REACH_ES})n?(?:lo|la|le|los|las|les) ",
    r"(?:someone|somebody|alguien|account|cuenta|stranger|desconocido) ",
)
"""Somebody else's: `his number`, `call her at`, `she texted me from`, `su número`, `llámalo al`."""
_WHOSE_BEFORE = re.compile(f" (?:(?P<mine>(?={'|'.join(_MINE)}))|(?={'|'.join(_OTHERS)}))")
_MINE_BEHIND = re.compile(
    r" (?:,|:)?(?: )?(?:(?:is|es|thats|that's|its|it's|este es|ese es) )?"
    rf"(?:(?:my|mi) {_THING} |(?:is|es|thats) (?:me|mine|mio) |soy yo "
    rf"|(?:please |por favor |pls |plz )?(?:{_REACH} me |{_REACH_ES}(?:me|nme) ))"
)
_OTHERS_BEHIND = re.compile(
    r" (?:,|:)?(?: )?(?:is|es|thats|that's|its|it's) (?:his|her|hers|their|theirs|the|su|el|la|de|del|from|\w+'s) "
    r"| (?:keeps|kept|is|was|has|called|texted|messaged|sent|wont|me|le|nos) "
)
_PERSON = re.compile(
    r" (?:he|she|they|him|her|his|them|their|hes|shes|theyre|he's|she's|they're|someone|somebody|kid|kids|guy|guys|girl"
    r"|boy|dude|man|woman|student|teacher|coach|counselor|principal|officer|police|hotline|office|school|mom|moms|dad"
    r"|dads|mother|father|parent|parents|brother|sister|friend|friends|cousin|boyfriend|girlfriend|bf|gf|ex|el|ella"
    r"|ellos|ellas|su|sus|alguien|chico|chica|muchacho|muchacha|nino|nina|estudiante|alumno|alumna|maestro|maestra"
    r"|profesor|profesora|profe|mama|papa|madre|padre|hermano|hermana|amigo|amiga|primo|prima|novio|novia|policia"
    r"|oficina|escuela|senor|senora|dealer|pimp|groomer|stalker|account|website|site|number|numero|named|called|llamado"
    r"|llamada|se llama) "
)
_TOLD_OF = re.compile(
    r" (?:his|her|their|su|sus) (?:\w+ ){0,2}"
    r"(?:name|number|phone|email|address|insta|snap|nombre|numero|correo|direccion)"
    r"|(?:call|text|contact|reach|email) (?:him|her|them) | se llama "
    r"| (?:he|she|they|el|ella) (?:lives?|works?|vive|trabaja) "
)
"""The sentence before tells how somebody else is found."""


def emails(page: Page) -> Iterator[tuple[int, int]]:
    """Give the places of the writer's own e-mail addresses in the raw text."""
    for found in _EMAIL.finditer(page.raw):
        if _is_mine(page, found.start(), found.end()):
            yield found.span()


def numbers(page: Page, region: str) -> Iterator[tuple[int, int]]:
    """Give the places of the writer's own phone numbers in the raw text, in figures or words."""
    last = 0
    for start, end, whole in sorted(_numbers(page.raw, region)):
        if start >= last and _is_mine(page, start, end, needs_cue=not whole):
            yield start, end
            last = end


def all_emails(page: Page) -> Iterator[tuple[int, int]]:
    """Give the places of all e-mail addresses in the raw text, whoever's they are."""
    yield from (found.span() for found in _EMAIL.finditer(page.raw))


def all_numbers(page: Page, region: str) -> Iterator[tuple[int, int]]:
    """Give the places of all phone numbers in the raw text, whoever's they are; they may overlap."""
    yield from ((start, end) for start, end, _ in _numbers(page.raw, region))


def _numbers(raw: str, region: str) -> Iterator[tuple[int, int, bool]]:
    """Give numbers, and whether each is a whole one; a local one (7 digits) may be much else."""
    matcher = PhoneNumberMatcher(raw, region, leniency=Leniency.VALID, max_tries=_TRIES)
    yield from ((match.start, match.end, True) for match in islice(matcher, _MATCHES))
    for run in runs(raw):
        value = "".join(piece.value for piece in run)
        place = run[0].start, run[-1].end
        if len(value) == _LOCAL and value[0] not in "01":
            yield *place, False
        elif 10 <= len(value) <= 15 and _is_valid(value, region):
            yield *place, True


def _is_valid(value: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(value, region))
    except NumberParseException:
        return False


def _is_mine(page: Page, start: int, end: int, *, needs_cue: bool = False) -> bool:
    """Whether a number or address is the writer's own."""
    first, behind = page.first_after(start), page.first_after(end)
    before = page.before(first, 14)
    told = None
    for told in _WHOSE_BEFORE.finditer(before):  # noqa: B007 - the last one is the nearest
        pass
    after = page.after(behind, 8)
    if told is None and _MINE_BEHIND.match(after):
        return True
    if told is not None:
        return told["mine"] is not None
    if needs_cue or _OTHERS_BEHIND.match(after):
        return False
    return not (_PERSON.search(before) or _PERSON.search(after) or _TOLD_OF.search(page.sentence_before(first, 14)))
