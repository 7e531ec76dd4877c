from enum import Enum
from typing import Any

class CacheType(Enum):
    RAM_PRESSURE = 3

class PromptExecutor:
    caches: Any
    status_messages: list[tuple[str, Any]]
    def __init__(self, server: Any, cache_type: CacheType, cache_args: dict[str, float]) -> None: ...
    def execute(
        self, prompt: dict[str, Any], prompt_id: str, extra_data: dict[str, Any], execute_outputs: list[str]
    ) -> None: ...

async def validate_prompt(
    prompt_id: str, prompt: dict[str, Any], partial_execution_list: list[str] | None
) -> tuple[bool, dict[str, Any] | None, list[str], dict[str, Any]]: ...
