"""Reads alerts and checks each: `python alerts.py FEED CERTIFICATES`, two addresses. Wants `pip install signxml`."""

import sys
from datetime import UTC, datetime
from urllib.request import urlopen

from cryptography.x509 import load_pem_x509_certificates
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import XMLVerifier

ATOM, CAP = "{http://www.w3.org/2005/Atom}", "{urn:oasis:names:tc:emergency:cap:1.2}"
SAFE = etree.XMLParser(resolve_entities=False, no_network=True)


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def signed(document: bytes) -> etree._Element | None:
    """Answer what one of the certificates has signed, and nothing beside it."""
    for certificate in CERTIFICATES:
        try:
            found = XMLVerifier().verify(etree.fromstring(document, SAFE), x509_cert=certificate)
            return found[0].signed_xml if isinstance(found, list) else found.signed_xml
        except SignXMLException:
            continue
    return None


# Fetch them once, over https, and keep them: who could change them could sign as anybody.
CERTIFICATES = load_pem_x509_certificates(fetch(sys.argv[2]))
for link in etree.fromstring(fetch(sys.argv[1]), SAFE).iterfind(f"{ATOM}entry/{ATOM}link[@type='application/cap+xml']"):
    alert = signed(fetch(str(link.get("href"))))
    if alert is None:
        print("FORGED", link.get("href"))
        continue
    over = datetime.fromisoformat(str(alert.findtext(f"{CAP}info/{CAP}expires"))) < datetime.now(UTC)
    if alert.findtext(f"{CAP}status") == "Actual" and not over:  # Exercises and tests are no alarms.
        print(alert.findtext(f"{CAP}msgType"), alert.findtext(f"{CAP}info/{CAP}headline"))
