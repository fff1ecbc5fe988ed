"""Reads alerts and checks each: `python alerts.py FEED CERTIFICATES`, two addresses. Wants `pip install signxml`."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from http.client import HTTPException
from urllib.request import urlopen

from cryptography.x509 import Certificate, load_pem_x509_certificates
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import XMLVerifier

ATOM, CAP = "{http://www.w3.org/2005/Atom}", "{urn:oasis:names:tc:emergency:cap:1.2}"
SAFE = etree.XMLParser(resolve_entities=False, no_network=True)


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def signed(document: bytes, certificates: Sequence[Certificate]) -> etree._Element | None:
    """Answer what one of the certificates has signed, and nothing beside it."""
    alert = etree.fromstring(document, SAFE)
    for certificate in certificates:
        try:
            found = XMLVerifier().verify(alert, x509_cert=certificate)
            return found[0].signed_xml if isinstance(found, list) else found.signed_xml
        except SignXMLException:
            continue
    return None


def is_alarm(alert: etree._Element) -> bool:
    """Tell whether it is real and holds: exercises and tests are no alarms."""
    over = datetime.fromisoformat(alert.findtext(f"{CAP}info/{CAP}expires", "")) < datetime.now(UTC)
    return alert.findtext(f"{CAP}status") == "Actual" and not over


def name_of(alert: etree._Element) -> str:
    """Name an alert as others refer to it."""
    return ",".join(alert.findtext(f"{CAP}{part}", "") for part in ("sender", "identifier", "sent"))


def read(feed: str, certificates: Sequence[Certificate]) -> None:
    alarms = []
    for link in etree.fromstring(fetch(feed), SAFE).iterfind(f"{ATOM}entry/{ATOM}link[@type='application/cap+xml']"):
        address = str(link.get("href"))
        try:
            alert = signed(fetch(address), certificates)
            if alert is None:
                print("FORGED", address)
            elif is_alarm(alert):
                alarms.append(alert)
        except (HTTPException, OSError, SyntaxError, TypeError, ValueError) as error:  # The next may well be read.
            print("UNREADABLE", address, error)
    # An update takes the place of what it refers to, and a cancel takes it back.
    later = [one for one in alarms if one.findtext(f"{CAP}msgType") in {"Update", "Cancel"}]
    over = {name for one in later for name in one.findtext(f"{CAP}references", "").split()}
    for alert in alarms:
        if name_of(alert) not in over:
            print(alert.findtext(f"{CAP}msgType"), alert.findtext(f"{CAP}info/{CAP}headline"))


if len(sys.argv) != 3:
    sys.exit("usage: python alerts.py FEED CERTIFICATES")
# Fetch the certificates once, over https, and keep them: who could change them could sign as anybody.
read(sys.argv[1], load_pem_x509_certificates(fetch(sys.argv[2])))
