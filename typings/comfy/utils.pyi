from collections.abc import Callable
from typing import Any

def set_progress_bar_global_hook(function: Callable[..., Any] | None) -> None: ...
