"""The page, made from modes and jobs."""

import ui.gradio_compat  # noqa: F401  (before anything else imports Gradio)
from ui.mounting import mount

__all__ = ["mount"]
