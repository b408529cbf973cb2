"""Wrong passwords are counted by source and account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("first_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("locked_until_wall_ns", sa.BigInteger(), nullable=True),
        sa.Column("good_wall_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", "target", name=op.f("pk_sign_in_attempts")),
    )


def downgrade() -> None:
    op.drop_table("sign_in_attempts")
