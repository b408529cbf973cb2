"""All pages of the centre under one router, and where their style sheets and scripts are served."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from control_api.review.routes import router as review_router
from control_api.web import (
    accounts,
    alarms,
    calendar_page,
    configuration_page,
    devices,
    find,
    missed,
    register_page,
    rooms,
    session_forms,
    sessions,
    sign_in,
)
from control_api.web.page import county_pages
from control_api.web.refusals import install_refusal_pages
from pages.response_headers import ResponseHeaders

router = APIRouter()
for part in (
    sign_in,
    rooms,
    sessions,
    session_forms,
    find,
    missed,
    register_page,
    alarms,
    devices,
    calendar_page,
    configuration_page,
    accounts,
):
    router.include_router(part.router)
router.include_router(review_router)


def mount_pages(app: FastAPI, timezone: str) -> None:
    """Routes, static files and the headers that every page carries."""
    app.include_router(router)
    app.mount("/static", county_pages(timezone).assets, name="static")
    app.add_middleware(ResponseHeaders)
    install_refusal_pages(app)
