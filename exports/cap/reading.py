"""Alerts that come from anyone: read without entities, DTDs, the network or surprise, or refused by the element's name.

Blanks between elements, comments, processing instructions and an `xsi:schemaLocation` are left aside; an empty element
that may be absent is read as absent. Signatures are not looked at: `signature.verify` does, and reads what was signed.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from exports.cap.elements import ALERT, Element, Group
from exports.cap.findings import Unreadable, below
from exports.cap.model import NAMESPACE, Alert

LARGEST = 1_000_000
"""Bytes of a document. Ours are a few thousand; an alert that carries a picture in itself fits."""
SIGNATURES = "http://www.w3.org/2000/09/xmldsig#"
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


def read(document: bytes) -> Alert:
    """Read an alert.

    Only the form is looked at: what it says may still break rules (`rules.check`), and anyone may have written it.
    Raises: Unreadable, naming the element, for anything that is not CAP 1.2.
    """
    return read_tree(parse(document))


def parse(document: bytes, *, keep_instructions: bool = False) -> etree._Element:
    """Parse XML that anyone may have written: no DTD, hence no entities and no bombs; nothing is fetched.

    `keep_instructions` for a signature, which counts processing instructions among what was signed.
    Raises: Unreadable, naming `alert`.
    """
    if len(document) > LARGEST:
        raise Unreadable("alert", "too_large", f"is larger than {LARGEST} bytes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=not keep_instructions,
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("alert", "not_xml", "is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("alert", "doctype", "has a document type declaration, which alerts never need")
    return root


def read_tree(root: etree._Element) -> Alert:
    """Read an alert that is parsed already; see `read`."""
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise Unreadable("alert", "not_an_alert", f"is not the root, or not of {NAMESPACE}")
    alert = _read(root, ALERT, "")
    assert isinstance(alert, Alert)
    return alert


def _read(node: etree._Element, group: Group, path: str) -> Any:
    _refuse_strays(node, path)
    known = {element.name: element for element in group.elements}
    found: dict[str, list[Any]] = {}
    order, last = list(known), 0
    for child, name in _children(node, path):
        element = known.get(name)
        if element is None:
            raise Unreadable(path or "alert", "element_unknown", "holds an element that CAP 1.2 does not have there")
        here = found.setdefault(name, [])
        place = below(path, name, len(here) + 1 if element.many else None)
        if here and not element.many:
            raise Unreadable(place, "element_repeated", "stands there twice")
        if order.index(name) < last:
            raise Unreadable(place, "element_out_of_order", f"stands after {order[last]}, and belongs before it")
        last = order.index(name)
        here.append(_value(child, element, place))
    return group.make(
        **{element.attribute: _held(found.get(element.name, []), element, path) for element in group.elements}
    )


def _held(values: list[Any], element: Element, path: str) -> Any:
    """Give what an attribute holds for the elements that were there."""
    if element.required and not values:
        raise Unreadable(below(path, element.name), "element_missing", "is missing")
    if element.many:
        return tuple(values)
    if values:
        return values[0]
    return () if element.name in _TUPLES else None


_TUPLES = frozenset(("addresses", "references", "incidents"))


def _value(node: etree._Element, element: Element, path: str) -> Any:
    if isinstance(element.kind, Group):
        return _read(node, element.kind, path)
    if len(node):
        raise Unreadable(path, "element_unknown", "holds another element, and may hold text only")
    _refuse_attributes(node, path)
    text = node.text or ""
    if not text and not element.required and not element.many:
        return () if element.name in _TUPLES else None
    try:
        return element.kind.read(text)
    except Unreadable as fault:
        raise fault.at(path) from None


def _children(node: etree._Element, path: str) -> list[tuple[etree._Element, str]]:
    """Give the children of CAP's own namespace. Signatures may end an alert; nothing else of any other may be there."""
    children: list[tuple[etree._Element, str]] = []
    signed = False
    for child in node:
        if not isinstance(child.tag, str):  # an entity that was not resolved
            raise Unreadable(path or "alert", "entity", "holds an entity")
        name = etree.QName(child)
        if name.namespace == SIGNATURES and not path:
            signed = True
        elif signed or name.namespace != NAMESPACE:
            raise Unreadable(path or "alert", "element_foreign", "holds an element that is not CAP's")
        else:
            children.append((child, name.localname))
    return children


def _refuse_strays(node: etree._Element, path: str) -> None:
    """Refuse text between elements, which no reader would show."""
    _refuse_attributes(node, path)
    if (node.text or "").strip() or any((child.tail or "").strip() for child in node):
        raise Unreadable(path or "alert", "stray_text", "holds text between its elements")


def _refuse_attributes(node: etree._Element, path: str) -> None:
    if set(node.attrib) - {_SCHEMA_LOCATION}:
        raise Unreadable(path or "alert", "attribute", "has an attribute, and CAP has none")
