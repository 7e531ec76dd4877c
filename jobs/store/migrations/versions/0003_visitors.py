"""Jobs know whose they are, where visitors see only their own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("visitor", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_jobs_visitor", "jobs", ["visitor"])
