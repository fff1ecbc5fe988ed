"""Words that may tell of a life at risk: what holds one of them, a district cannot mute, whatever rules make of it.

It errs on the side of danger: one word is enough, and disguised words count.
"""

from __future__ import annotations

from triage.first_look import DANGEROUS, DISGUISED, words_of

_PICTURES = DANGEROUS | {"💀"}

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


def spoken(text: str) -> bool:
    """Tell whether a phrase holds such a word, plain or disguised, or such a picture."""
    seen = text.lower()
    if not _PICTURES.isdisjoint(seen) or DISGUISED.search(seen):
        return True
    return any(word in _WORDS or any(word[:size] in _STEMS for size in _LENGTHS) for word in words_of(seen))
