"""The service about itself: what it is, whether it lives, whether it is ready."""

from fastapi import APIRouter, Response

from app.config import get_settings
from app.release import RELEASED, VERSION
from app.schemas.vocabulary import ApiInfo, Health
from app.services import readiness

router = APIRouter(tags=["service"])
# For balancers and watchers; outside the versioned API and its description.
health_router = APIRouter(include_in_schema=False)


@router.get("/api-info", summary="Show what API this is")
def api_info() -> ApiInfo:
    """Name, version, release date, documentation and status of the API."""
    return ApiInfo(
        api_name="Torg",
        api_version=VERSION,
        api_released=RELEASED,
        api_documentation=f"{get_settings().public_url.rstrip('/')}/docs",
        api_status="active",
    )


@health_router.get("/healthz")
async def healthz(response: Response) -> Health:
    """The process answers; nothing else is asked."""
    response.headers["Cache-Control"] = "no-store"
    return Health()


@health_router.get("/readyz")
def readyz(response: Response) -> Health:
    """200 when database, schema and search engine are all there, else 503 naming what is missing."""
    response.headers["Cache-Control"] = "no-store"
    readiness.require_ready()
    return Health()
