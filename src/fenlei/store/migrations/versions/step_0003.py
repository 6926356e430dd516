"""When somebody asked for the end of a run with what it has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this step."""
    op.add_column("jobs", sa.Column("finish_at", sa.DateTime(timezone=True), nullable=True))
