"""The service with one bare route for each role, to see who is let in."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI


def with_doors(app: FastAPI) -> FastAPI:
    """The service with one bare route for each role, which tells who was let in."""
    from app.deps import ActorDep, MemberDep, OperatorDep, StaffDep

    def told(actor: ActorDep) -> dict[str, object]:
        return {
            "id": str(actor.account_id),
            "tenant": actor.tenant,
            "unit": actor.unit,
            "staff": actor.staff,
            "operator": actor.operator,
            "organisations": sorted(map(str, actor.organisations)),
            "acr": actor.acr,
        }

    @app.get("/doors/anyone")
    def anyone(actor: ActorDep) -> dict[str, object]:
        return told(actor)

    @app.get("/doors/staff")
    def staff(actor: StaffDep) -> dict[str, object]:
        return told(actor)

    @app.get("/doors/member")
    def member(actor: MemberDep) -> dict[str, object]:
        return told(actor)

    @app.get("/doors/operator")
    def operator(actor: OperatorDep) -> dict[str, object]:
        return told(actor)

    return app


@pytest.fixture
def doors(clean: None) -> Iterator[object]:
    from fastapi.testclient import TestClient

    from app.main import create_app

    app = with_doors(create_app())
    with TestClient(app, base_url="http://testserver", raise_server_exceptions=False) as client:
        yield client
