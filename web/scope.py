"""What the guard has found out about a request, kept in the request's ASGI scope."""

from collections.abc import Mapping
from typing import Any

LOCAL = "kinora.local"


def is_local(scope: Mapping[str, Any]) -> bool:
    """Whether the request came with this machine's token; see `BasicAuthMiddleware`."""
    return bool(scope.get(LOCAL))
