"""The log of who read and did what with referrals: append-only, each row bound to the one before."""

from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Moment, Strings, Timestamp


class AccessRow(Base):
    """One deed or reading. `hash` is SHA-256 over its canonical JSON and the hash of the row before."""

    __tablename__ = "access_log"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    actor: Mapped[str]  # requester, organisation, person, operator, system
    actor_id: Mapped[UUID | None]  # the account's pseudonym, or the session of a link
    tenant: Mapped[str | None]
    unit: Mapped[str | None]
    organisation_id: Mapped[UUID | None]
    action: Mapped[str]
    referral_id: Mapped[UUID | None]
    fields: Mapped[Strings]
    previous: Mapped[str]
    hash: Mapped[str]
    __table_args__ = (Index(None, "referral_id"), Index(None, "actor_id", "at"))


class AccessHead(Base):
    """The last row's number and hash: the one row everybody who appends holds for a moment."""

    __tablename__ = "access_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]


class AccessCheckpoint(Base):
    """A signed statement of how long the log was and what its last hash was: shows a cut tail."""

    __tablename__ = "access_checkpoint"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str]
    at: Mapped[Timestamp]
    signature: Mapped[str]


class ShredRow(Base):
    """A referral whose data key was deleted; replayed after a backup is restored."""

    __tablename__ = "shred_ledger"
    referral_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[Timestamp]
    why: Mapped[str]
