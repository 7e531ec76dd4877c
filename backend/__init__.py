"""Everything that runs a graph. Here only `comfy/` imports torch and ComfyUI.

`contract.py` says what an engine is. `process.py` runs one in a process of its own; `pipe.py` is the page's end of the
pipe to it, and `child.py` the other end. `zerogpu.py` runs an engine in forks of the page's process, which then imports
torch; `ray/` runs engines on the machines of a cluster.
"""
