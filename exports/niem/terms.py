"""Our own names: what NIEM has none for, and what each means. They are the extension's, and stand in its schemas."""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = "https://tipline.org/ns/niem/case/1.0/"
PREFIX = "tip:"
DEFINITIONS: Mapping[str, str] = {
    "tip:AcknowledgementDate": "When a person took it up.",
    "tip:AcknowledgingResponder": "Who took it up.",
    "tip:ActingResponder": "Who on staff did something.",
    "tip:AssignedResponder": "In whose hands it is.",
    "tip:AttachmentStateCode": "What became of a file that came.",
    "tip:CalmingIndicator": "Whether it lowered the severity.",
    "tip:CaseExport": "All that leaves of one case.",
    "tip:LanguageCode": "The language of words; `und` when unknown.",
    "tip:LifeSafetyIndicator": "Whether a life may be at risk.",
    "tip:MissingCode": "What is still to be asked, as a code.",
    "tip:PseudonymText": "The pseudonym of the conversation that something is about.",
    "tip:ReportAttachments": "Facts of what came with a report; no file.",
    "tip:ReportingSystemText": "The other system that told it, by the name that the district gave it.",
    "tip:ResolutionCode": "Why a case was resolved or closed.",
    "tip:Responder": "Who on staff had a part in a case.",
    "tip:RoleCode": "What somebody is at a school or district.",
    "tip:RulesVersionID": "Which rules judged.",
    "tip:SequenceNumeric": "The order in which things happened, from 1, which coarse times do not tell.",
    "tip:SeverityCode": "How soon a person must act: within a day where it is critical or high, a life may be at risk.",
    "tip:Sign": "What the rules saw in the words.",
    "tip:SignCode": "What words show, as a code.",
    "tip:SignText": "What words show, in plain words.",
    "tip:Triage": "What rules made of the words; a person decides.",
    "tip:UnreadableIndicator": "True where the key to the words is gone.",
    "tip:UnsureIndicator": "Whether a person must read it, whatever the severity says.",
    "tip:UnsureReasonCode": "Why the rules are not sure, as a code.",
    "tip:UnsureReasonText": "Why the rules are not sure.",
    "tip:UpdateDate": "When a case was last changed.",
}
