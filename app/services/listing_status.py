"""The life of a listing as a table of allowed steps."""

from datetime import UTC, datetime
from typing import Literal

from app.errors import Conflict
from app.models import Listing

Status = Literal["draft", "submitted", "published", "paused", "archived", "rejected"]

ALLOWED: dict[str, frozenset[Status]] = {
    "draft": frozenset({"submitted", "published", "archived"}),
    "submitted": frozenset({"published", "rejected", "draft", "archived"}),
    "published": frozenset({"paused", "archived"}),
    "paused": frozenset({"published", "archived"}),
    "rejected": frozenset({"draft", "archived"}),
    "archived": frozenset(),
}


def transition(listing: Listing, to: Status | str) -> None:
    """Take one allowed step. Raises Conflict for any other."""
    if to not in ALLOWED[listing.status]:
        raise Conflict(f"A listing that is {listing.status} cannot become {to}.")
    listing.status = to
    if to == "published":
        listing.published_at = datetime.now(UTC)
    listing.version = (listing.version or 1) + 1
