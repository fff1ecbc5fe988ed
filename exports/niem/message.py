"""The message: which of a case's facts stands under which name of NIEM, and under which of our own.

Only names that stand in NIEM 6.0 and in NIEM 5.2 with the same type are used, so that both flavours are one document
under two sets of namespaces. A reporter is the originator of a service call, known by a pseudonym; another system is
none, since an originator is a person. `j:IncidentSubject` is somebody suspected, and Tipline suspects nobody. See
decision 0027.
"""

from __future__ import annotations

from exports.case_snapshot import (
    ActSnapshot,
    AssessmentSnapshot,
    AttachmentSnapshot,
    CaseSnapshot,
    OrganizationSnapshot,
    ResponderSnapshot,
    SignSnapshot,
    TipSnapshot,
)
from exports.niem import codes
from exports.niem.shapes import COUNT, DURATION, FLAG, KILOBYTES, MOMENT, STRING, TEXT, Field, Shape, one_of
from exports.words import Moment, Words

SENSITIVITY = (
    "From an anonymous tip line. Nobody may try to find out who wrote. Words are as they came; they are not proof."
)
TOLD_BY_SYSTEMS = "Told by another system. Words are as they came; they are not proof."
_PSEUDONYM = "Pseudonym of one conversation"


def sensitivity(case: CaseSnapshot) -> str:
    """Say how a document is to be handled."""
    return TOLD_BY_SYSTEMS if case.tips and all(tip.system for tip in case.tips) else SENSITIVITY


