"""Everything that runs a graph. Only `comfy/` imports torch and ComfyUI.

`contract.py` says what an engine is. `process.py` runs one in a process of its own, whose other end is `child.py`;
`zerogpu.py` runs one in forks of the page's process; `ray/` on the machines of a cluster.
"""
