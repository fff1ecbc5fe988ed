from __future__ import annotations

import unicodedata

import pytest

from gateway.core.errors import BadInput
from responders.accounts import passwords

GOOD = "correct horse battery"


def test_enclose_keeps_the_password_as_argon2id_at_the_recommended_cost() -> None:
    phc = passwords.enclose(GOOD)
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert phc != passwords.enclose(GOOD)
    assert GOOD not in phc


def test_verify_takes_the_right_password_only() -> None:
    phc = passwords.enclose(GOOD)
    assert passwords.verify(GOOD, phc)
    assert not passwords.verify(GOOD + "!", phc)
    assert not passwords.verify("", phc)


def test_verify_takes_the_same_letters_from_another_keyboard() -> None:
    composed = unicodedata.normalize("NFC", "contraseña segura")
    assert passwords.verify(unicodedata.normalize("NFD", composed), passwords.enclose(composed))


def test_verify_costs_the_same_for_an_unknown_name_and_fits_no_password() -> None:
    assert passwords.NOBODY.split("$")[1:4] == passwords.enclose(GOOD).split("$")[1:4]
    assert not passwords.verify("", passwords.NOBODY)


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 201], ids=["empty", "short", "long"])
def test_enclose_refuses_what_is_too_short_or_too_long(password: str) -> None:
    with pytest.raises(BadInput):
        passwords.enclose(password)


def test_verify_does_not_take_the_first_part_of_a_long_password() -> None:
    assert not passwords.verify("x" * 201, passwords.enclose("x" * 200))
