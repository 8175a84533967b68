"""Search, as the routers ask for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.schemas.search import SearchRequest
from app.services import find_answer, gaps
from app.services.find_desk import Desk


async def answer(
    desk: Desk, request: SearchRequest, *, languages: Sequence[str], clock: datetime
) -> dict[str, Any]:
    """A SearchAnswer, ready for JSON. Raises Invalid, or Unavailable when both stores are away."""
    wished = [request.lang, *languages] if request.lang else list(languages)
    knowledge = await desk.knowledge()
    found = await find_answer.answer(desk, request, knowledge, wished, clock)
    gaps.counted.note(request, found, knowledge, clock.date())
    return found
