"""Values that several rooms use and that belong to none of them. Each is defined only here."""

API_PREFIX = "/api/v1"
"""Where REST is on the server. The page's scripts have it in `ui/static/api.js`."""

MAX_SEED = 2**64 - 1
"""ComfyUI's largest seed."""

X264_REPEATABLE = "mbtree=0"
"""Parameters of x264 with which equal frames always yield equal files.

With the macroblock tree, the x264 in PyAV 18.1's wheels encodes equal frames of some clips differently from run to run.
This was seen on processors with AVX-512 (docs/benchmarks.md). This parameter can be removed as soon as repeated
encodings of `examples/clip.mp4` yield the same frames on such a processor.
"""
