"""Who may do what: the whole of it. A process that stands nowhere under a table may do nothing with it.

Three rules are kept all through, and tested: nobody but the courier reads an address or a token; nobody who cannot open
a sealed column reads it; nobody at all changes a row of the event log, and the clock alone, which signs what it takes
off its beginning, deletes any.
`operator` is the command line (doctor, lines, trace, token, audit); what makes tables, seeds, restores, or finishes the
rotation of keys is the owner's, who has every right and runs no process.
Deleting is retention's (decision 0014): what was said is the worker's to delete, and the courier then ends the threads.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.front.roles.rights import May

ROLES = ("intake", "courier", "worker", "console", "clock", "operator")

_SEES = May(read="*")
_SEND = "status error_code provider_sid attempts due_at lease_until carrier_deleted_at body_sealed"
_CASE = "* -id -district_id -number -opened_at"

TABLE: Mapping[str, Mapping[str, May]] = {
    "alembic_version": dict.fromkeys(ROLES, _SEES),
    "districts": {
        "intake": _SEES,
        "courier": _SEES,
        "worker": May(read="*", change="id"),
        "console": May(read="*", change="id"),
        "clock": _SEES,
        "operator": May(
            read="*", change="id help_lines leave_url reports_per_minute thread_reports_per_minute"
        ),
    },
    "schools": {
        **dict.fromkeys(("intake", "worker", "console"), _SEES),
        "operator": May(read="*", change="help_lines"),
    },
    "lines": {
        "intake": _SEES,
        "courier": May(read="*", change="listed_until"),
        "worker": May(read="*", change="listed_until"),
        "console": _SEES,
        "operator": May(
            read="*", change="deletes_at_carrier proof_every_minutes texts_per_minute thread_texts_per_minute"
        ),
    },
    "line_proofs": {
        "intake": May(read="*", change="proved_at silent_at"),
        "courier": May(read="*", change="proved_at silent_at"),
        "worker": May(read="*", add=True, change="proved_at silent_at", delete=True),
        "operator": _SEES,
    },
    "sources": {"intake": _SEES, "operator": May(read="*", add=True, change="removed_at")},
    "contacts": {"courier": _SEES, "worker": _SEES},
    "tokens": {
        "courier": May(read="*", add=True, change="blind_index address_sealed thread_id opted_out_at", delete=True),
    },
    "threads": {
        "intake": May(
            read="id district_id school_id language opened_at seen_at closed_at receipt_lookup source_key", add=True,
        ),
        "courier": May(read="* -receipt_lookup", add=True, change="address_sealed opted_out_at", delete=True),
        "worker": May(read="* -address_sealed -receipt_lookup", change="closed_at seen_at"),
        "console": May(read="* -address_sealed -receipt_lookup", change="closed_at seen_at"),
        "operator": May(read="id school_id"),
    },
    "copies": {
        "intake": May(read="*", add=True, change="read_hour"),  # opened with a receipt alone, while it is presented
        "worker": May(read="message_id", add=True, delete=True),
        "console": May(read="message_id read_hour", add=True),
    },
    "messages": {
        "intake": May(read="id channel provider_sid", add=True),
        "courier": May(
            read="* -words_sealed", add=True,
            change="thread_id contact_id kind address_sealed media_sealed threaded_at thread_attempts thread_again_at"
            " carrier_deleted_at",
        ),
        "worker": May(
            read="* -address_sealed -media_sealed", add=True,
            change="district_id dispatched_at words_sealed carrier_deleted_at media_count media_sealed flooded held_at"
            " repeats_id",
            delete=True,
        ),
        "console": May(read="* -address_sealed -media_sealed", add=True, change="dispatched_at held_at"),
        "clock": May(
            read="id direction kind at thread_id contact_id threaded_at dispatched_at quarantine first_look flooded"
        ),
        "operator": May(read="* -words_sealed -address_sealed -media_sealed"),
    },
    "attachments": {
        "intake": May(add=True),
        "courier": May(
            read="* -original_key_sealed -clean_key_sealed", add=True,
            change="state reason kind size original original_key_sealed attempts again_at stored_at",
        ),
        "worker": May(
            read="*", change="state reason kind original original_key_sealed clean clean_key_sealed clean_kind parts"
            " attempts again_at stored_at", delete=True,
        ),
        "console": May(read="* -original_key_sealed"),
        "operator": May(read="* -original_key_sealed -clean_key_sealed"),
    },
    "sends": {
        "intake": May(read="* -body_sealed", change="status error_code provider_sid"),
        "courier": May(read="*", add=True, change=_SEND, delete=True),
        "worker": May(read="*", add=True, change=_SEND, delete=True),
        "console": May(read="* -body_sealed", add=True, change="status error_code"),
        "clock": May(read="* -body_sealed"),
        "operator": May(read="* -body_sealed"),
    },
    "events": {
        "intake": May(read="seq", add=True),
        "courier": May(read="seq type subject data", add=True),  # when the last backup was made
        "worker": May(read="*", add=True),
        "console": May(read="*", add=True),
        "clock": May(read="*", add=True, delete=True),
        "operator": May(read="*", add=True),
    },
    "heartbeats": {
        "intake": May(read="instance process", add=True, change="beat_at data"),
        "courier": May(read="instance process", add=True, change="beat_at data"),
        "worker": May(read="instance process", add=True, change="beat_at data"),
        "console": May(read="*", add=True, change="beat_at data"),
        "clock": May(read="*", add=True, change="beat_at data", delete=True),
        "operator": _SEES,
    },
    "log_seals": {"clock": May(read="*", add=True, delete=True), "operator": _SEES},
    "log_notes": {"clock": May(read="*", add=True), "operator": _SEES},
    "accounts": {"worker": May(read="* -password_phc"), "console": _SEES},
    "staff_sessions": {
        "console": May(read="*", add=True, change="seen_at expires_at", delete=True),
        "clock": May(read="expires_at", delete=True),
    },
    "known_browsers": {"console": May(read="*", add=True, change="seen_at", delete=True)},
    "sign_in_attempts": {
        "console": May(read="*", add=True, change="succeeded", delete=True),
        "clock": May(read="at", delete=True),
    },
    "api_tokens": {"console": _SEES, "operator": May(read="* -token_hash", add=True, change="revoked_at")},
    "cases": {
        "worker": May(read="*", add=True, change=_CASE, delete=True),
        "console": May(read="*", change=_CASE),
        "clock": _SEES,
        "operator": _SEES,
    },
    "case_counters": {"worker": May(read="*", add=True, change="last")},
    "case_threads": {
        "worker": May(read="*", add=True, change="case_id", delete=True),
        "console": May(read="*", change="case_id"),  # joining two cases
        "clock": _SEES,
        "operator": _SEES,
    },
    "case_messages": {
        "worker": May(read="*", add=True, change="case_id", delete=True),
        "console": May(read="*", change="case_id"),
        "clock": _SEES,
        "operator": _SEES,
    },
    "case_assessments": {
        "worker": May(read="*", add=True, change="case_id detail_sealed", delete=True),
        "console": May(read="*", change="case_id"),
    },
    "notes": {
        "worker": May(read="*", change="case_id words_sealed", delete=True),
        "console": May(read="*", add=True, change="case_id"),
    },
    "case_corrections": {
        "worker": May(read="*", change="case_id", delete=True),
        "console": May(read="*", add=True),
    },
    "questions": {
        "worker": May(read="*", add=True, change="ended_at ended", delete=True),
        **dict.fromkeys(("console", "clock", "operator"), _SEES),
    },
    "unmaskings": {"worker": May(read="*", change="detail_sealed", delete=True), "console": May(read="*", add=True)},
    "case_holds": {
        "worker": May(read="*", delete=True),
        "console": May(read="*", add=True, change="released_at released_by"),
        "clock": _SEES,
        "operator": May(read="*", add=True, change="released_at released_by"),
    },
    "escalation_rules": {
        **dict.fromkeys(("intake", "worker", "console"), _SEES),
        "operator": May(read="*", add=True, change="* -district_id"),
    },
    "school_areas": {
        **dict.fromkeys(("worker", "console"), _SEES),
        "operator": May(read="*", add=True, change="* -school_id", delete=True),
    },
    "alerts": {
        "intake": May(
            read="id district_id incident status scope state issued_at expires_at cancelled_by_id headline document"
        ),
        "worker": May(
            read="*", delete=True,
            change="state reason case_id draft_sealed issued_at expires_at expired_at cancelled_by_id sender headline"
            " signed_with document",
        ),
        "console": May(
            read="*", add=True,
            change="status scope state scenario revision draft_sealed author proposed_at approved_by approved_at"
            " starts_at lasts_minutes",
        ),
        "clock": May(read="id state starts_at expires_at expired_at"),
        "operator": May(read="* -draft_sealed"),
    },
    "alert_targets": {
        "worker": May(read="*", change="secret_sealed"),
        "console": May(read="* -secret_sealed"),
        "operator": May(read="* -secret_sealed", add=True, change="statuses removed_at"),
    },
    "alert_deliveries": {
        "worker": May(read="*", add=True, change="state code attempts due_at lease_until ended_at"),
        "console": May(read="*", change="state attempts due_at ended_at"),
        "clock": May(read="id state due_at lease_until"),
        "operator": _SEES,
    },
    "likenesses": {
        "worker": May(read="*", add=True, change="judged_at detail_sealed", delete=True),
        "console": May(read="*", add=True, change="state decided_at decided_by judged_at"),
    },
    "rule_packs": {"worker": May(read="*", change="words_sealed"), "console": May(read="*", add=True)},
    "responders": {"worker": _SEES, "console": _SEES, "clock": _SEES},
    "duties": {"worker": _SEES, "console": _SEES},
    "callouts": {
        "worker": May(read="*", add=True, change="* -id -district_id -opened_at", delete=True),
        "console": May(read="*", add=True, change="* -id -district_id -opened_at"),
        "clock": _SEES,
        "operator": _SEES,
    },
    "callout_cases": {
        "worker": May(read="*", add=True, change="added_at acknowledged_at", delete=True),
        "console": May(read="*", add=True, change="added_at acknowledged_at", delete=True),
        "clock": _SEES,
        "operator": _SEES,
    },
    "pages": {
        "worker": May(read="*", add=True, change="failure_seen_at", delete=True),
        "console": May(read="*", change="failure_seen_at"),
        "clock": _SEES,
        "operator": _SEES,
    },
    "retention_rules": {
        **dict.fromkeys(("worker", "console", "clock"), _SEES),
        "operator": May(read="*", add=True, change="duration", delete=True),
    },
    "retention_runs": {
        "worker": May(read="*", change="finished_at summary"),
        "console": _SEES,
        "clock": May(read="*", add=True),
        "operator": May(read="*", add=True),
    },
    "retention_destroyed": {"worker": May(read="*", add=True, change="things messages"), "operator": _SEES},
    "key_ends": {
        "worker": May(read="*", add=True, change="* -district -month"),
        "console": May(read="*", change="console_gone_at"),
        "operator": _SEES,
    },
    "subscriptions": {
        "worker": May(
            read="*", change="state code consent_hash agreed_at rate_per_minute after_seq failures paused_until"
            " failing_since lease_until lease_by",
        ),
        "console": May(
            read="*", add=True, change="name sink mode types filters state code consent_hash agreed_at rate_per_minute"
            " after_seq paused_until failures",
        ),
        "operator": May(read="*", change="after_seq"),
    },
    "subscription_secrets": {
        "worker": May(read="*", change="secret_sealed", delete=True),
        "console": May(read="* -secret_sealed", add=True, change="ends_at", delete=True),
    },
    "deliveries": {
        "worker": May(read="*", add=True, change="* -id -subscription_id -event_id -seq", delete=True),
        "console": May(read="*", change="state attempts code queued_at due_at done_at"),
        "operator": May(read="*", change="state attempts code queued_at due_at done_at"),
    },
    "tombstones": {"worker": May(read="*", add=True), "console": _SEES, "operator": _SEES},
}  # fmt: skip
"""What each role may do with each table."""

SEQUENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "events_seq_seq": {role: ("USAGE", "SELECT") if role == "clock" else ("USAGE",) for role in ROLES},
}
"""The clock also looks how far the sequence has been drawn: see `gateway.core.log_seal.Horizon`."""
