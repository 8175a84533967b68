"""Loading of referrals: each function sees only what the session's wall and its own filter let through."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Referral, ReferralConsent, ReferralEvent, ReferralKey, ReferralSecret
from app.schemas.referral import Contact, Person
from app.schemas.referral_list import InboxQuery
from app.schemas.referral_terms import Party
from app.services import access_log
from app.services.vault import DataKey, vault
from app.services.wall_clock import today


@dataclass(frozen=True)
class By:
    """Who acts on referrals, and for whom.

    `actor_id`: the pseudonym of an account, or the id of a link's session. `referral_id`: the only referral a
    link or a code opens.
    """

    party: Party
    actor_id: UUID | None = None
    tenant: str | None = None
    unit: str | None = None
    organisations: frozenset[UUID] = frozenset()
    referral_id: UUID | None = None

    def sees(self) -> ColumnElement[bool]:
        """The service's own filter, the first wall; the database's is the second."""
        match self.party:
            case "requester":
                own = Referral.requester_id == self.actor_id
                of_unit = Referral.requester_unit == self.unit if self.unit is not None else false()
                return (Referral.requester_tenant == self.tenant) & (own | of_unit)
            case "organisation":
                of_ours = Referral.organisation_id.in_(self.organisations) & (Referral.status != "draft")
                return of_ours & (Referral.id == self.referral_id) if self.referral_id else of_ours
            case "person":
                return Referral.id == self.referral_id
            case "system":
                return Referral.id.is_not(None)


def note(session: Session, referral: Referral, by: By, action: str, fields: Iterable[str] = ()) -> None:
    """Write down, with the transaction, what this party did or read."""
    access_log.note(
        session,
        actor=by.party,
        actor_id=by.actor_id,
        tenant=by.tenant,
        unit=by.unit,
        organisation_id=referral.organisation_id if by.party == "organisation" else None,
        action=action,
        referral_id=referral.id,
        fields=fields,
    )


def note_alone(by: By, action: str, referral_id: UUID | None) -> None:
    """Write down at once what this party tried; the transaction of the try is rolled back."""
    access_log.note_alone(
        actor=by.party,
        actor_id=by.actor_id,
        tenant=by.tenant,
        unit=by.unit,
        action=action,
        referral_id=referral_id,
    )


def has_ended(consent: ReferralConsent) -> bool:
    """Whether the person's waiver of secrecy no longer lasts: its last day has passed."""
    return consent.expires_on < today()


def one(session: Session, referral_id: UUID | None, by: By, *, lock: bool = False) -> Referral:
    """The referral. Raises NotFound, also for another's; that somebody tried is written down."""
    query = select(Referral).where(Referral.id == referral_id, by.sees())
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        note_alone(by, "refused", referral_id)
        raise NotFound("There is no such referral.")
    return found


def listed(by: By, asked: InboxQuery, *, mine: bool = False) -> Select[Referral]:
    """The referrals this party sees, those whose turn comes first before the others.

    `mine`: the caller's own, without those of the unit.
    """
    query = select(Referral).where(by.sees())
    if asked.status:
        query = query.where(Referral.status.in_(asked.status))
    if asked.next_action_before is not None:
        query = query.where(Referral.next_action_at < asked.next_action_before)
    if asked.correlation_id is not None:
        query = query.where(Referral.correlation_id == asked.correlation_id)
    if asked.updated_since is not None:
        query = query.where(Referral.updated_at >= asked.updated_since)
    if mine:
        query = query.where(Referral.requester_id == by.actor_id)
    return query.order_by(Referral.next_action_at.asc().nulls_last(), Referral.updated_at.desc(), Referral.id)


def page(session: Session, query: Select[Referral], asked: InboxQuery) -> tuple[list[Referral], int]:
    """The page asked for of a query, and how many rows it has."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = session.scalars(query.limit(asked.limit).offset((asked.page - 1) * asked.limit))
    return list(rows), total


def events(session: Session, referral_id: UUID) -> list[ReferralEvent]:
    """What happened, in order."""
    query = select(ReferralEvent).where(ReferralEvent.referral_id == referral_id)
    return list(session.scalars(query.order_by(ReferralEvent.number)))


def consent(session: Session, referral_id: UUID) -> ReferralConsent | None:
    return session.get(ReferralConsent, referral_id)


def secret(session: Session, referral_id: UUID) -> ReferralSecret | None:
    """What tells of the person, sealed; None when shredded, never given, or behind the wall."""
    return session.get(ReferralSecret, referral_id)


def data_key(session: Session, referral_id: UUID) -> DataKey | None:
    """The referral's key; None when it was shredded."""
    row = session.get(ReferralKey, referral_id)
    if row is None:
        return None
    return vault().unwrap("referral_key.wrapped_key", referral_id, row.master_version, row.wrapped_key)


def new_key(session: Session, referral_id: UUID) -> DataKey:
    """Give the referral a key of its own."""
    key, version, wrapped = vault().new_key("referral_key.wrapped_key", referral_id)
    session.add(ReferralKey(referral_id=referral_id, master_version=version, wrapped_key=wrapped))
    return key


def text_of(key: DataKey | None, event: ReferralEvent) -> str | None:
    """The words of an event; None when there are none or they were shredded."""
    if key is None or event.text is None:
        return None
    return key.open("referral_event.text", event.id, event.text)


def seal_person(session: Session, referral: Referral, person: Person) -> None:
    """Seal what tells of the person, and make its blind index. Raises NotFound when it was shredded."""
    key = data_key(session, referral.id)
    if key is None:
        raise NotFound("There is no such referral.")
    plain = person.model_dump_json(by_alias=True)
    sealed = key.seal("referral_secret.person", referral.id, plain)
    row = secret(session, referral.id)
    if row is None:
        session.add(ReferralSecret(referral_id=referral.id, person=sealed))
    else:
        row.person = sealed
    referral.duplicate_mac = duplicate_mac(referral.requester_tenant, person.contact)
    session.flush()


def person_of(session: Session, referral: Referral) -> Person | None:
    """What tells of the person; None when there is nothing, it was shredded, or the wall holds it back."""
    row, key = secret(session, referral.id), data_key(session, referral.id)
    if row is None or key is None:
        return None
    return Person.model_validate_json(key.open("referral_secret.person", referral.id, row.person))


def duplicate_mac(tenant: str | None, contact: Contact) -> str:
    """The blind index of a contact within a tenant: the same contact elsewhere gives another one."""
    return vault().mac(f"duplicate|{tenant or 'self'}", contact.value.casefold())
