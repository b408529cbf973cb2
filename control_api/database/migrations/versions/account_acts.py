"""What was done to accounts; PINs that are to be renewed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_acts",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("by_account_id", sa.String(length=32), nullable=True),
        sa.Column("by_name", sa.String(length=60), nullable=False),
        sa.Column("made_wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_acts_account_id_accounts")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_account_acts")),
        sa.UniqueConstraint("id", name=op.f("uq_account_acts_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_account_acts_sha256")),
    )
    with op.batch_alter_table("account_acts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_acts_account_id"), ["account_id"], unique=False)
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pin_exposed_wall_ns", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("pin_exposed_wall_ns")
    op.drop_table("account_acts")
