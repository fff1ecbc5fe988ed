"""An alert as XML: what breaks a rule of CAP 1.2 is refused before a byte is written."""

from __future__ import annotations

from typing import Any

from lxml import etree

from exports.cap import rules
from exports.cap.elements import ALERT, Group, Kind
from exports.cap.findings import refuse
from exports.cap.model import NAMESPACE, Alert


def render(alert: Alert) -> bytes:
    """Write an alert as UTF-8 with its XML declaration, on one line: nothing between elements can go astray on the way.

    Raises: Refused, with every error of `rules.check`.
    """
    refuse(rules.check(alert))
    root = etree.Element(_tag("alert"), nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # a stub too strict
    _fill(root, alert, ALERT)
    return _bytes(root)


def pretty(document: bytes) -> str:
    """Lay a document out for eyes; the result is not to be sent, as new blanks break a signature.

    `document` comes from `render` or `sign`.
    """
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _fill(node: etree._Element, value: Any, group: Group) -> None:
    for element in group.elements:
        held = getattr(value, element.attribute)
        for one in held if element.many else [held]:
            if one is None or one == ():
                continue
            child = etree.SubElement(node, _tag(element.name))
            if isinstance(element.kind, Kind):
                child.text = element.kind.write(one)
            else:
                _fill(child, one, element.kind)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
