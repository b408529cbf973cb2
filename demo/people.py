"""The demo's unit, room, accounts and device, made through the centre's own services. Writes the accounts file.

Passwords and PINs are drawn for each demo and stand in one file that only its owner can read.
"""

from __future__ import annotations

import secrets
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.people import create_account, create_unit, list_accounts, list_units
from control_api.accounts.permissions import Role
from control_api.database.engine import Database, database_url, open_database
from control_api.devices.enrolment import make_code
from control_api.devices.service import confirm_device, list_devices
from control_api.keys import open_keys
from control_api.rooms.service import change_configuration, create_room, current_configuration, list_rooms
from demo.place import to_toml, write_private

COUNTY, TOWNSHIP, ROOM = "演示县", "青石镇", "接谈室一"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
HEADING = """# Shilu 演示账号（仅本机演示用，由本程序随机生成）
# Demo accounts, drawn at random for this demo on this machine alone.
"""


@dataclass(frozen=True)
class Login:
    """One person of the demo. Officers sign in at the room by number and PIN."""

    name: str
    password: str
    title: str
    number: str = ""
    pin: str = ""


PEOPLE = {
    Role.OFFICER: ("jietan", "演示接谈员"),
    Role.DUTY_OFFICER: ("zhiban", "演示值班员"),
    Role.SUPERVISOR: ("ducha", "演示督查"),
    Role.ADMINISTRATOR: ("guanli", "演示管理员"),
}


def load_accounts(path: Path) -> dict[str, Login]:
    """By role; drawn and written down at the first call."""
    if not path.exists():
        accounts = {role.value: _draw(role) for role in PEOPLE}
        text = to_toml({role: vars(login) for role, login in accounts.items()})
        write_private(path, HEADING + text)
    return {role: Login(**values) for role, values in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def _draw(role: Role) -> Login:
    name, title = PEOPLE[role]
    password = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
    if role != Role.OFFICER:
        return Login(name, password, title)
    return Login(name, password, title, "1001", _draw_pin())


def _draw_pin() -> str:
    while True:
        pin = f"{secrets.randbelow(10**6):06}"
        if len(set(pin)) > 3:
            return pin


class Registry:
    """The centre's database, opened beside the running centre for what an administrator would type."""

    def __init__(self, data_directory: Path) -> None:
        self._data = data_directory
        data_directory.mkdir(mode=0o700, exist_ok=True)
        self._database: Database = open_database(database_url("", data_directory), demo=True)

    def close(self) -> None:
        self._database.close()

    def seed(self, accounts: dict[str, Login], camera: dict[str, Any], microphone: dict[str, Any] | None) -> None:
        """Units, people and the room at the first start; at a later one only the sources that changed."""
        wanted = {"camera": camera, "microphone": microphone}
        with self._database.writing() as session:
            if not list_units(session):
                self._make_people(session, accounts)
                township = next(unit for unit in list_units(session) if unit.name == TOWNSHIP)
                actor, now_ns = _administrator(session), time.time_ns()
                create_room(session, actor, now_ns, name=ROOM, unit_id=township.id, settings=wanted)
                return
            room = list_rooms(session)[0]
            settings = current_configuration(session, room.id).settings
            if any(settings.get(name) != source for name, source in wanted.items()):
                change_configuration(session, _administrator(session), time.time_ns(), room.id, {**settings, **wanted})

    def _make_people(self, session: Session, accounts: dict[str, Login]) -> None:
        now_ns = time.time_ns()
        county = create_unit(session, None, now_ns, name=COUNTY, kind="county")
        township = create_unit(session, None, now_ns, name=TOWNSHIP, kind="township")
        for role, login in accounts.items():
            officer = role == Role.OFFICER
            create_account(
                session,
                None,
                now_ns,
                sign_in_name=login.name,
                display_name=login.title,
                unit_id=(township if officer else county).id,
                role=role,
                password=login.password,
                pin=login.pin or None,
                officer_number=login.number or None,
                must_change_password=False,
            )

    def enrolment_code(self) -> str:
        keys = open_keys(self._data, recovery_required=False)
        with self._acting() as (session, actor):
            room = list_rooms(session)[0]
            return make_code(
                session, actor, time.time_ns(), room.id, hours=1, centre_key=keys.signing.public
            )[0]  # fmt: skip

    def confirm(self, fingerprint: str) -> bool:
        """As an administrator who read `fingerprint` on the room's screen. False: no device waits."""
        with self._acting() as (session, actor):
            pending = [device for device in list_devices(session) if device.state == "pending"]
            if not pending:
                return False
            confirm_device(session, actor, time.time_ns(), pending[0].id, fingerprint)
            return True

    @contextmanager
    def _acting(self) -> Iterator[tuple[Session, Actor]]:
        with self._database.writing() as session:
            yield session, _administrator(session)


def _administrator(session: Session) -> Actor:
    account = next(one for one in list_accounts(session) if one.role == Role.ADMINISTRATOR)
    return Actor(
        account_id=account.id,
        name=account.display_name,
        unit_id=account.unit_id,
        unit_name=account.unit.name,
        role=account.role,
        locale=account.locale,
        web_session="",
        csrf="",
    )
