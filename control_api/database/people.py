"""Units, accounts and the web sessions of signed-in people."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_api.database.base import Base, Code, Digest, Identifier, IdentifierKey, Name, RowNumber, WallNs, refers

ROLES = ("officer", "duty-officer", "supervisor", "administrator")


class Unit(Base):
    """A township, subdistrict, department or the county itself. `name` as in 青石镇; pages add the uniform ending."""

    __tablename__ = "units"

    id: Mapped[IdentifierKey]
    name: Mapped[Name] = mapped_column(unique=True)
    kind: Mapped[Code]  # county, township, department
    made_wall_ns: Mapped[WallNs]
    disabled_wall_ns: Mapped[WallNs | None]


class Account(Base):
    """A person who signs in: at the centre by password, an officer in the room by number and PIN."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint(f"role IN {ROLES!r}", name="role"),)

    id: Mapped[IdentifierKey]
    sign_in_name: Mapped[str] = mapped_column(String(40), unique=True)
    display_name: Mapped[Name]
    unit_id: Mapped[str] = refers("units.id")
    role: Mapped[Code]
    password_hash: Mapped[str] = mapped_column(Text)  # Argon2id
    pin_verifier: Mapped[str | None] = mapped_column(Text)  # Argon2id; officers alone have one
    pin_exposed_wall_ns: Mapped[WallNs | None]  # the verifier lay on a device that was revoked: to be renewed
    officer_number: Mapped[str | None] = mapped_column(String(20), unique=True)
    locale: Mapped[str] = mapped_column(String(8), default="zh")
    must_change_password: Mapped[bool] = mapped_column(default=False)
    failed_count: Mapped[int] = mapped_column(default=0)
    locked_until_wall_ns: Mapped[WallNs | None]
    disabled_wall_ns: Mapped[WallNs | None]
    made_wall_ns: Mapped[WallNs]
    made_by: Mapped[Identifier | None]
    last_sign_in_wall_ns: Mapped[WallNs | None]

    unit: Mapped[Unit] = relationship(lazy="joined")


class AccountAct(Base):
    """What was done to an account, by whom. Chained by hash, none is changed. Names stand as they were that day."""

    __tablename__ = "account_acts"

    number: Mapped[RowNumber]
    id: Mapped[Identifier] = mapped_column(unique=True)
    account_id: Mapped[str] = refers("accounts.id")
    name: Mapped[Name]
    act: Mapped[Code]
    by_account_id: Mapped[Identifier | None]  # None: on the centre's own machine
    by_name: Mapped[Name]
    made_wall_ns: Mapped[WallNs]
    previous: Mapped[Digest | None]
    sha256: Mapped[Digest] = mapped_column(unique=True)


class SignInAttempt(Base):
    """Wrong passwords from one source (an address) at one target: an account's id, the MAC of a name that nobody has,
    or "" for all targets together. `good_wall_ns`: the last right one."""

    __tablename__ = "sign_in_attempts"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    target: Mapped[str] = mapped_column(String(64), primary_key=True)
    failed_count: Mapped[int]
    first_wall_ns: Mapped[WallNs]
    last_wall_ns: Mapped[WallNs]
    locked_until_wall_ns: Mapped[WallNs | None]
    good_wall_ns: Mapped[WallNs | None]


class WebSession(Base):
    """A signed-in browser. The cookie's token is never stored, its digest is."""

    __tablename__ = "web_sessions"

    token_sha256: Mapped[Digest] = mapped_column(primary_key=True)
    account_id: Mapped[str] = refers("accounts.id")
    csrf_token: Mapped[Digest]
    made_wall_ns: Mapped[WallNs]
    seen_wall_ns: Mapped[WallNs]

    account: Mapped[Account] = relationship(lazy="joined")
