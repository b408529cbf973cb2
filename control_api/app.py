"""The application: every router under one roof, the fences around it, what runs beside it. Decides nothing else.

A1  Every route names who may call it; one that does not stops the start.
A2  No answer may be kept by a browser or a proxy unless it says so itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

import control_api.accounts.routes
import control_api.archive.routes
import control_api.devices.device_routes
import control_api.devices.routes
import control_api.link.routes
import control_api.live.routes
import control_api.register.routes
import control_api.rooms.routes
import control_api.sessions.routes
from config.process import LOOPBACK
from control_api.accounts.guard import GUARDS, public
from control_api.archive.keeper import run_keeper
from control_api.center import Center
from control_api.errors import error_body, install_error_handlers
from control_api.live.supervision import end_all, watch_over
from control_api.service_manager import READY, STOPPING, tell, tell_alive
from control_api.web.routes import mount_pages
from pages.form_safety import host_allowed

MAX_BODY_BYTES = 8 * 2**20
LINK_PATH = "/api/device/link"
ROUTERS = (
    control_api.link.routes.router,  # before rooms: /api/rooms/events is no room
    control_api.accounts.routes.router,
    control_api.rooms.routes.router,
    control_api.devices.routes.router,
    control_api.devices.device_routes.router,
    control_api.archive.routes.router,
    control_api.sessions.routes.router,
    control_api.register.routes.router,
    control_api.live.routes.router,
)


class UnguardedRoute(Exception):
    """A route says nothing about who may call it."""


def create_app(center: Center) -> FastAPI:
    """Raises UnguardedRoute."""
    app = FastAPI(
        title="Shilu 实录 county centre",
        description='Errors have one shape: `{"error": {"code", "message", "message_en", "field"}}`.',
        docs_url=None,  # the page comes from a CDN, which a county network does not reach
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        max_body_size=MAX_BODY_BYTES,
    )
    app.state.center = center
    install_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    _add_description(app)
    mount_pages(app, center.settings.timezone)
    app.add_middleware(Fences, hosts=allowed_hosts(center))
    check_guards(app)
    return app


def allowed_hosts(center: Center) -> frozenset[str]:
    """Names that this centre is reached by; any other Host header is somebody's trick."""
    public_host = urlsplit(center.settings.public_url).hostname or ""
    return frozenset({public_host, center.settings.host, *LOOPBACK})


def check_guards(app: FastAPI) -> None:
    """A1. Raises UnguardedRoute."""
    for route in iter_route_contexts(app.routes):
        if guard_of(route) is None:
            raise UnguardedRoute(f"{sorted(route.methods or ())} {route.path}: say who may call it (accounts/guard.py)")


def guard_of(route: RouteContext) -> str | None:
    """What guards a route: a permission, `public` or `device`; None when nothing does."""
    original = route.original_route
    if isinstance(original, APIRoute):
        return next((GUARDS[call] for call in _calls(route.dependant) if call in GUARDS), None)
    if isinstance(original, APIWebSocketRoute):
        return "device" if route.path == LINK_PATH else None  # it looks at the token before it accepts
    return "public" if isinstance(original, Mount) and route.path == "/static" else None


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from _calls(inner)


def _add_description(app: FastAPI) -> None:
    @app.get("/api/openapi.json", include_in_schema=False, dependencies=[Depends(public)])
    def description() -> dict[str, Any]:
        return app.openapi()

    @app.get("/api/health", tags=["health"], dependencies=[Depends(public)])
    def health() -> dict[str, str]:
        """That the centre answers; nothing about rooms or people."""
        return {"state": "ok"}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    center: Center = app.state.center
    center.loop = asyncio.get_running_loop()
    beside = [asyncio.create_task(run_keeper(center)), asyncio.create_task(watch_over(center))]
    tell(READY)  # the sockets open right after
    beside.append(asyncio.create_task(tell_alive(beside[:])))
    try:
        yield
    finally:
        tell(STOPPING)
        center.closing = True
        center.links.close()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await end_all(center)
        center.close()


class Fences:
    """Refuses a Host name that is not the centre's, before anything looks at the request."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = next((value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"host"), None)
        if scope["type"] == "http" and not host_allowed(host, self.hosts):
            body = error_body("wrong-host", "请使用中心的正式地址访问。", "Use the centre's own address.")
            await JSONResponse(body, status_code=421)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
