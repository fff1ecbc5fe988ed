"""A first look: microseconds, no lexicon, and it decides nothing. It says whose turn comes first in a long queue.

Each message is judged by the engine in its turn, whatever was seen here. So this errs on the side of urgent: one word
is enough, disguised words count as words of danger, and what it cannot read comes before what it can.
"""

from __future__ import annotations

import re
import unicodedata

URGENT, UNCLEAR, CALM = 0, 1, 2
"""How soon a message is taken up: 0 first. `URGENT` is also what a message has that nobody looked at."""

_LOOKED_AT = 2000
_FEW_WORDS = 3
_WORD = re.compile(r"[a-z0-9]+")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_DISGUISED = re.compile(r"\b\w[ .*_-]\w[ .*_-]\w\b|[a-z][*@$!|][a-z]|[a-z][013457][a-z]")
_PICTURES = frozenset("🔫🔪🗡💣💊⚰🩸🪢🔥☠💀🚑🆘")

_BEGINNINGS = """
    gun gunsh pistol handgu rifle shotgu firear glock revolv weapon shoot shot ammo bullet knif knive blade machet
    razor stab slash bomb explo grenad molot murder kill hostag intrud massac armed attack threat columb bloodb
    suicid overd unaliv noose pill swallo bleed blood breath chok drown unconsc unrespo seiz breet knuck
    collap faint fentan narcan perc poison abduc kidnap rape rapi molest assaul strang goodby bridge overpa ledge roofto
    burn fire smok emergen ambula hurt dies dying dead death die vape antidep medicat benadr cleaner everclea gibber
    pistol arma armad dispar balac tirote bala cuchil navaj punal matar mata mato muert muer morir sobred pastil
    sangr respir despert despier desmay ahorc ahog venen explot secues viol abus amenaz lastim cort saltar puente
    azote despid incend quem emergen golpe aspir trona reaccio convul encerr
    aventar avienta raticid patead patand frasc trago tragar desconect filero gritand gritab hirvi perdone pegand
    drunk borrach hond apretand volteo ahog"""
_WHOLE = """
    ar ak ar15 ak47 9mm strap piece draco od kms kys 911 112 jump roof rope cut cuts cutting slit vein veins wrist
    drunk mask tomorrow bats fault scared belt beats bringing tower secret viernes regalo starting timing dismissal
    wrists bye list hit alone anymore forever plan planning planned oxy meds xans bars blackout gas live pulse blow
    wake waking awake responding moving asthma inhaler peanuts allergic epipen stroke heart snake diabetic cold blue
    foaming fell everything note monday tonight loading loaded countdown joking goodnight saving himself herself myself
    end ends took lethal shaking hitting cutter zoloft tylenol advil locked tracks garage find gone
    vivir vida vive adios solo sola carta lista lunes manana hoy aguanto aguanta venas plan tiro tiros cuerno bote
    contesta mueve responde ataque cuerda bate traer trae mundo siempre dormir cloro internet
    cuello techo pedo morada morado alcohol vengan encima patadas palos tubos levantaron picar apagar tirar nacido"""
_STEMS, _WORDS = frozenset(_BEGINNINGS.split()), frozenset(_WHOLE.split())
_LENGTHS = tuple(sorted({len(stem) for stem in _STEMS}))


def look(text: str, media: int = 0) -> int:
    """Tell how soon a message should be taken up: `URGENT`, `UNCLEAR` or `CALM`. `media` counts its pictures."""
    seen = text[:_LOOKED_AT].lower()
    if not seen.isascii():
        if not _PICTURES.isdisjoint(seen):
            return URGENT
        seen = unicodedata.normalize("NFKD", seen).encode("ascii", "ignore").decode()
    words = _WORD.findall(_DRAWN_OUT.sub(r"\1", seen))
    if _speaks_of_danger(words) or _DISGUISED.search(seen):
        return URGENT
    return UNCLEAR if media or len(words) <= _FEW_WORDS else CALM


def _speaks_of_danger(words: list[str]) -> bool:
    return any(word in _WORDS or any(word[:size] in _STEMS for size in _LENGTHS) for word in words)
