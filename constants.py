"""Limits that several rooms share, each in one place."""

MAX_SEED = 2**64 - 1
"""ComfyUI's largest seed."""

MAX_ID = 2**31 - 1
"""The largest number of a job or task that the database can hold."""

MIN_PRIORITY, MAX_PRIORITY = -100, 100

MAX_TRIES = 1000
"""The most generations, each with another seed, that one entry of a submission may ask for."""

MAX_PROMPT = 10_000
"""Characters."""

X264_REPEATABLE = "mbtree=0"
"""Parameters of x264 with which equal frames always become equal files.

The macroblock tree, as built into PyAV 18.1's wheels, codes equal frames of some clips differently from run to run. It
was seen on processors with AVX-512 (docs/benchmarks.md). The tree can stay on once repeated encodings of
`examples/clip.mp4` give the same pictures on such a processor.
"""
