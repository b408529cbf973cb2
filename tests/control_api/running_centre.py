"""The real application behind a real uvicorn on a free port; its clock can be moved."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from config.process import CenterSettings, LocalArchive, S3Archive
from control_api.accounts import people
from control_api.accounts.permissions import Role
from control_api.app import create_app
from control_api.center import open_center
from tests.control_api.room_pc import RoomPc

PASSWORD = "four plain words here"
PIN = "271828"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # the kind of hash is the real one, its cost is not


IDLE_APPS: list[FastAPI] = []  # building one takes longer than most tests; of its centre it keeps nothing but the name


class Person:
    """A signed-in browser."""

    def __init__(self, base_url: str, name: str) -> None:
        self.http = httpx.Client(base_url=base_url, trust_env=False)
        answer = self.http.post("/api/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.about = answer.json()
        self.headers = {"x-csrf-token": self.about["csrf"]}

    def get(self, path: str, **kw: Any) -> httpx.Response:
        return self.http.get(path, **kw)

    def post(self, path: str, body: Any = None, **kw: Any) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.headers, **kw)

    def request(self, method: str, path: str, **kw: Any) -> httpx.Response:
        return self.http.request(method, path, headers={**self.headers, **kw.pop("headers", {})}, **kw)


class RunningCentre:
    def __init__(self, directory: Path, archive: LocalArchive | S3Archive | None = None) -> None:
        self.settings = CenterSettings(
            data_directory=directory / "centre",
            archive=archive or LocalArchive(directory=directory / "archive"),
            demo=True,
            county_name="云溪县",
        )
        self.ahead_ns = 0
        self.center = open_center(self.settings, lambda: time.time_ns() + self.ahead_ns)
        self._people: dict[str, Person] = {}
        self._pcs: list[RoomPc] = []
        self.accounts, self.unit = self._find_people() or self._make_people()

    def start(self) -> None:
        self._app = IDLE_APPS.pop() if IDLE_APPS else create_app(self.center)
        self._app.state.center = self.center
        config = uvicorn.Config(
            self._app,
            port=0,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            ws="websockets-sansio",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < until, "the centre did not start"
            assert self._thread.is_alive(), "the centre stopped at its start"
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        for client in (*self._people.values(), *self._pcs):
            client.http.close()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()
        IDLE_APPS.append(self._app)

    def person(self, role: str) -> Person:
        if role not in self._people:
            self._people[role] = Person(self.url, role)
        return self._people[role]

    def pass_time(self, seconds: float) -> None:
        """Everybody's web session may have ended by then: they sign in anew."""
        self.ahead_ns += int(seconds * 1e9)
        for person in self._people.values():
            person.http.close()
        self._people.clear()

    def make_room(self, name: str, unit: str | None = None) -> str:
        answer = self.person("administrator").post("/api/rooms", {"name": name, "unit": unit or self.unit})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def make_code(self, room_id: str) -> str:
        answer = self.person("administrator").post(f"/api/rooms/{room_id}/codes")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])

    def new_pc(self) -> RoomPc:
        pc = RoomPc(self.url)
        self._pcs.append(pc)
        return pc

    def enrolled_pc(self, room_id: str) -> RoomPc:
        pc = self.new_pc()
        assert pc.enrol(self.make_code(room_id)).status_code == 200
        self.confirm(pc)
        pc.sign_in()
        return pc

    def confirm(self, pc: RoomPc) -> None:
        body = {"fingerprint": pc.chain_key.public.fingerprint}
        answer = self.person("administrator").post(f"/api/devices/{pc.device}/confirm", body)
        assert answer.status_code == 200, answer.text

    def _find_people(self) -> tuple[dict[str, str], str] | None:
        """Those of an earlier centre in the same directory."""
        with self.center.database.reading() as session:
            found = people.list_accounts(session)
            return ({row.role: row.id for row in found}, found[0].unit_id) if found else None

    def _make_people(self) -> tuple[dict[str, str], str]:
        with self.center.database.writing() as session:
            now_ns = self.center.now_ns()
            unit = people.create_unit(session, None, now_ns, name="青石镇", kind="township")
            for role in Role:
                officer = role is Role.OFFICER
                people.create_account(
                    session,
                    None,
                    now_ns,
                    sign_in_name=role.value,
                    display_name=f"某{role.value}",
                    unit_id=unit.id,
                    role=role,
                    password=PASSWORD,
                    pin=PIN if officer else None,
                    officer_number="03" if officer else None,
                    must_change_password=False,
                )
            for account in people.list_accounts(session):
                account.password_hash = QUICK.hash(PASSWORD)
        return self._find_people() or ({}, "")
