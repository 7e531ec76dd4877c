"""The page, made from modes and jobs."""

from ui.quick_import import import_gradio

import_gradio()

from ui.mounting import mount  # noqa: E402

__all__ = ["mount"]
