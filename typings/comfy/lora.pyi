from collections.abc import Callable
from typing import Any

load_lora: Callable[..., dict[Any, Any]]
