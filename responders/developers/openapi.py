"""OpenAPI 3.1 of what other systems call beside GraphQL.

On the console the subscriptions API and the schemas of events, on intake the address for concerns and feeds of alerts.
A test holds it against the routes themselves, and real answers against its schemas.
"""

from __future__ import annotations

from typing import Any

from exports import cloud_events, feed
from responders.subscriptions import rest
from responders.subscriptions.records import ACTIVE, MODES, PENDING, RETIRED, WAITING
from responders.subscriptions.service import SCOPE_READ, SCOPE_WRITE
from responders.subscriptions.troubles import CODES

VERSION = "3.1.0"
INBOUND = "/inbound/{source}"
CONCERN_TYPE = "org.tipline.inbound.concern.v1"
ALERTS = "/alerts/certificates.pem"
FEEDS = ("/alerts/{district}", "/alerts/{district}/{token}")
SCHEMAS = cloud_events.SCHEMAS_PATH
_TEXT: dict[str, Any] = {"type": "string"}
_HEX: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_SLUG: dict[str, Any] = {"type": "string", "description": "a district's short name"}
_JSON, _PROBLEM = "application/json", "application/problem+json"


def document(console_url: str, public_url: str | None = None) -> dict[str, Any]:
    """Write the description. Addresses are without a slash at their end; intake's is left out where it is not known."""
    return {
        "openapi": VERSION,
        "info": {"title": "Tipline for other systems", "version": "1", "license": {"name": "Apache-2.0"}},
        "servers": [{"url": console_url, "description": "the console"}],
        "security": [{"token": []}],
        "paths": {
            rest.PATH: {"get": _list(), "post": _create()},
            rest.PATH + "/{id}": {
                "parameters": [_in_path("id", _HEX)], "get": _one(), "put": _replace(), "delete": _end(),
            },
            SCHEMAS: {"get": _open("List every type of event, with the address of its schema.", _JSON)},
            SCHEMAS + "/{name}.json": {
                "parameters": [_in_path("name", {**_TEXT, "description": "a type, e.g. org.tipline.case.opened.v1"})],
                "get": _open("Give the JSON Schema of a type's data.", "application/schema+json", 404),
            },
            **(_of_intake(public_url) if public_url else {}),
        },
        "components": {
            "securitySchemes": _proofs(),
            "schemas": {
                "Subscription": _subscription(), "Wish": _wish(), "Event": _event(), "Concern": _data(),
                "Accepted": _accepted(),
                "Problem": _object(
                    {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "code": _TEXT}
                ),
            },
        },
    }  # fmt: skip


def _proofs() -> dict[str, Any]:
    """Describe the ways in which a caller shows who it is."""
    signed = (
        "`tipline sources add --public-key whpk_…`: `v1a,` and in base64 the Ed25519 signature of"
        " `<webhook-id>.<webhook-timestamp>.<body>`, as Standard Webhooks have it; those two are headers of the same"
        " request, the time in seconds and no older than five minutes. Structured or batched, not binary."
    )
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "`tipline token`, with the scopes listed"},
        "source": {"type": "http", "scheme": "bearer", "description": "what `tipline sources add` printed"},
        "signature": {"type": "apiKey", "in": "header", "name": "webhook-signature", "description": signed},
    }


def _of_intake(public_url: str) -> dict[str, Any]:
    """Describe what intake serves: concerns come in, alerts go out."""
    there = {"servers": [{"url": public_url, "description": "intake, which is public"}]}
    concerns = {**there, "parameters": [_in_path("source", _HEX)], "post": _concern(), "options": _handshake()}
    pem = _open("Give the certificates that alerts are signed with.", "application/x-pem-file", 404)
    told: dict[str, Any] = {INBOUND: concerns, ALERTS: {**there, "get": pem}}
    for shape in FEEDS:
        of_feed = [_in_path("district", _SLUG)] + ([_in_path("token", _TEXT)] if "{token}" in shape else [])
        listed = _open("List the alerts that hold, as Atom.", feed.CONTENT_TYPE, 404)
        one = _open("Give one alert, signed: CAP 1.2.", feed.ALERT_TYPE, 404)
        told[f"{shape}/feed.atom"] = {**there, "parameters": of_feed, "get": listed}
        told[f"{shape}/{{alert}}.xml"] = {**there, "parameters": [*of_feed, _in_path("alert", _TEXT)], "get": one}
    return told


