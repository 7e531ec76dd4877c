"""The files of tasks: kept inputs and outputs."""
