"""Passwords, locks, web sessions, and the fences around forms."""

from __future__ import annotations

import httpx
import pytest

from control_api.accounts.passwords import hash_password, hash_pin, password_fits
from control_api.errors import CenterError
from tests.control_api.running_centre import PASSWORD, PIN, RunningCentre


def sign_in(centre: RunningCentre, name: str, password: str) -> httpx.Response:
    return httpx.post(f"{centre.url}/api/session", json={"name": name, "password": password}, trust_env=False)


def test_the_cookie_is_kept_from_scripts_and_other_sites(centre: RunningCentre) -> None:
    answer = sign_in(centre, "Supervisor ", PASSWORD)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.json()["role"] == "supervisor"


def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(centre: RunningCentre) -> None:
    for _ in range(5):
        answer = sign_in(centre, "supervisor", "wrong")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "wrong-sign-in")
    locked = sign_in(centre, "supervisor", PASSWORD)
    assert (locked.status_code, locked.json()["error"]["code"]) == (429, "locked")
    assert 800 < int(locked.headers["retry-after"]) <= 900
    centre.pass_time(901)
    assert sign_in(centre, "supervisor", PASSWORD).status_code == 200


def test_a_right_password_forgives_wrong_ones(centre: RunningCentre) -> None:
    for _ in range(2):
        assert [sign_in(centre, "supervisor", "wrong").status_code for _ in range(3)] == [401] * 3
        assert sign_in(centre, "supervisor", PASSWORD).status_code == 200


def test_an_unknown_name_looks_like_a_wrong_password(centre: RunningCentre) -> None:
    known, unknown = sign_in(centre, "supervisor", "wrong"), sign_in(centre, "nobody", "wrong")
    assert known.json() == unknown.json()


def test_a_web_session_ends_idle_and_after_twelve_hours(centre: RunningCentre) -> None:
    idle = centre.person("supervisor")
    kept = idle.http.cookies
    centre.pass_time(1801)
    assert httpx.get(f"{centre.url}/api/session", cookies=kept, trust_env=False).status_code == 401
    busy = dict(centre.person("supervisor").http.cookies)
    for _ in range(24):
        centre.pass_time(1790)
        answer = httpx.get(f"{centre.url}/api/session", cookies=busy, trust_env=False)
    assert answer.status_code == 200
    centre.pass_time(1790)
    assert httpx.get(f"{centre.url}/api/session", cookies=busy, trust_env=False).status_code == 401


def test_signing_out_ends_the_session(centre: RunningCentre) -> None:
    person = centre.person("duty-officer")
    cookies = dict(person.http.cookies)
    assert person.request("DELETE", "/api/session").status_code == 204
    assert httpx.get(f"{centre.url}/api/session", cookies=cookies, trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "form-expired"),
        ({"x-csrf-token": "0" * 64}, "form-expired"),
        ({"x-csrf-token": "right", "origin": "https://elsewhere.example"}, "other-site"),
        ({"x-csrf-token": "right", "sec-fetch-site": "cross-site"}, "other-site"),
    ],
)
def test_a_change_needs_our_own_form(centre: RunningCentre, headers: dict[str, str], code: str) -> None:
    person = centre.person("administrator")
    given = {name: person.about["csrf"] if value == "right" else value for name, value in headers.items()}
    answer = person.http.post("/api/units", json={"name": "云溪街道"}, headers=given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
    assert len(person.get("/api/units").json()) == 1


def test_another_persons_token_does_not_serve(centre: RunningCentre) -> None:
    administrator, supervisor = centre.person("administrator"), centre.person("supervisor")
    answer = administrator.http.post(
        "/api/units", json={"name": "云溪街道"}, headers={"x-csrf-token": supervisor.about["csrf"]}
    )
    assert answer.json()["error"]["code"] == "form-expired"


def test_a_foreign_host_name_is_turned_away(centre: RunningCentre) -> None:
    answer = httpx.get(f"{centre.url}/api/health", headers={"host": "evil.example"}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "wrong-host")


def test_nonsense_in_headers_and_numbers_is_refused_and_no_fault(centre: RunningCentre) -> None:
    for header in ({"host": "["}, {"origin": "http://["}):
        answer = httpx.post(f"{centre.url}/api/session", json={}, headers=header, trust_env=False)
        assert answer.status_code in (403, 421), header
    far = 10**19
    supervisor, duty = centre.person("supervisor"), centre.person("duty-officer")
    assert supervisor.get("/api/register", params={"page": far}).status_code == 422
    assert supervisor.post("/api/sessions/search", {"page": far}).status_code == 422
    assert duty.post(f"/api/alarms/{far}/acknowledge").status_code == 422


def test_a_too_long_body_is_turned_away(centre: RunningCentre) -> None:
    answer = httpx.post(f"{centre.url}/api/session", content=b" " * (9 * 2**20), trust_env=False)
    assert answer.status_code == 413


def test_a_new_account_must_choose_its_own_password(centre: RunningCentre) -> None:
    administrator = centre.person("administrator")
    body = {
        "sign_in_name": "supervisor2",
        "display_name": "某督查",
        "unit": centre.unit,
        "role": "supervisor",
        "password": PASSWORD,
    }
    made = administrator.post("/api/accounts", body)
    assert made.status_code == 201, made.text
    assert administrator.post("/api/accounts", body).json()["error"]["code"] == "name-taken"
    centre_answer = sign_in(centre, "supervisor2", PASSWORD)
    assert centre_answer.json()["must_change_password"] is True
    with httpx.Client(base_url=centre.url, cookies=centre_answer.cookies, trust_env=False) as person:
        token = {"x-csrf-token": centre_answer.json()["csrf"]}
        assert person.get("/api/rooms").json()["error"]["code"] == "must-change-password"
        weak = person.post("/api/session/password", json={"old": PASSWORD, "new": "short"}, headers=token)
        assert weak.json()["error"]["code"] == "weak-password"
        changed = person.post(
            "/api/session/password", json={"old": PASSWORD, "new": "another four words"}, headers=token
        )
        assert changed.status_code == 204
        assert person.get("/api/rooms").status_code == 200


def test_disabling_ends_every_web_session(centre: RunningCentre) -> None:
    supervisor = centre.person("supervisor")
    administrator = centre.person("administrator")
    account = centre.accounts["supervisor"]
    assert administrator.post(f"/api/accounts/{account}/disable").status_code == 204
    assert supervisor.get("/api/session").status_code == 401
    assert sign_in(centre, "supervisor", PASSWORD).status_code == 401
    own = administrator.post(f"/api/accounts/{centre.accounts['administrator']}/disable")
    assert own.json()["error"]["code"] == "own-account"


def test_officers_need_a_number_and_a_pin() -> None:
    assert password_fits(hash_pin(PIN), PIN)
    assert not password_fits(None, PIN)
    for pin in ("12345", "111111", "123456", "98765432", "12a456", "112112"):
        with pytest.raises(CenterError, match="PIN"):
            hash_pin(pin)
    with pytest.raises(CenterError):
        hash_password("aaaaaaaaaaaa")
