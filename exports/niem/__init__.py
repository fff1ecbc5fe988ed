"""NIEM: a case as one JSON-LD message, for the case systems of districts and of the police.

`render(case, flavour)` writes it. Flavours: `6.0` (NIEM 6.0: core, justice, emergency management, human services) and
`5.2` (NIEM 5.2, whose justice domain is JXDM 7.2). `message` declares what stands where; `publishing` makes the schemas
under `schemas/` of that declaration.
Source: NIEM NDR 6.0 §13, https://docs.oasis-open.org/niemopen/ndr/v6.0/; JSON-LD 1.1
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from exports.case_snapshot import CaseSnapshot
from exports.niem import message, terms

CONTENT_TYPE = "application/ld+json"
_SIX, _FIVE = "https://docs.oasis-open.org/niemopen/ns/model/", "http://release.niem.gov/niem/"
CONTEXTS: Mapping[str, Mapping[str, str]] = {
    "6.0": {
        "nc": f"{_SIX}niem-core/6.0/",
        "j": f"{_SIX}domains/justice/6.0/",
        "em": f"{_SIX}domains/emergencyManagement/6.0/",
        "hs": f"{_SIX}domains/humanServices/6.0/",
        "tip": terms.NAMESPACE,
    },
    # Before 6.0 a name is joined to its namespace by a `#`. Source: NIEM NDR 5.0 §5.6.1
    "5.2": {
        "nc": f"{_FIVE}niem-core/5.0/#",
        "j": f"{_FIVE}domains/jxdm/7.2/#",
        "em": f"{_FIVE}domains/emergencyManagement/5.2/#",
        "hs": f"{_FIVE}domains/humanServices/5.2/#",
        "tip": terms.NAMESPACE,
    },
}
FLAVOURS = tuple(CONTEXTS)
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""Written so that the document is harmless inside a page or a script too."""


def render(case: CaseSnapshot, flavour: str = "6.0") -> bytes:
    """Write a case as `application/ld+json`, UTF-8, one line end at the end; the same for the same snapshot.

    Raises: KeyError for a flavour that is none of `FLAVOURS`.
    """
    document = {"@context": CONTEXTS[flavour], **message.ROOT.write(case)}
    return (json.dumps(document, ensure_ascii=False, indent=1).translate(_ESCAPES) + "\n").encode()
