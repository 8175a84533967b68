"""Pages for those without a system of their own: the association by its link, the person by her code.

They work without JavaScript, and are no part of the API: what they do, the API's services do.
"""

from fastapi import APIRouter

from app.routers import case_pages, my_pages

router = APIRouter(include_in_schema=False)
router.include_router(case_pages.router)
router.include_router(my_pages.router)
