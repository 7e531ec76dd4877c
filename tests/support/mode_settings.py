"""Settings for tests that validate a mode's parameters and run nothing."""

from settings import Settings

DEMO = Settings(device="cpu", demo="always")
REAL = Settings(device="cpu", demo="never")
