"""Spanish verbs in all their forms, and words heard beneath a spelling by ear."""

import pytest

from triage.engine import assess
from triage.model import LIFE_SAFETY
from triage.spanish import forms, sound


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "pegar",
            "pego pegas pega pegamos pegan pegue pegaron pegaba pegaban pegaria pegado pegandole pegarle peguenle",
        ),
        ("encerrar:encierr", "encierro encierra encierran encerro encerraron encerras encerrarla encierrenlo"),
        ("morir:muer:mur", "muero muere morimos murio murieron muriendo muera moris morirse"),
        ("seguir:sigu:sigu", "sigo sigue siguen siguio siguiendo siga seguirla seguis"),
        ("cruzar", "cruce cruces cruzo"),
        ("sacar", "saque saquen saco sacaron sacandolo"),
        ("huir:huy", "huyo huye huyo huyeron huyendo"),
    ],
)
def test_forms_gives_every_person_and_tense(entry: str, said: str) -> None:
    assert set(said.split()) <= forms(entry)


def test_forms_refuses_what_is_no_infinitive() -> None:
    with pytest.raises(ValueError, match="infinitive"):
        forms("pega")


@pytest.mark.parametrize(
    ("written", "word"),
    [("iso", "hizo"), ("nabaja", "navaja"), ("yorando", "llorando"), ("kiere", "quiere"), ("conpro", "compro")],
)
def test_sound_is_the_same_for_a_word_spelled_by_ear(written: str, word: str) -> None:
    assert sound(written) == sound(word)


def test_sound_keeps_other_words_apart() -> None:
    assert sound("coro") != sound("choro")
    assert sound("gana") != sound("jana")


@pytest.mark.usefixtures("rules_alone")
@pytest.mark.parametrize(
    "tip",
    [
        "trae una nabaja en la mochila y le apunto a mi prima",
        "mi padrastro me kemo el brazo con la plancha",
        "vos decis que te queres morir y tenes la soga",
        "se tomo un monton de pastiyas y no despierta",
    ],
)
def test_assess_hears_spelling_by_ear_and_voseo(tip: str) -> None:
    assert assess(tip).severity in LIFE_SAFETY
