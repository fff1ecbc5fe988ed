"""Spanish verbs: every form of a verb from one entry, so that a pack names `pegar` once and means all of `le pegaban`.

An entry is the infinitive and, after colons, the stem under stress and the stem of `murió, muriendo`, where they
differ: `pegar`, `encerrar:encierr`, `morir:muer:mur`. Forms stand without accents, all persons with voseo, and with the
pronouns written on (`pegarle`, `matandolo`, `matenla`). What is wholly irregular a pack lists itself.
"""

import re
from itertools import product

_PRONOUNS = ("me", "te", "se", "lo", "la", "le", "los", "las", "les", "nos")
_TWO = tuple(first + second for first, second in product(("me", "te", "se", "nos"), ("lo", "la", "los", "las")))
_AR = {
    "root": "as amos aste astes o aron aba abas abamos aban ara aras aramos aran a ado ada ados adas",
    "stress": "o as a an",
    "soft_root": "e emos es",
    "soft_stress": "e es en",
    "third": "ando",
}
_ER = {
    "root": "emos iste istes i imos ia ias iamos ian ido ida idos idas",
    "stress": "o es e en",
    "soft_root": "amos as",
    "soft_stress": "a as an",
    "third": "io ieron iera ieras ieramos ieran iendo",
}
_ENDINGS = {
    "ar": _AR,
    "er": {**_ER, "root": _ER["root"] + " es"},
    "ir": {**_ER, "root": _ER["root"] + " is"},
}
_FUTURE = ("e", "as", "a", "emos", "an", "ia", "ias", "iamos", "ian")


def forms(entry: str) -> frozenset[str]:
    """Return every form of the verb that `entry` describes. Raises: ValueError when it is no infinitive."""
    infinitive, *stems = entry.split(":")
    root, kind = infinitive[:-2], infinitive[-2:]
    if kind not in _ENDINGS:
        raise ValueError(f"not an infinitive: {entry!r}")
    stress = stems[0] if stems else root
    third = stems[1] if len(stems) > 1 else root
    stem = {"root": root, "stress": stress, "soft_root": root, "soft_stress": stress, "third": third}
    plain = {_joined(stem[place], end, kind) for place, ends in _ENDINGS[kind].items() for end in ends.split()}
    plain |= {infinitive} | {infinitive + end for end in _FUTURE}
    carriers = [infinitive, *(form for form in plain if form.endswith("ndo"))]
    orders = [_joined(stress, end, kind) for end in ("a", "e", "en", "an")] + [root + kind[0]]
    long = {carrier + pronoun for carrier, pronoun in product(carriers, _PRONOUNS + _TWO)}
    return frozenset(plain | long | {order + pronoun for order, pronoun in product(orders, _PRONOUNS)})


def _joined(stem: str, end: str, kind: str) -> str:
    """Return stem and ending as they are spelled together: `saque`, `pegue`, `cace`, `coja`, `siga`, `huyo`."""
    if kind == "ar" and end[0] == "e":
        stem = re.sub("g$", "gu", re.sub("c$", "qu", stem)) if stem[-1] != "z" else stem[:-1] + "c"
    if kind != "ar" and end[0] in "ao":
        stem = stem[:-2] + "g" if stem.endswith("gu") else re.sub("g$", "j", stem)
    if kind != "ar" and stem[-1] in "aeou" and not stem.endswith(("gu", "qu")) and re.match("i[oe]", end):
        end = "y" + end[1:]
    return stem + end


def sound(word: str) -> str:
    """Return how Spanish says `word`, the same for `hizo` and `iso`, `vaya` and `baya`, `quiere` and `kiere`."""
    heard = word.replace("ch", "9").replace("h", "").replace("v", "b").replace("ll", "y").replace("z", "s")
    heard = re.sub("qu(?=[ei])|q", "k", heard)
    heard = re.sub("c(?=[ei])", "s", heard).replace("c", "k")
    heard = re.sub("g(?=[ei])", "j", heard)
    heard = re.sub("gu(?=[ei])", "g", heard)
    heard = re.sub("n(?=[bp])", "m", heard)
    return re.sub(r"(.)\1+", r"\1", re.sub("y$", "i", heard))
