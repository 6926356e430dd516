"""How many pictures data sets have, kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this step, and count the pictures that are there."""
    op.create_table(
        "tallies",
        sa.Column("dataset_id", sa.String(length=32), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("label_id", sa.String(length=32), nullable=False),
        sa.Column("split", sa.String(length=12), nullable=False),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_tallies_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "removed", "label_id", "split", name=op.f("pk_tallies")),
    )
    op.execute(
        "INSERT INTO tallies (dataset_id, removed, label_id, split, pictures) "
        "SELECT dataset_id, removed_at IS NOT NULL, coalesce(label_id, ''), coalesce(split, ''), count(*) "
        "FROM pictures GROUP BY 1, 2, 3, 4"
    )