DATE = Shape[Moment](
    "Date",
    (
        Field("nc:DateTime", MOMENT, lambda moment: moment.at, needed=True),
        Field(
            "nc:DateMarginOfErrorDuration",
            DURATION,
            lambda moment: f"PT{moment.within_minutes}M" if moment.within_minutes else None,
        ),
    ),
    xsd="nc:DateType",
)
IDENTIFICATION = Shape[str]("Identification", (Field("nc:IdentificationID", STRING, str, needed=True),))
PSEUDONYM = Shape[Words](
    "Pseudonym",
    (
        Field("nc:IdentificationID", STRING, str, needed=True),
        Field("nc:IdentificationCategoryText", TEXT, lambda _: _PSEUDONYM, needed=True),
    ),
)
ORIGINATOR = Shape[Words](
    "Originator", (Field("nc:PersonOtherIdentification", PSEUDONYM, lambda one: one, needed=True),)
)
STATUS = Shape[CaseSnapshot](
    "Status",
    (
        Field("nc:StatusText", TEXT, lambda case: case.state, needed=True),
        Field("nc:StatusDescriptionText", TEXT, lambda case: case.state_label, needed=True),
    ),
)
ORGANIZATION = Shape[OrganizationSnapshot](
    "Organization",
    (
        Field("nc:OrganizationName", TEXT, lambda one: one.name, needed=True),
        Field("nc:OrganizationIdentification", IDENTIFICATION, lambda one: one.slug, needed=True),
    ),
)
SUBMITTER = Shape[OrganizationSnapshot](
    "Submitter", (Field("nc:EntityOrganization", ORGANIZATION, lambda one: one, needed=True),)
)
SCHOOL = Shape[CaseSnapshot](
    "School",
    (
        Field("nc:OrganizationName", TEXT, lambda case: case.school and case.school.name, needed=True),
        Field(
            "nc:OrganizationIdentification", IDENTIFICATION, lambda case: case.school and case.school.slug, needed=True
        ),
        Field("nc:OrganizationParentAffiliate", ORGANIZATION, lambda case: case.district, needed=True),
    ),
)
PERSON_NAME = Shape[Words]("PersonName", (Field("nc:PersonFullName", TEXT, str, needed=True),))
OFFICER = Shape[ResponderSnapshot](
    "SchoolResourceOfficer",
    (
        Field("nc:PersonName", PERSON_NAME, lambda one: one.name, needed=True),
        Field("j:EnforcementOfficialCategoryText", TEXT, lambda _: "School resource officer", needed=True),
    ),
)
RESPONDER = Shape[ResponderSnapshot](
    "Responder",
    (
        Field("nc:PersonName", PERSON_NAME, lambda one: one.name, needed=True),
        Field("tip:RoleCode", STRING, lambda one: one.role, needed=True),
    ),
)
CASE = Shape[CaseSnapshot](
    "Case",
    (
        Field("nc:ActivityIdentification", IDENTIFICATION, lambda case: case.id, needed=True),
        Field("nc:ActivityDate", DATE, lambda case: case.opened_at, needed=True),
        Field("nc:ActivityStatus", STATUS, lambda case: case, needed=True),
        Field("nc:CaseTitleText", TEXT, lambda case: case.category_label, needed=True),
        Field("nc:CaseTrackingID", STRING, lambda case: case.number, needed=True),
        Field("nc:CaseGeneralCategoryText", TEXT, lambda _: "School safety tip", needed=True),
        Field("nc:CaseCategoryText", TEXT, lambda case: case.categories, many=True),
        Field("nc:CaseResolutionText", TEXT, lambda case: case.resolution_label),
        Field("tip:ResolutionCode", STRING, lambda case: case.resolution),
        Field("tip:UpdateDate", DATE, lambda case: case.updated_at, needed=True),
        Field("tip:AcknowledgementDate", DATE, lambda case: case.acknowledged_at),
        Field("tip:AcknowledgingResponder", RESPONDER, lambda case: case.acknowledged_by),
        Field("tip:AssignedResponder", RESPONDER, lambda case: case.assignee),
    ),
    iri=lambda case: case.url,
    augments="nc:CaseAugmentationPoint",
)
COMMENT = Shape[Words]("Comment", (Field("nc:CommentText", TEXT, str, needed=True),))
EVENT = Shape[tuple[int, ActSnapshot]](
    "Event",
    (
        Field("nc:ActivityDate", DATE, lambda act: act[1].at, needed=True),
        Field("nc:ActivityCategoryText", TEXT, lambda act: act[1].kind, needed=True),
        Field("nc:ActivityDescriptionText", TEXT, lambda act: act[1].label, needed=True),
        Field("nc:ActivityNarrative", COMMENT, lambda act: act[1].words),
        Field("tip:SequenceNumeric", COUNT, lambda act: act[0], needed=True),
        Field("tip:ActingResponder", RESPONDER, lambda act: act[1].responder),
        Field("tip:PseudonymText", TEXT, lambda act: act[1].to),
        Field("tip:ReportingSystemText", TEXT, lambda act: act[1].system),
    ),
    augments="nc:ActivityAugmentationPoint",
)
INCIDENT = Shape[CaseSnapshot](
    "Incident",
    (
        Field("nc:ActivityDate", DATE, lambda case: case.opened_at, needed=True),
        Field("nc:ActivityDescriptionText", TEXT, lambda case: case.category_label, needed=True),
        Field("j:IncidentLevelText", TEXT, lambda case: case.severity_label, needed=True),
        Field("nc:IncidentEvent", EVENT, lambda case: tuple(enumerate(case.acts, 1)), many=True),
        Field("tip:SeverityCode", one_of(codes.SEVERITIES), lambda case: case.severity, needed=True),
        Field("tip:LifeSafetyIndicator", FLAG, lambda case: case.life_safety, needed=True),
        Field("tip:UnsureIndicator", FLAG, lambda case: case.unsure, needed=True),
    ),
    iri=lambda case: f"{case.url}#incident",
    augments="nc:IncidentAugmentationPoint",
)
SIGN = Shape[SignSnapshot](
    "Sign",
    (
        Field("tip:SignCode", STRING, lambda sign: sign.code, needed=True),
        Field("tip:SignText", TEXT, lambda sign: sign.label, needed=True),
        Field("tip:CalmingIndicator", FLAG, lambda sign: sign.calming, needed=True),
    ),
)
RISK = Shape[AssessmentSnapshot](
    "RiskAssessment",
    (
        Field("nc:ActivityDate", DATE, lambda one: one.at, needed=True),
        Field("nc:AssessmentOutcomeText", TEXT, lambda one: one.severity_label, needed=True),
        Field("nc:AssessmentScoreText", TEXT, lambda one: one.severity, needed=True),
        Field("tip:UnsureReasonCode", STRING, lambda one: one.unsure_reason),
        Field("tip:UnsureReasonText", TEXT, lambda one: one.unsure_label),
        Field("tip:Sign", SIGN, lambda one: one.signs, many=True),
        Field("tip:MissingCode", STRING, lambda one: one.missing, many=True),
        Field("tip:RulesVersionID", STRING, lambda one: one.rules, needed=True),
    ),
    augments="em:EventRiskAssessmentAugmentationPoint",
)
TAXONOMY = Shape[str](
    "TipTaxonomy",
    (
        Field("j:TipClassCode", one_of(codes.CLASSES.values()), codes.CLASSES.get),
        Field("j:TipDomainCode", one_of(set(codes.DOMAINS.values())), codes.DOMAINS.get),
        Field("j:TipSubclassText", TEXT, str, needed=True),
    ),
)
TRIAGE = Shape[AssessmentSnapshot](
    "Triage",
    (
        Field("em:EventRiskAssessment", RISK, lambda one: one, needed=True),
        Field("j:TipTaxonomy", TAXONOMY, lambda one: one.categories, many=True),
        Field("hs:SuicideRiskOrRiskOfSelfHarmIndicator", FLAG, codes.is_risk_to_self),
    ),
)
ATTACHMENT = Shape[AttachmentSnapshot](
    "Attachment",
    (
        Field("nc:BinaryFormatText", TEXT, lambda one: one.media_type),
        Field("nc:BinarySizeValue", KILOBYTES, lambda one: one.kilobytes, needed=True),
        Field("tip:AttachmentStateCode", STRING, lambda one: one.state, needed=True),
    ),
    augments="nc:BinaryAugmentationPoint",
)
ATTACHMENTS = Shape[tuple[AttachmentSnapshot, ...]](
    "Attachments", (Field("nc:Attachment", ATTACHMENT, lambda all_of_it: all_of_it, many=True, needed=True),)
)
TIP = Shape[tuple[CaseSnapshot, TipSnapshot]](
    "Tip",
    (
        Field("nc:ActivityIdentification", IDENTIFICATION, lambda tip: tip[1].id, needed=True),
        Field("nc:ActivityReportedDate", DATE, lambda tip: tip[1].at, needed=True),
        Field("nc:ActivityDescriptionText", TEXT, lambda tip: tip[1].words if str(tip[1].words or "") else None),
        Field("j:ServiceCallCategoryText", TEXT, lambda tip: tip[1].topic),
        Field(
            "j:ServiceCallMechanismCode",
            one_of(codes.MECHANISMS.values()),
            lambda tip: codes.MECHANISMS.get(tip[1].channel),
        ),
        Field("j:ServiceCallMechanismText", TEXT, lambda tip: tip[1].channel, needed=True),
        Field("j:ServiceCallOriginator", ORIGINATOR, lambda tip: tip[1].pseudonym),
        Field("tip:ReportingSystemText", TEXT, lambda tip: tip[1].system),
        Field("tip:LanguageCode", STRING, lambda tip: tip[1].language, needed=True),
        Field("tip:UnreadableIndicator", FLAG, lambda tip: True if tip[1].words is None else None),
        Field("tip:ReportAttachments", ATTACHMENTS, lambda tip: tip[1].attachments or None),
        Field("tip:Triage", TRIAGE, lambda tip: tip[1].assessments, many=True),
    ),
    iri=lambda tip: f"{tip[0].url}#tip-{tip[1].id}",
    augments="j:ServiceCallAugmentationPoint",
)
EXPORT = Shape[CaseSnapshot](
    "CaseExport",
    (
        Field("nc:DocumentTitleText", TEXT, lambda case: f"Case {case.number}", needed=True),
        Field("nc:DocumentCreationDate", DATE, lambda case: case.taken_at, needed=True),
        Field("nc:DocumentSensitivityText", TEXT, sensitivity, needed=True),
        Field("nc:DocumentSubmitter", SUBMITTER, lambda case: case.district, needed=True),
        Field("nc:Case", CASE, lambda case: case, needed=True),
        Field("nc:Incident", INCIDENT, lambda case: case, needed=True),
        Field("j:ServiceCall", TIP, lambda case: tuple((case, tip) for tip in case.tips), many=True),
        Field("hs:EducationOrganization", SCHOOL, lambda case: case if case.school else None),
        Field("hs:SchoolResourceOfficer", OFFICER, lambda case: case.officers, many=True),
        Field("tip:Responder", RESPONDER, lambda case: case.responders, many=True),
    ),
)
ROOT = Shape[CaseSnapshot]("Message", (Field("tip:CaseExport", EXPORT, lambda case: case, needed=True),))
