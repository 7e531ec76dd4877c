"""Tasks know which model files they use, so that an engine may go on with those it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("models", sa.String(64), nullable=False, server_default=""))
    op.add_column("tasks", sa.Column("passed", sa.Integer, nullable=False, server_default="0"))
