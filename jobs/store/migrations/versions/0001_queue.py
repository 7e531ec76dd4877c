"""Jobs, their tasks, and the inputs that are kept for them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("mode", sa.String(40), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("submission", sa.JSON, nullable=False),
        sa.Column("key", sa.String(100), unique=True),
        sa.Column("created", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job", sa.Integer, sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("mode", sa.String(40), nullable=False),
        sa.Column("label", sa.String(300), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("seed", sa.String(20), nullable=False),
        sa.Column("size", sa.String(200), nullable=False),
        sa.Column("timing", sa.String(200), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("interruptions", sa.Integer, nullable=False),
        sa.Column("worker", sa.String(100)),
        sa.Column("beat", sa.Integer, nullable=False),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("outputs", sa.Integer, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("seconds", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_running_order", "tasks", ["status", sa.text("priority DESC"), "position"])
    op.create_index("ix_tasks_ended", "tasks", ["status", "ended"])
    op.create_index("ix_tasks_job", "tasks", ["job", "status"])
    op.create_index("ix_tasks_timing", "tasks", ["timing", "status", "ended"])
    op.create_table(
        "details",
        sa.Column("task", sa.Integer, sa.ForeignKey("tasks.id"), primary_key=True),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("announced", sa.JSON, nullable=False),
        sa.Column("graph", sa.JSON, nullable=False),
        sa.Column("stages", sa.JSON, nullable=False),
        sa.Column("placing", sa.JSON),
        sa.Column("outputs", sa.JSON, nullable=False),
        sa.Column("failure", sa.JSON),
        sa.Column("stage_seconds", sa.JSON, nullable=False),
    )
    op.create_table(
        "log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("task", sa.Integer, sa.ForeignKey("tasks.id"), nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_log_task", "log", ["task"])
    op.create_table(
        "inputs",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False, unique=True),
        sa.Column("used", sa.Double, nullable=False),
    )
    op.create_table(
        "task_inputs",
        sa.Column("task", sa.Integer, sa.ForeignKey("tasks.id"), primary_key=True),
        sa.Column("parameter", sa.String(60), primary_key=True),
        sa.Column("original", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), sa.ForeignKey("inputs.digest")),
        sa.Column("staged", sa.String(255), nullable=False),
    )
    op.create_index("ix_task_inputs_digest", "task_inputs", ["digest"])
    op.create_index("ix_task_inputs_staged", "task_inputs", ["staged"])
    op.create_table(
        "flags",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
