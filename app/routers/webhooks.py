"""Webhooks of an organisation (its members) and of a unit of a requesting tenant (its staff)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from app.db import read_scope
from app.deps import MemberDep, ReadSessionDep, SessionDep, StaffDep
from app.http import OutboundError
from app.schemas.webhook import WebhookIn, WebhookMade, WebhookOut, WebhookRotated, Webhooks, WebhookTried
from app.services import organisations, webhooks
from app.services.webhooks import Owner

router = APIRouter(tags=["webhooks"])
Reference = Annotated[str, Path(description="Id or external id.", max_length=200)]
WebhookId = Annotated[UUID, Path(description="The webhook's id.")]


@dataclass(frozen=True)
class Caller:
    """Whose webhooks the caller may see and change, and who that is for the log of writes."""

    owner: Owner
    actor: str


def of_organisation(organisation: Reference, member: MemberDep) -> Caller:
    # A session of its own: the one of the request would be kept while a test message is on its way.
    with read_scope() as session:
        found = organisations.by_reference(session, organisation)
    member.require_organisation(found.id)
    return Caller(Owner(organisation_id=found.id), member.actor)


def of_unit(staff: StaffDep) -> Caller:
    return Caller(Owner(tenant=staff.tenant, unit=staff.unit), staff.actor)


def _add_routes(path: str, whose: str, caller_of: Callable[..., Caller]) -> None:
    caller_dep = Depends(caller_of, scope="function")

    @router.get(path, summary=f"List {whose} webhooks")
    def own(session: ReadSessionDep, caller: Annotated[Caller, caller_dep]) -> Webhooks:
        """All of them without their secrets, the newest first."""
        found = webhooks.own(session, caller.owner)
        return Webhooks(items=[WebhookOut.model_validate(one) for one in found])

    @router.post(path, status_code=201, summary=f"Make a webhook among {whose}")
    def register(wish: WebhookIn, session: SessionDep, caller: Annotated[Caller, caller_dep]) -> WebhookMade:
        """Messages about referrals are sent there from now on; the secret is answered this once.

        A second webhook for the same address is answered 409, so the request can be repeated safely.
        """
        made, secret = webhooks.register(
            session, caller.owner, url=wish.url, events=list(wish.events), actor=caller.actor
        )
        return WebhookMade(**WebhookOut.model_validate(made).model_dump(), secret=secret)

    @router.delete(f"{path}/{{webhook}}", status_code=204, summary=f"Delete one of {whose} webhooks")
    def remove(webhook: WebhookId, session: SessionDep, caller: Annotated[Caller, caller_dep]) -> None:
        """Nothing more is sent there, waiting messages included."""
        webhooks.remove(session, caller.owner, webhook, actor=caller.actor)

    @router.post(f"{path}/{{webhook}}/rotate", summary=f"Give one of {whose} webhooks a new secret")
    def rotate(
        webhook: WebhookId, session: SessionDep, caller: Annotated[Caller, caller_dep]
    ) -> WebhookRotated:
        """For 24 hours each message carries two signatures, by the new and by the old secret."""
        secret, until = webhooks.rotate(session, caller.owner, webhook, actor=caller.actor)
        return WebhookRotated(id=webhook, secret=secret, previous_until=until)

    @router.post(f"{path}/{{webhook}}/test", summary=f"Try one of {whose} webhooks")
    def try_out(webhook: WebhookId, caller: Annotated[Caller, caller_dep]) -> WebhookTried:
        """Send `webhook.test` at once, and tell how it was received."""
        try:
            status = webhooks.try_out(caller.owner, webhook)
        except OutboundError as error:
            return WebhookTried(delivered=False, status=None, reason=error.reason)
        return WebhookTried(delivered=200 <= status < 300, status=status, reason=None)


_add_routes("/organisations/{organisation}/webhooks", "an organisation's", of_organisation)
_add_routes("/webhooks", "one's own unit's", of_unit)
