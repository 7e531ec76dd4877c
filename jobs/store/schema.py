"""The queue's tables. Times are seconds since 1970. What lists do not show is in tables of its own: lists stay quick.

A change here needs a step in `migrations/versions/`. A `key` is the name in Python where the column's is an older one.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("mode", String(40), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("submission", JSON, nullable=False),  # as it was submitted; a rerun reads it
    Column("key", String(100), unique=True),  # chosen by the client, so that sending it twice makes one job
    Column("created", Double, nullable=False),
    Column(
        "visitor", String(64), nullable=False, default="", server_default=""
    ),  # the owner; "" where visitors are not apart
    sqlite_autoincrement=True,  # no id is given twice: a watcher of a deleted job would see another one
)
Index("ix_jobs_visitor", jobs.c.visitor)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Integer, ForeignKey("jobs.id"), nullable=False),
    Column("mode", String(40), nullable=False),
    Column("label", String(300), nullable=False),
    Column("status", String(10), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),  # the smallest runs first among equal priority
    Column("seed", String(20), nullable=False),  # up to 2^64 - 1, more than any database's integers
    Column("size", String(200), nullable=False),
    Column("models", String(64), nullable=False),  # equal where two tasks use the same model files
    Column(
        "timing", String(200), nullable=False
    ),  # the kind of run, equal for about the same time: DraftBuilder.timing
    Column("attempts", Integer, nullable=False, default=0),  # runs in which the engine died
    Column("interruptions", Integer, nullable=False, default=0),  # runs in which Kinora itself died
    Column("passed", Integer, key="skipped", nullable=False, default=0),  # how often a later task ran before this one
    Column("worker", String(100)),  # the owner of the lease
    Column("beat", Integer, key="heartbeat", nullable=False, default=0),  # counts up while the lease is renewed
    Column("stopping", Boolean, nullable=False, default=False),  # asked to stop while it runs
    Column("error", Text, nullable=False, default=""),
    Column("outputs", Integer, nullable=False, default=0),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("seconds", Double),
    sqlite_autoincrement=True,
)
Index("ix_tasks_running_order", tasks.c.status, tasks.c.priority.desc(), tasks.c.position)
Index("ix_tasks_ended", tasks.c.status, tasks.c.ended)
Index("ix_tasks_job", tasks.c.job, tasks.c.status)
Index("ix_tasks_timing", tasks.c.timing, tasks.c.status, tasks.c.ended)

details = Table(
    "details",
    metadata,
    Column("task", Integer, ForeignKey("tasks.id"), primary_key=True),
    Column("values", JSON, nullable=False),
    Column("announced", JSON, nullable=False),
    Column("graph", JSON, nullable=False),
    Column("stages", JSON, key="phases", nullable=False),
    Column("placing", JSON, key="pending_moves"),  # [from, to] of finished files, written before they are moved
    Column("failure", JSON),
    Column("stage_seconds", JSON, key="phase_seconds", nullable=False),
)

outputs = Table(
    "outputs",
    metadata,
    Column("task", Integer, ForeignKey("tasks.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 0 for the result itself, then its parts
    Column("path", Text, nullable=False),
)
Index("ix_outputs_path", outputs.c.path)

log = Table(
    "log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task", Integer, ForeignKey("tasks.id"), nullable=False),
    Column("time", Double, nullable=False),
    Column("text", Text, nullable=False),
)
Index("ix_log_task", log.c.task)

inputs = Table(
    "inputs",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the content
    Column("name", String(255), nullable=False, unique=True),  # of the kept file
    Column("used", Double, nullable=False),
)

task_inputs = Table(
    "task_inputs",
    metadata,
    Column("task", Integer, ForeignKey("tasks.id"), primary_key=True),
    Column("parameter", String(60), primary_key=True),
    Column("original", Text, nullable=False),  # where it was when it was submitted
    Column("digest", String(64), ForeignKey("inputs.digest")),  # empty where no copy is kept
    Column(
        "staged", String(255), key="prepared", nullable=False
    ),  # the name that the graph asks for; written when the task runs
)
Index("ix_task_inputs_digest", task_inputs.c.digest)
Index("ix_task_inputs_staged", task_inputs.c.prepared)

flags = Table(
    "flags",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", JSON, nullable=False),
)
