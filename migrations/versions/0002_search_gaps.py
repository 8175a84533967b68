"""Classes of searches that found too little"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_gap",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("municipality_code", sa.String(), nullable=False),
        sa.Column("wishes", sa.String(), nullable=False),
        sa.Column("searches", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_code"], ["municipality.code"], name=op.f("fk_search_gap_municipality_code")
        ),
        sa.PrimaryKeyConstraint("month", "municipality_code", "wishes", name=op.f("pk_search_gap")),
    )


def downgrade() -> None:
    op.drop_table("search_gap")
