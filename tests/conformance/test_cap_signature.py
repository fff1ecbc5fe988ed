"""`xmlsec1`, the XML Security Library's own program, judges our signatures."""

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from exports import cap
from tests.support import alerts

pytestmark = pytest.mark.conformance

PAIR = tuple[bytes, bytes]


@pytest.fixture(scope="module", autouse=True)
def xmlsec1() -> str:
    """Fail, rather than skip, when the judge is not there."""
    found = shutil.which("xmlsec1")
    if found is None:
        pytest.fail("The judge of signatures is not installed (Debian: apt install xmlsec1).")
    return found


@pytest.fixture(scope="module")
def pair() -> PAIR:
    return cap.signature.make_key("District 7", alerts.NOW - timedelta(days=1), days=3650)


def judge(program: str, document: bytes, certificate: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let the judge verify a document by a key that it was given, not by the one inside."""
    (folder / "alert.xml").write_bytes(document)
    (folder / "certificate.pem").write_bytes(certificate)
    command = [program, "--verify", "--enabled-key-data", "rsa", "--pubkey-cert-pem", "certificate.pem", "alert.xml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_it_verifies_what_we_sign(xmlsec1: str, pair: PAIR, tmp_path: Path) -> None:
    for one in alerts.three_hundred()[::12]:
        answer = judge(xmlsec1, cap.sign(cap.render(one), *pair), pair[1], tmp_path)
        assert answer.returncode == 0, answer.stderr


def test_it_verifies_by_the_certificate_inside(xmlsec1: str, pair: PAIR, tmp_path: Path) -> None:
    (tmp_path / "alert.xml").write_bytes(cap.sign(cap.render(alerts.alert()), *pair))
    (tmp_path / "certificate.pem").write_bytes(pair[1])
    command = [xmlsec1, "--verify", "--trusted-pem", "certificate.pem", "alert.xml"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"Lockdown at Lincoln High<", rb"All clear at Lincoln High<"),
        (rb"<status>Actual<", rb"<status>Test<"),
        (rb"39\.10,-105\.10", rb"39.11,-105.10"),
        (rb"<ds:SignatureValue>....", rb"<ds:SignatureValue>AAAA"),
    ],
)
def test_it_refuses_a_tampered_one(old: bytes, new: bytes, xmlsec1: str, pair: PAIR, tmp_path: Path) -> None:
    signed = cap.sign(cap.render(alerts.alert()), *pair)
    tampered = re.sub(old, new, signed, count=1)
    assert tampered != signed
    assert judge(xmlsec1, signed, pair[1], tmp_path).returncode == 0
    assert judge(xmlsec1, tampered, pair[1], tmp_path).returncode != 0


def test_it_refuses_the_key_of_somebody_else(xmlsec1: str, pair: PAIR, tmp_path: Path) -> None:
    other = cap.signature.make_key("District 7", alerts.NOW, days=3650)
    assert judge(xmlsec1, cap.sign(cap.render(alerts.alert()), *pair), other[1], tmp_path).returncode != 0
