"""Facts about the database itself: whether it is a demo's, which keys the centre signed with."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from control_api.database.base import Base, WallNs


class Meta(Base):
    """Key and value. Keys: `demo` ("yes"/"no"), `register-head` (hash of the newest row of the access register) …"""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class CenterKey(Base):
    """A public key that this centre signs or has signed with; older ones stay, so that old receipts can be checked."""

    __tablename__ = "center_keys"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    public_key: Mapped[str] = mapped_column(String(64), unique=True)
    made_wall_ns: Mapped[WallNs]


def locked_head(session: Session, key: str) -> Meta:
    """The newest hash of a chain of rows. One writer at a time: two rows must not name the same one before them."""
    head = session.get(Meta, key, with_for_update=True)
    if head is None:
        head = Meta(key=key, value="")
        session.add(head)
        session.flush()
    return head
