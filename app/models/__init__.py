"""Tables, one file a concept."""

from app.models.audit import AuditRow, IdempotentRequest
from app.models.base import Base
from app.models.gap import SearchGap
from app.models.identity import ApiKey
from app.models.listing import AudienceLink, CategoryLink, LanguageLink, Listing
from app.models.organisation import Organisation
from app.models.outbox import OutboxJob
from app.models.search_document import SearchDocument
from app.models.taxonomy import Audience, Category, County, Fact, Language, Municipality, Place, Postcode
from app.models.venue import ListingVenue, Venue

__all__ = [
    "ApiKey",
    "Audience",
    "AudienceLink",
    "AuditRow",
    "Base",
    "Category",
    "CategoryLink",
    "County",
    "Fact",
    "IdempotentRequest",
    "Language",
    "LanguageLink",
    "Listing",
    "ListingVenue",
    "Municipality",
    "Organisation",
    "OutboxJob",
    "Place",
    "Postcode",
    "SearchDocument",
    "SearchGap",
    "Venue",
]
