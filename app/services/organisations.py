"""Organisations: saved from and given back as exchange records."""

from typing import Any, Final, Literal
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.errors import Conflict, FieldProblem, Invalid, NotFound
from app.models import Listing, Organisation
from app.schemas.organisation import OrganisationIn
from app.services import audit, outbox, taxonomies

_EXTERNAL_ID = "uq_organisation_external_id"
Outcome = Literal["created", "changed", "unchanged"]


class Unset:
    """What stands for "not looked up yet" where None means "is not there"."""


UNSET: Final = Unset()
_VERIFIED = ("name", "org_number", "email")
# In the order the exchange format writes them.
_COLUMNS = tuple(name for name in OrganisationIn.model_fields if name != "type")


def by_reference(session: Session, reference: str) -> Organisation:
    """The organisation with this id or external id. Raises NotFound."""
    try:
        found = session.get(Organisation, UUID(reference))
    except ValueError:
        found = None
    if found is None and "\x00" not in reference:
        found = session.scalar(select(Organisation).where(Organisation.external_id == reference))
    if found is None:
        raise NotFound("There is no such organisation.")
    return found


def save(
    session: Session,
    record: OrganisationIn,
    *,
    actor: str,
    existing: Organisation | Unset | None = UNSET,
    import_source: str | None = None,
    flush: bool = True,
) -> tuple[Organisation, Outcome]:
    """Create the organisation, or replace what is known of it, by its external id.

    With `flush=False` the caller flushes, for many at once. Raises Invalid for an unknown kommun.
    """
    if (
        record.municipality_code
        and record.municipality_code not in taxonomies.vocabulary(session).municipalities
    ):
        raise Invalid(
            "The organisation cannot be saved.",
            [FieldProblem("/municipality_code", "unknown_term", "There is no such kommun.")],
        )
    if isinstance(existing, Unset):
        existing = session.scalar(
            select(Organisation).where(Organisation.external_id == record.external_id).with_for_update()
        )
    given = record.exchange()
    given.pop("type", None)
    if existing is not None:
        before = to_exchange(existing)
        changed = {
            name
            for name in _COLUMNS
            if (name in before, before.get(name)) != (name in given, given.get(name))
        }
        if not changed:
            return existing, "unchanged"
        _write(existing, given)
        existing.version += 1
        outcome: Outcome = "changed"
        if "name" in changed:
            outbox.add_many(
                session,
                kind="index_listing",
                subjects=session.scalars(
                    select(Listing.id).where(Listing.organisation_id == existing.id)
                ).all(),
            )
    else:
        existing, changed, outcome = (
            Organisation(id=uuid7(), import_source=import_source),
            set(given),
            "created",
        )
        _write(existing, given)
        session.add(existing)
    if flush:
        _flush(session)
    audit.note(
        session, actor=actor, action=outcome, subject_kind="organisation", subject=existing.id, fields=changed
    )
    return existing, outcome


def replace(session: Session, found: Organisation, record: OrganisationIn, *, actor: str) -> Organisation:
    """All that is known of it anew.

    Who it is and where its mail goes is what was verified: when that changes, it is verified no longer, and
    receives no referrals until two people have looked again.

    Raises Invalid for another external id, and as `save`.
    """
    if record.external_id != found.external_id:
        raise Invalid(
            "See errors for each field.",
            [FieldProblem("/external_id", "mismatch", "Does not fit the address of the request.")],
        )
    before = [getattr(found, name) for name in _VERIFIED]
    saved, _ = save(session, record, actor=actor)
    if saved.verified_on is not None and before != [getattr(saved, name) for name in _VERIFIED]:
        saved.verified_on = None
        audit.note(session, actor=actor, action="unverify", subject_kind="organisation", subject=saved.id)
    return saved


def _flush(session: Session) -> None:
    """Raises Conflict when another request took the external id at the same moment."""
    try:
        session.flush()
    except IntegrityError as error:
        if not (isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == _EXTERNAL_ID):
            raise
        taken = FieldProblem("/external_id", "taken", "Is taken.")
        raise Conflict("The external id is taken.", [taken]) from error


def _write(organisation: Organisation, given: dict[str, Any]) -> None:
    for name in _COLUMNS:
        setattr(organisation, name, given.get(name))
    organisation.known_without = [name for name in _COLUMNS if name in given and given[name] is None]


def to_exchange(organisation: Organisation) -> dict[str, Any]:
    """The organisation as a record of the exchange format: what was saved, no more and no less."""
    record: dict[str, Any] = {"type": "organisation"}
    for name in _COLUMNS:
        value = getattr(organisation, name)
        if value is not None or name in organisation.known_without:
            record[name] = value
    return record
