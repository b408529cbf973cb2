"""What every table shares: column kinds and constraint names. No table stands here."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from sqlalchemy import BigInteger, ForeignKey, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column

# Names are fixed so that a migration can address a constraint on SQLite and PostgreSQL alike.
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite gives row numbers to INTEGER keys only.
BIG_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

Identifier = Annotated[str, mapped_column(String(32))]
IdentifierKey = Annotated[str, mapped_column(String(32), primary_key=True)]
Digest = Annotated[str, mapped_column(String(64))]
DigestKey = Annotated[str, mapped_column(String(64), primary_key=True)]
WallNs = Annotated[int, mapped_column(BigInteger)]
Code = Annotated[str, mapped_column(String(40))]
Name = Annotated[str, mapped_column(String(60))]
RowNumber = Annotated[int, mapped_column(BIG_NUMBER, primary_key=True, autoincrement=True)]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


def new_id() -> str:
    """A random id: 128 bits in hex."""
    return secrets.token_hex(16)


def refers(column: str, *, index: bool = True, nullable: bool | None = None) -> Any:
    """A column of 32 characters that points at `column` ("table.column"), which is never deleted while pointed at."""
    if nullable is None:
        return mapped_column(String(32), ForeignKey(column), index=index)
    return mapped_column(String(32), ForeignKey(column), index=index, nullable=nullable)
