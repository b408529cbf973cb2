"""The county's calendar, missed sessions, corrected times, and which bytes are no longer awaited."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _make_calendar()
    _make_missed()
    _make_corrections()
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed_start_wall_ns", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("signed_end_wall_ns", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("entry_kept", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("settled_by", sa.String(length=64), nullable=True))
        batch_op.create_index("ix_entries_keeping", ["state", "kind", "entry_kept"], unique=False)
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.alter_column("entry_kept", existing_type=sa.Boolean(), server_default=None)
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed_opened_wall_ns", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("signed_closed_wall_ns", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("access_register", schema=None) as batch_op:
        batch_op.add_column(sa.Column("from_wall_ns", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("to_wall_ns", sa.BigInteger(), nullable=True))


def _make_calendar() -> None:
    op.create_table(
        "calendar_changes",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("like_day", sa.String(length=40), nullable=True),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.CheckConstraint("act IN ('set', 'removed')", name=op.f("ck_calendar_changes_act")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_calendar_changes")),
    )
    with op.batch_alter_table("calendar_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendar_changes_day"), ["day"], unique=False)


def _make_missed() -> None:
    op.create_table(
        "missed_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("entry_sha256", sa.String(length=64), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("since_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("told_wall_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_missed_sessions_device_id_devices")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_missed_sessions_room_id_rooms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_sessions")),
        sa.UniqueConstraint("entry_sha256", name=op.f("uq_missed_sessions_entry_sha256")),
    )
    with op.batch_alter_table("missed_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_missed_sessions_room_id"), ["room_id"], unique=False)
        batch_op.create_index("ix_missed_sessions_time", ["since_wall_ns"], unique=False)
    op.create_table(
        "missed_answers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("missed_id", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.CheckConstraint("answer IN ('explained', 'registered')", name=op.f("ck_missed_answers_answer")),
        sa.ForeignKeyConstraint(["made_by"], ["accounts.id"], name=op.f("fk_missed_answers_made_by_accounts")),
        sa.ForeignKeyConstraint(
            ["missed_id"], ["missed_sessions.id"], name=op.f("fk_missed_answers_missed_id_missed_sessions")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_missed_answers_session_id_sessions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_answers")),
    )
    with op.batch_alter_table("missed_answers", schema=None) as batch_op:
        for column in ("made_by", "missed_id", "session_id"):
            batch_op.create_index(batch_op.f(f"ix_missed_answers_{column}"), [column], unique=False)


def _make_corrections() -> None:
    op.create_table(
        "clock_corrections",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.String(length=36), nullable=False),
        sa.Column("first_number", sa.BigInteger(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("wall_minus_mono_ns", sa.BigInteger(), nullable=False),
        sa.Column("uncertainty_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_clock_corrections_device_id_devices")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_clock_corrections")),
    )
    with op.batch_alter_table("clock_corrections", schema=None) as batch_op:
        batch_op.create_index("ix_clock_corrections_place", ["device_id", "last_number"], unique=False)


def downgrade() -> None:
    for table, columns in (
        ("access_register", ("to_wall_ns", "from_wall_ns")),
        ("sessions", ("signed_closed_wall_ns", "signed_opened_wall_ns")),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.drop_index("ix_entries_keeping")
        for column in ("settled_by", "entry_kept", "signed_end_wall_ns", "signed_start_wall_ns"):
            batch_op.drop_column(column)
    for table in ("clock_corrections", "missed_answers", "missed_sessions", "calendar_changes"):
        op.drop_table(table)
