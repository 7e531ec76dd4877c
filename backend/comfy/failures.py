"""Translates what ComfyUI reports when it fails into messages that a person can act on."""

import traceback
from typing import Any

from events import Failed
from safe_names import is_model
from settings import Settings

# CUDA's and MPS's own words, then those of torch's CPU allocator on Linux and on Windows.
_OOM_WORDS = ("out of memory", "can't allocate memory", "not enough memory")
_DISK_FULL_WORDS = ("No space left on device", "[Errno 28]", "Disk quota exceeded")
_OOM_HINT = "Choose a smaller size, fewer seconds or the Fast preset"


def from_validation(error: dict[str, Any] | None, node_errors: dict[str, Any]) -> Failed:
    """Translates the errors of `execution.validate_prompt`: nothing has run yet."""
    for node, found in node_errors.items():
        for reason in found["errors"]:
            return _from_reason(node, found["class_type"], reason)
    error = error or {"message": "The graph is not valid", "details": ""}
    node = error.get("extra_info", {}).get("node_id") or ""
    return Failed("invalid", f"{error['message'].rstrip('.')}.", "", node, detail=str(error.get("details", "")))


def _from_reason(node: str, class_type: str, reason: dict[str, Any]) -> Failed:
    info = reason.get("extra_info", {})
    value = info.get("received_value")
    is_file = isinstance(value, str) and is_model(value)
    detail = f"{class_type} ({node}): {reason['message']}: {reason['details']}"
    if reason["type"] == "value_not_in_list" and is_file:
        return Failed(
            "missing_model",
            f"The model file {value} is not in any models folder.",
            "Download it, or put it into the models folder, then try again.",
            node,
            detail,
        )
    field = info.get("input_name") or "a value"
    return Failed("invalid", f"{class_type} does not accept {field}: {reason['details']}.", "", node, detail)


def from_execution(error: dict[str, Any], settings: Settings) -> Failed:
    """Translates an `execution_error` message. It leaves `current_inputs` out, which holds tensors."""
    kind = error["exception_type"]
    text = error["exception_message"].strip()
    detail = "".join([f"{kind}: {text}\n", *error["traceback"]])
    node = error["node_id"]
    if kind.endswith(("OutOfMemoryError", "MemoryError")) or any(words in text for words in _OOM_WORDS):
        kind_of_memory = "GPU memory" if settings.resolved_device == "cuda" else "memory"
        low = "" if settings.memory in ("low", "none") else ", or start Kinora with KINORA_MEMORY=low"
        message = f"There is not enough {kind_of_memory} for this."
        return Failed("out_of_memory", message, f"{_OOM_HINT}{low}.", node, detail)
    if any(words in text for words in _DISK_FULL_WORDS):
        hint = "Free some space, then try again."
        return Failed("disk_full", f"The disk of {settings.outputs_dir} is full.", hint, node, detail)
    first_line = text.splitlines()[0] if text else kind
    return Failed(
        "node_error",
        f"{error['node_type']} failed: {first_line.rstrip('.')}.",
        "Try other settings; the details below say where it failed.",
        node,
        detail,
    )


def from_exception(error: BaseException) -> Failed:
    """Translates an exception that was raised outside of any node."""
    detail = "".join(traceback.format_exception(error))
    return Failed(
        "node_error",
        f"The engine failed: {error or type(error).__name__}.",
        "Try again. If it happens again, the details below help to find the cause.",
        detail=detail,
    )
