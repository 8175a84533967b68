"""Deeds that take two of the operator's people."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from app.deps import OperatorDep, ReadSessionDep, SessionDep, for_operators
from app.models import Approval
from app.routers.once import OperatorsOnceDep
from app.schemas.people import ApprovalIn, ApprovalOut, ApprovalQuery, Approvals, ApprovedExport, DecisionIn
from app.services import approval_export, approvals

router = APIRouter(tags=["people"], dependencies=[Depends(for_operators)])
ApprovalPath = Annotated[UUID, Path(description="The proposal's id.")]


@router.get("/approvals", summary="List what takes two people")
def listed(query: Annotated[ApprovalQuery, Query()], session: ReadSessionDep) -> Approvals:
    """What waits for a decision, the oldest first; or what was decided, the newest first."""
    rows, total = approvals.listed(session, query)
    items = [ApprovalOut.model_validate(row) for row in rows]
    return Approvals(items=items, total=total, limit=query.limit, page=query.page)


@router.post("/approvals", status_code=201, response_model=ApprovalOut, summary="Propose")
def propose(
    wish: ApprovalIn, response: Response, session: SessionDep, caller: OperatorDep, once: OperatorsOnceDep
) -> Approval | Response:
    """Propose to verify an organisation, to export it whole, or to shred a referral. Another one decides."""
    if once.answer:
        return once.answer
    made = approvals.propose(session, wish, actor=caller.actor)
    response.headers["Location"] = f"/api/v1/approvals/{made.id}"
    once.remember(response, ApprovalOut.model_validate(made))
    return made


@router.get("/approvals/{approval}", response_model=ApprovalOut, summary="Show a proposal")
def show(approval: ApprovalPath, session: ReadSessionDep) -> Approval:
    """What is proposed, by whom, and what became of it."""
    return approvals.by_id(session, approval)


@router.post("/approvals/{approval}/decision", response_model=ApprovalOut, summary="Decide")
def decide(
    decision: DecisionIn, approval: ApprovalPath, session: SessionDep, caller: OperatorDep
) -> Approval:
    """Approve, which does it at once, or refuse. Who proposed it may only take it back."""
    return approvals.decide(session, approval, decision.decision, caller)


@router.get("/approvals/{approval}/export", summary="Fetch an approved export")
def export(
    approval: ApprovalPath, response: Response, session: SessionDep, caller: OperatorDep
) -> ApprovedExport:
    """The organisation with all its listings, protected addresses too; for an hour after the approval."""
    response.headers["Cache-Control"] = "no-store"
    return ApprovedExport(items=approval_export.records(session, approval, actor=caller.actor))
