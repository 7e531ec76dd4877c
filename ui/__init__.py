"""The page, made from modes and jobs."""

from ui.page import build
from ui.theme import CSS, HEAD, theme

__all__ = ["CSS", "HEAD", "build", "theme"]
