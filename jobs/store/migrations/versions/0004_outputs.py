"""Each output is a row of its own, found by its path."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

details = sa.table("details", sa.column("task", sa.Integer), sa.column("outputs", sa.JSON))


def upgrade() -> None:
    outputs = op.create_table(
        "outputs",
        sa.Column("task", sa.Integer, sa.ForeignKey("tasks.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
    )
    op.create_index("ix_outputs_path", "outputs", ["path"])
    rows = op.get_bind().execute(sa.select(details.c.task, details.c.outputs)).all()
    found = [
        {"task": task, "number": number, "path": path} for task, paths in rows for number, path in enumerate(paths)
    ]
    if found:
        op.bulk_insert(outputs, found)
    op.drop_column("details", "outputs")
