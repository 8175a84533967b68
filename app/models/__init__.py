"""Tables, one file a concept."""

from app.models.access import AccessCheckpoint, AccessHead, AccessRow, ShredRow
from app.models.account import Account, Approval, RoleGrant
from app.models.audit import AuditRow, IdempotentRequest
from app.models.base import Base
from app.models.gap import SearchGap
from app.models.identity import ApiKey
from app.models.listing import AudienceLink, CategoryLink, LanguageLink, Listing
from app.models.notification import Notification, UnitMailbox, WebhookEndpoint
from app.models.organisation import Organisation
from app.models.outbox import OutboxJob
from app.models.referral import (
    CodeAttempt,
    Referral,
    ReferralConsent,
    ReferralEvent,
    ReferralKey,
    ReferralLink,
    ReferralSecret,
    ReferralSession,
)
from app.models.search_document import SearchDocument
from app.models.taxonomy import Audience, Category, County, Fact, Language, Municipality, Place, Postcode
from app.models.venue import ListingVenue, Venue

__all__ = [
    "AccessCheckpoint",
    "AccessHead",
    "AccessRow",
    "Account",
    "ApiKey",
    "Approval",
    "Audience",
    "AudienceLink",
    "AuditRow",
    "Base",
    "Category",
    "CategoryLink",
    "CodeAttempt",
    "County",
    "Fact",
    "IdempotentRequest",
    "Language",
    "LanguageLink",
    "Listing",
    "ListingVenue",
    "Municipality",
    "Notification",
    "Organisation",
    "OutboxJob",
    "Place",
    "Postcode",
    "Referral",
    "ReferralConsent",
    "ReferralEvent",
    "ReferralKey",
    "ReferralLink",
    "ReferralSecret",
    "ReferralSession",
    "RoleGrant",
    "SearchDocument",
    "SearchGap",
    "ShredRow",
    "UnitMailbox",
    "Venue",
    "WebhookEndpoint",
]
