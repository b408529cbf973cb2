"""Every route against every role. A route that is not in this table fails, and so does one that nothing guards."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from control_api.accounts.permissions import ALLOWED, Permission, Role, may
from control_api.app import UnguardedRoute, check_guards, create_app, guard_of
from tests.control_api.running_centre import RunningCentre

P = Permission
API: dict[str, str] = {
    "GET /api/openapi.json": "public",
    "GET /api/health": "public",
    "POST /api/session": "public",
    "GET /api/session": P.OWN_ACCOUNT,
    "DELETE /api/session": P.OWN_ACCOUNT,
    "POST /api/session/password": P.OWN_ACCOUNT,
    "PUT /api/session/locale": P.OWN_ACCOUNT,
    "GET /api/units": P.SEE_ROOMS,
    "POST /api/units": P.MANAGE_ACCOUNTS,
    "GET /api/accounts": P.MANAGE_ACCOUNTS,
    "POST /api/accounts": P.MANAGE_ACCOUNTS,
    "POST /api/accounts/{account_id}/password": P.MANAGE_ACCOUNTS,
    "POST /api/accounts/{account_id}/pin": P.MANAGE_ACCOUNTS,
    "POST /api/accounts/{account_id}/disable": P.MANAGE_ACCOUNTS,
    "POST /api/accounts/{account_id}/enable": P.MANAGE_ACCOUNTS,
    "GET /api/rooms": P.SEE_ROOMS,
    "GET /api/rooms/events": P.SEE_ROOMS,
    "POST /api/rooms": P.MANAGE_ROOMS,
    "PATCH /api/rooms/{room_id}": P.MANAGE_ROOMS,
    "GET /api/rooms/{room_id}/configuration": P.MANAGE_ROOMS,
    "GET /api/rooms/{room_id}/configuration/history": P.MANAGE_ROOMS,
    "PUT /api/rooms/{room_id}/configuration": P.MANAGE_ROOMS,
    "POST /api/rooms/{room_id}/codes": P.MANAGE_DEVICES,
    "GET /api/rooms/{room_id}/codes": P.MANAGE_DEVICES,
    "DELETE /api/codes/{code_id}": P.MANAGE_DEVICES,
    "GET /api/rooms/{room_id}/devices": P.MANAGE_DEVICES,
    "POST /api/devices/{device_id}/confirm": P.MANAGE_DEVICES,
    "PATCH /api/devices/{device_id}": P.MANAGE_DEVICES,
    "POST /api/devices/{device_id}/revoke": P.MANAGE_DEVICES,
    "POST /api/enrolments": "public",
    "POST /api/device/challenge": "public",
    "POST /api/device/token": "public",
    "GET /api/device/configuration": "device",
    "POST /api/device/manifests": "device",
    "POST /api/device/grants": "device",
    "POST /api/device/uploads": "device",
    "POST /api/device/tags": "device",
    "PUT /api/device/objects/{grant}": "public",  # the grant in the address is the leave
    "GET /api/alarms": P.SEE_ALARMS,
    "POST /api/alarms/{number}/acknowledge": P.ACKNOWLEDGE_ALARMS,
    "POST /api/sessions/search": P.FIND_SESSIONS,
    "GET /api/sessions/{session_id}": P.FIND_SESSIONS,
    "POST /api/sessions/{session_id}/case": P.CORRECT_CASE,
    "POST /api/sessions/{session_id}/findings": P.WRITE_FINDINGS,
    "POST /api/holds": P.HOLD,
    "POST /api/holds/{hold_id}/release": P.HOLD,
    "POST /api/register": P.REPLAY,
    "GET /api/register": P.READ_REGISTER,
    "GET /api/register/check": P.READ_REGISTER,
    "GET /api/register/accounts": P.READ_REGISTER,
    "POST /api/live/rooms/{room_id}/whep": P.WATCH_LIVE,
    "DELETE /api/live/rooms/{room_id}/whep/{viewer}": P.WATCH_LIVE,
}
# Pages of another house's test; the open ones must stay few.
OPEN_PAGES = {"/sign-in", "/language"}


def every_route(app: FastAPI) -> dict[str, str | None]:
    return {
        f"{method} {route.path}": guard_of(route)
        for route in iter_route_contexts(app.routes)
        for method in sorted(route.methods or ())
    }


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    centre = RunningCentre(tmp_path_factory.mktemp("centre"))
    centre.center.close()
    return create_app(centre.center)


def test_the_table_is_the_application(app: FastAPI) -> None:
    api = {name: guard for name, guard in every_route(app).items() if " /api/" in name}
    assert api == API


def test_pages_are_guarded_and_few_are_open(app: FastAPI) -> None:
    pages = {name: guard for name, guard in every_route(app).items() if " /api/" not in name}
    assert None not in pages.values()
    open_ones = {name.split(" ", 1)[1] for name, guard in pages.items() if guard == "public"}
    assert open_ones <= OPEN_PAGES


def test_an_unguarded_route_stops_the_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/oops")
    def oops() -> str:
        return "open to all"

    with pytest.raises(UnguardedRoute, match="/oops"):
        check_guards(app)


def test_every_role_at_every_route(centre: RunningCentre) -> None:
    """Allowed calls get anything but a refusal of the person: bodies here are empty on purpose."""
    people = {role: centre.person(role.value) for role in Role}
    wrong: list[str] = []
    for name, guard in API.items():
        if guard in {"public", "device"} or name in {"DELETE /api/session", "GET /api/rooms/events"}:
            continue
        method, path = name.split(" ", 1)
        path = re.sub(r"\{number\}", "1", re.sub(r"\{\w*id\w*\}|\{viewer\}", "0" * 32, path))
        for role, person in people.items():
            answer = person.request(method, path)
            refused = answer.status_code in (401, 403)
            if refused == may(role, Permission(guard)):
                wrong.append(f"{name} as {role}: {answer.status_code}")
    assert wrong == []


def test_the_description_has_examples(centre: RunningCentre) -> None:
    said = httpx.get(f"{centre.url}/api/openapi.json", trust_env=False).json()
    assert said["openapi"].startswith("3.")
    described = {f"{method.upper()} {path}" for path, calls in said["paths"].items() for method in calls}
    assert {name for name in API if "openapi" not in name} <= described
    assert "XF2026-000123" in str(said["components"]["schemas"]["SearchBody"])


def test_nobody_gets_nothing(centre: RunningCentre) -> None:
    with httpx.Client(base_url=centre.url, trust_env=False) as nobody:
        for name, guard in API.items():
            if guard == "public":
                continue
            method, path = name.split(" ", 1)
            answer = nobody.request(method, re.sub(r"\{\w+\}", "1", path))
            assert (name, answer.status_code) == (name, 401)
            assert set(answer.json()["error"]) == {"code", "message", "message_en", "field"}


def test_the_permission_table_names_every_role_and_keeps_footage_from_administrators() -> None:
    assert set(ALLOWED) == set(Role)
    seeing = {P.REPLAY, P.DOWNLOAD, P.WATCH_LIVE}
    assert not seeing & ALLOWED[Role.ADMINISTRATOR]
    assert ALLOWED[Role.OFFICER] == {P.OWN_ACCOUNT}
    assert not may("visitor", P.OWN_ACCOUNT)
