"""What `tools/bench.py` measures: real processes, real clips, ratios of runs that alternate on one machine."""
