"""XML signatures: enveloped, exclusive canonicalisation, RSA with SHA-256, the certificate inside.

The other kinds are why alerts broke between platforms; CAP allows the enveloped one only. Keys are handed in as PEM.
Source: CAP 1.2 §3.3.4.1; W3C XML Signature 1.1; https://signxml.readthedocs.io
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from exports.cap.findings import Unreadable
from exports.cap.model import Alert
from exports.cap.reading import SIGNATURES, parse, read, read_tree
from gateway.core.errors import Forged, KeyRefused

LEAST_BITS = 2048
NEW_BITS = 3072
_ACCEPTED = SignatureConfiguration(
    location="./",
    expect_references=1,
    signature_methods=frozenset((SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512)),
    digest_algorithms=frozenset((DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512)),
    default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says. `fingerprint` is SHA-256 in hexadecimal; times are UTC-aware."""

    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime


def sign(document: bytes, key_pem: bytes, certificate_pem: bytes) -> bytes:
    """Sign an alert that `render` wrote.

    `key_pem` is an RSA key without a password; `certificate_pem` its certificate, and those above it if need be.
    Raises: KeyRefused when they do not belong together; Unreadable when it is no alert, or signed already.
    """
    root = parse(document)
    read_tree(root)
    if root.find(f"{{{SIGNATURES}}}Signature") is not None:
        raise Unreadable("Signature", "signed", "is there already")
    key, chain = _pair(key_pem, certificate_pem)
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed = signer.sign(root, key=key, cert=chain, always_add_key_value=False)
    return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")


def verify(document: bytes, certificates: Iterable[bytes], at: datetime) -> Alert:
    """Read a signed alert, and only what was signed of it.

    One of `certificates` (PEM, known from elsewhere; the one in the document proves nothing) must be the signer's and
    valid `at` a moment. Raises: Forged; Unreadable when what was signed is no alert.
    """
    root = parse(document, keep_instructions=True)
    read(document)
    for pem in certificates:
        try:
            found = XMLVerifier().verify(
                root, x509_cert=_certificates(pem)[0], expect_config=replace(_ACCEPTED, verification_time=at)
            )
        except (SignXMLException, etree.LxmlError, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
            # Of what it reads it lets errors pass as they are: an element that is missing, a base64 without an end.
            continue
        return read(cast(VerifyResult, found).signed_data)
    raise Forged


def describe(certificate_pem: bytes) -> Certificate:
    """Say what a certificate says, for people and for the day that it ends.

    Raises: KeyRefused when there is none.
    """
    first = _certificates(certificate_pem)[0]
    return Certificate(
        subject=first.subject.rfc4514_string(),
        fingerprint=first.fingerprint(hashes.SHA256()).hex(),
        not_before=first.not_valid_before_utc,
        not_after=first.not_valid_after_utc,
    )


def make_key(name: str, at: datetime, days: int) -> tuple[bytes, bytes]:
    """Make an RSA key and a certificate that it signs itself, both PEM; the key has no password.

    `name` is who signs, as receivers see it (64 bytes of UTF-8 at most are kept); it holds from `at` for some days.
    Receivers must be handed the certificate; for IPAWS the authority's own takes its place.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=NEW_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _short(name))])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )


def _short(name: str) -> str:
    return name.encode()[:64].decode(errors="ignore")


def _pair(key_pem: bytes, certificate_pem: bytes) -> tuple[rsa.RSAPrivateKey, list[x509.Certificate]]:
    try:
        key = load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError):
        raise KeyRefused("The signing key is not PEM, or has a password.") from None
    chain = _certificates(certificate_pem)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise KeyRefused(f"The signing key is not RSA of {LEAST_BITS} bits or more.")
    if chain[0].public_key() != key.public_key():
        raise KeyRefused("The signing key is not that of the certificate.")
    return key, chain


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise KeyRefused("The certificate is not PEM.") from None
