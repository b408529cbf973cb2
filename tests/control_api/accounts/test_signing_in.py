"""Passwords, locks, web sessions, and the fences around forms."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import delete
from starlette.requests import HTTPConnection

from control_api.accounts import passwords
from control_api.accounts.acts import broken_act
from control_api.accounts.attempts import source_of
from control_api.accounts.passwords import hash_password, hash_pin, password_fits
from control_api.archive.keeper import work_once
from control_api.database import AccountAct
from control_api.errors import CenterError
from storage.record import read_record
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import PASSWORD, PIN, QUICK, RunningCentre


def sign_in(centre: RunningCentre, name: str, password: str) -> httpx.Response:
    return httpx.post(f"{centre.url}/api/session", json={"name": name, "password": password}, trust_env=False)


def from_address(centre: RunningCentre, address: str, name: str, password: str) -> int:
    """As a proxy on this machine would hand it on."""
    body, headers = {"name": name, "password": password}, {"x-forwarded-for": address}
    return httpx.post(f"{centre.url}/api/session", json=body, headers=headers, trust_env=False, timeout=30).status_code


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


def test_guesses_lock_out_their_source_and_nobody_else(centre: RunningCentre, pc: RoomPc) -> None:
    """Neither the person at another desk nor the room's console (10)."""
    for name in ("supervisor", "officer"):
        assert [from_address(centre, "10.9.9.9", name, "wrong") for _ in range(6)] == [401] * 5 + [429]
        assert from_address(centre, "10.9.9.9", name, PASSWORD) == 429
    assert sign_in(centre, "supervisor", PASSWORD).status_code == 200
    assert [officer["locked"] for officer in pc.configuration()["officers"]] == [False]


def test_many_sources_lock_an_account_but_not_for_its_own_desk(centre: RunningCentre) -> None:
    assert from_address(centre, "10.0.0.1", "supervisor", PASSWORD) == 200
    for host in range(10):
        assert [from_address(centre, f"10.1.0.{host}", "supervisor", "wrong") for _ in range(5)] == [401] * 5
    assert from_address(centre, "10.2.0.1", "supervisor", PASSWORD) == 429
    assert from_address(centre, "10.0.0.1", "supervisor", PASSWORD) == 200
    assert "sign-in-guessed" in [alarm["code"] for alarm in centre.person("administrator").get("/api/alarms").json()]


def test_a_source_that_tries_many_names_is_stopped(centre: RunningCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_NOBODY", QUICK.hash("nobody"))
    tried = [from_address(centre, "10.3.0.1", f"name{number}", "wrong") for number in range(31)]
    assert tried == [401] * 30 + [429]
    centre.pass_time(901)
    assert from_address(centre, "10.3.0.1", "supervisor", PASSWORD) == 200


def test_nobody_starves_the_centre_by_signing_in(centre: RunningCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond two passwords at once and ten that wait the answer is "later", before any hash is taken (8)."""
    at_once, most = [0], [0]

    class Slow:
        def verify(self, _stored: str, _password: str) -> bool:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            time.sleep(0.15)
            at_once[0] -= 1
            return False

    monkeypatch.setattr(passwords, "_hasher", Slow())
    with ThreadPoolExecutor(24) as pool:
        said = list(pool.map(lambda n: from_address(centre, f"10.4.0.{n}", "nobody", "wrong"), range(24)))
    assert set(said) == {401, 429}
    assert said.count(401) >= passwords.RUNNING + passwords.WAITING
    assert most[0] <= passwords.RUNNING


def test_the_old_password_is_not_guessed_from_an_open_web_session(centre: RunningCentre) -> None:
    person = centre.person("supervisor")
    body = {"old": "wrong", "new": "another four words"}
    answers = [person.post("/api/session/password", body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert person.post("/api/session/password", {**body, "old": PASSWORD}).json()["error"]["code"] == "locked"
    administrator = centre.person("administrator")
    account = centre.accounts["supervisor"]
    assert administrator.post(f"/api/accounts/{account}/password", {"password": PASSWORD}).status_code == 204
    assert sign_in(centre, "supervisor", PASSWORD).status_code == 200


def test_sources_are_counted_by_network() -> None:
    def source(host: str) -> str:
        return source_of(HTTPConnection({"type": "http", "client": (host, 1)}))

    assert source("10.1.2.3") == "10.1.2.3"
    assert source("2001:db8::1") == source("2001:db8::ffff") != source("2001:db8:0:1::1")
    assert source("testclient") == "testclient"


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
        same = person.post("/api/session/password", json={"old": PASSWORD, "new": PASSWORD}, headers=token)
        assert same.json()["error"]["code"] == "same-password"
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
    for password in ("aaaaaaaaaaaa", "1234567890", "20261123091500"):
        with pytest.raises(CenterError):
            hash_password(password)


def test_nobody_becomes_another_without_a_trace(centre: RunningCentre) -> None:
    """An administrator sets the supervisor's password, signs in as that person, changes it (5)."""
    administrator, account = centre.person("administrator"), centre.accounts["supervisor"]
    assert administrator.post(f"/api/accounts/{account}/password", {"password": "taken over here"}).status_code == 204
    said = sign_in(centre, "supervisor", "taken over here").json()
    assert [(act["act"], act["by_name"]) for act in said["acts"]] == [("password-reset", "某administrator")]
    administrator.post(f"/api/accounts/{account}/password", {"password": PASSWORD})
    again = sign_in(centre, "supervisor", PASSWORD)
    assert [act["act"] for act in again.json()["acts"]] == ["password-reset"] * 2  # no sign-in makes it forgotten
    with httpx.Client(base_url=centre.url, cookies=again.cookies, trust_env=False) as person:
        body = {"old": PASSWORD, "new": "four other words here"}
        headers = {"x-csrf-token": again.json()["csrf"]}
        assert person.post("/api/session/password", json=body, headers=headers).status_code == 204
        listed = person.get("/api/register/accounts").json()
        page = person.get("/account").text
    assert [act["act"] for act in listed[:3]] == ["password-changed", "password-reset", "password-reset"]
    assert "某administrator" in page
    alarms = administrator.get("/api/alarms").json()
    assert [(alarm["code"], alarm["count"]) for alarm in alarms] == [("password-reset", 2)]


def test_acts_on_accounts_are_records_in_the_archive(centre: RunningCentre) -> None:
    officer = centre.accounts["officer"]
    assert centre.person("administrator").post(f"/api/accounts/{officer}/pin", {"pin": "314159"}).status_code == 204
    work_once(centre.center)
    directory, keys = centre.settings.archive.directory, centre.center.keys  # type: ignore[union-attr]
    bodies = [
        read_record(path.relative_to(directory).as_posix(), path.read_bytes(), [keys.signing.public], keys.opener)
        for path in (directory / "records" / "accounts").rglob("*.json")
    ]
    last = max(bodies, key=lambda body: body["number"])
    assert (last["account"], last["act"], last["by"]) == (officer, "pin-set", centre.accounts["administrator"])
    with centre.center.database.writing() as session:
        assert broken_act(session) is None
        session.execute(delete(AccountAct).where(AccountAct.number == last["number"]))
        assert broken_act(session) == 0