def _open(summary: str, kind: str, *refusals: int) -> dict[str, Any]:
    """Describe what anybody may read."""
    given = {200: {"description": "It.", "content": {kind: {}}}}
    return {**_operation(summary, given, *refusals), "security": []}


def _needs(*scopes: str) -> dict[str, Any]:
    return {"security": [{"token": list(scopes)}]}


def _list() -> dict[str, Any]:
    listed = {"type": "array", "items": _ref("Subscription")}
    told = _operation("List the district's subscriptions.", {200: _answer("They.", listed)}, 401, 403)
    return {**told, **_needs(SCOPE_READ)}


def _create() -> dict[str, Any]:
    made = {201: _answer("It was made. `config.signingsecret` is shown this once.", _ref("Subscription"))}
    told = _operation("Subscribe a receiver.", made, 400, 401, 403, 413)
    return {**told, **_needs(SCOPE_READ, SCOPE_WRITE), "requestBody": _body(_ref("Wish"))}


def _one() -> dict[str, Any]:
    told = _operation("Show one.", {200: _answer("It.", _ref("Subscription"))}, 401, 403, 404)
    return {**told, **_needs(SCOPE_READ)}


def _replace() -> dict[str, Any]:
    changed = {200: _answer("It was changed.", _ref("Subscription"))}
    told = _operation("Replace one.", changed, 400, 401, 403, 404, 413)
    return {**told, **_needs(SCOPE_READ, SCOPE_WRITE), "requestBody": _body(_ref("Wish"))}


def _end() -> dict[str, Any]:
    told = _operation("End one.", {204: {"description": "It has ended."}}, 401, 403, 404)
    return {**told, **_needs(SCOPE_WRITE)}


def _concern() -> dict[str, Any]:
    taken = {202: _answer("They are on disk. A repeat is answered as the first was.", _ref("Accepted"))}
    kinds = {
        "application/cloudevents+json": {"schema": _ref("Event")},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _ref("Event"), "maxItems": 100}},
        _JSON: {"schema": _ref("Concern")},
    }
    told = _operation("Raise concerns, or tell more about one: CloudEvents 1.0.2.", taken, 400, 401, 404, 413, 415, 429)
    attributes = [_in_header(name) for name in ("specversion", "id", "source", "type", "subject")]
    body = {"required": True, "content": kinds}
    return {**told, "security": [{"source": []}, {"signature": []}], "parameters": attributes, "requestBody": body}


def _handshake() -> dict[str, Any]:
    agreed = {200: {"description": "Yes, as the headers WebHook-Allowed-Origin and WebHook-Allowed-Rate say."}}
    return {**_operation("May events be sent? (CloudEvents Web Hooks 1.0.2 §4)", agreed, 404), "security": []}


def _subscription() -> dict[str, Any]:
    """Describe what is shown of a subscription."""
    shown = {
        "id": _TEXT, "source": _TEXT, "types": _texts(), "filters": {"type": "array", "items": {"type": "object"}},
        "sink": {"type": "string", "format": "uri"}, "protocol": {"const": "HTTP"},
        "protocolsettings": {"type": "object"},
        "config": _object(
            {
                "name": _TEXT, "mode": {"enum": list(MODES)}, "code": _trouble(),
                "trouble": {"type": ["string", "null"], "description": "what the code means, in a sentence"},
                "state": {"enum": [PENDING, WAITING, ACTIVE, RETIRED]},
            },
            {"signingsecret": _TEXT},
        ),
    }  # fmt: skip
    return _object(shown)


