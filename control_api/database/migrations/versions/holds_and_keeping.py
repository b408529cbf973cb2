"""Sessions bound to holds; where retention counts from; what the archive's own hold is; entries that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_sessions",
        sa.Column("hold_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("bound_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("recorded", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("fk_held_sessions_hold_id_holds")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_held_sessions_session_id_sessions")),
        sa.PrimaryKeyConstraint("hold_id", "session_id", name=op.f("pk_held_sessions")),
    )
    with op.batch_alter_table("held_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_held_sessions_session_id"), ["session_id"], unique=False)
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kept_from_wall_ns", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("archive_hold", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("keep_after_wall_ns", sa.BigInteger(), nullable=True))
    entries = sa.table(
        "entries",
        sa.column("kept_from_wall_ns", sa.BigInteger()),
        sa.column("end_wall_ns", sa.BigInteger()),
        sa.column("received_wall_ns", sa.BigInteger()),
    )
    earlier = sa.case(
        (entries.c.end_wall_ns < entries.c.received_wall_ns, entries.c.end_wall_ns), else_=entries.c.received_wall_ns
    )
    op.execute(entries.update().values(kept_from_wall_ns=earlier))
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.alter_column("kept_from_wall_ns", existing_type=sa.BigInteger(), nullable=False)
        batch_op.alter_column("archive_hold", existing_type=sa.Boolean(), server_default=None)
    # Holds on sessions are bound here; those on cases by the keeper, which knows which tag of a session counts.
    op.execute(
        "INSERT INTO held_sessions (hold_id, session_id, bound_wall_ns, recorded, settled) "
        "SELECT id, session_id, placed_wall_ns, placed_wall_ns = placed_wall_ns, released_wall_ns IS NOT NULL "
        "FROM holds WHERE session_id IS NOT NULL"
    )


def downgrade() -> None:
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.drop_column("keep_after_wall_ns")
        batch_op.drop_column("archive_hold")
        batch_op.drop_column("kept_from_wall_ns")
    op.drop_table("held_sessions")
