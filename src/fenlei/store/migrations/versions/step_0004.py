"""What deployments answer unknown pictures with, and whether thresholds have a say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this step; deployments that are there answer as they did."""
    op.add_column("deployments", sa.Column("unknown_as", sa.String(), nullable=True))
    op.add_column("deployments", sa.Column("decide", sa.Boolean(), server_default=sa.false(), nullable=False))