def _trouble() -> dict[str, Any]:
    """Describe what was last wrong with a receiver."""
    codes = {code: about for code, about in CODES.items() if not code.isdigit()}
    words = "What was last wrong: a status, or " + " ".join(f"`{code}`: {about}" for code, about in codes.items())
    status = {"type": "string", "pattern": "^[1-5][0-9]{2}$"}
    return {"description": words, "anyOf": [{"enum": [None, *codes]}, status]}


def _wish() -> dict[str, Any]:
    """Describe what may be wished for."""
    credential = _object(
        {"credentialtype": {"const": "ACCESSTOKEN"}, "accesstoken": _TEXT},
        {"accesstokentype": {"const": "bearer"}, "accesstokenexpiresutc": _TEXT},
    )
    config = _object({}, {"name": _TEXT, "mode": {"enum": list(MODES)}})
    more = {
        "types": _texts(), "filters": {"type": "array", "items": {"type": "object"}}, "config": config,
        "sinkcredential": credential, "protocol": {"const": "HTTP"}, "protocolsettings": {"type": "object"},
        "source": _TEXT, "id": _TEXT,
    }  # fmt: skip
    return _object({"sink": {"type": "string", "format": "uri"}}, more)


def _event() -> dict[str, Any]:
    always = {
        "specversion": {"const": "1.0"}, "id": _short(), "source": _short(),
        "type": {**_short(), "description": f"{CONCERN_TYPE}; what is of another type is kept for a person to read"},
    }  # fmt: skip
    about = {**_short(), "description": "what it is about: what has the same subject goes to the same case"}
    sometimes = {"subject": about, "time": {"type": "string", "format": "date-time"}, "datacontenttype": _TEXT}
    return {**_object(always, {**sometimes, "data": _ref("Concern")}), "additionalProperties": True}


def _data() -> dict[str, Any]:
    school = {"type": "string", "description": "a school's short name; the system's own school when left out"}
    more = {"detail": _TEXT, "school": school, "link": _TEXT}
    summary = {"type": "string", "minLength": 1, "description": "what happened, in words: people and the rules read it"}
    return {**_object({"summary": summary}, more), "additionalProperties": True}


def _accepted() -> dict[str, Any]:
    """Describe what is answered once events are on disk."""
    place = {"type": "integer", "description": "which event of the request, counted from 0"}
    warned = {
        "type": "array", "items": _object({"event": place, "detail": _TEXT}),
        "description": "what was taken, but not as it was meant: a type or data that only a person can read, a school "
        "that the district does not have",
    }  # fmt: skip
    return _object({"accepted": {"type": "integer"}, "new": {"type": "integer"}}, {"warnings": warned})


def _operation(summary: str, answers: dict[int, Any], *refusals: int) -> dict[str, Any]:
    refused = {"description": "Refused.", "content": {_PROBLEM: {"schema": _ref("Problem")}}}
    all_of_them = {**answers, **dict.fromkeys(refusals, refused)}
    return {"summary": summary, "responses": {str(status): answer for status, answer in all_of_them.items()}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": schema}}}


def _in_path(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": shape}


def _in_header(attribute: str) -> dict[str, Any]:
    """Describe an attribute of an event in binary mode. Source: HTTP Protocol Binding 1.0.2 §3.1.3."""
    needed = "" if attribute == "subject" else ", where it is needed"
    shape = _event()["properties"][attribute]
    about = f"the event's attribute, when the body is {_JSON} (binary mode){needed}"
    return {"name": f"ce-{attribute}", "in": "header", "required": False, "description": about, "schema": shape}


def _object(always: dict[str, Any], sometimes: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {**always, **(sometimes or {})}
    return {
        "type": "object", "properties": properties, "required": list(always), "additionalProperties": False,
    }  # fmt: skip


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _texts() -> dict[str, Any]:
    return {"type": "array", "items": _TEXT}


def _short() -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 400}
