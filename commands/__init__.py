"""The command line's commands.

`generate.py` runs one generation and waits for it, `submit.py` queues jobs, `queue.py` shows and changes the queue,
`doctor.py` checks the machine. `api_client.py` talks to a running Kinora over REST.
"""
