"""The terminal's verbs. `generate.py` makes one thing and waits for it, `submit.py` queues, `queue.py` acts on the
queue; `remote.py` is the queue of a running Kinora, reached over its API."""
