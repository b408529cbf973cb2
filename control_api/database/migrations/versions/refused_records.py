"""Records whose place in the archive holds other bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("archive_writes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refused_code", sa.String(length=40), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("archive_writes", schema=None) as batch_op:
        batch_op.drop_column("refused_code")
