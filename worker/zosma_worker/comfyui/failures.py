"""What ComfyUI's refusals and failures mean."""

from __future__ import annotations

from typing import Any

from zosma_worker.bounds import ANSWER_MARKS_MAX, bounded_json
from zosma_worker.errors import (
    CheckpointUnusable,
    NodesMissing,
    NotANumber,
    OutOfMemory,
    WebUIBroken,
    WebUIBusy,
    WebUIError,
    WebUILacks,
    WebUINotSetUp,
    WebUIRefused,
)
from zosma_worker.pages import words_of

#: Said by torch on CUDA, ROCm, MPS and the CPU.
_OOM = ("out of memory", "outofmemory", "not enough memory", "can't allocate memory")
_NAN = ("nansexception", "all nans", "contains nan")
#: Said while a file with weights is read.
_BROKEN_FILE = (
    "safetensorerror", "error while deserializing header", "unpicklingerror", "pytorchstreamreader", "unexpected eof",
    "could not detect model type", "invalid load key",
)  # fmt: skip
#: Said of a workflow with a class of nodes that is not installed: since 2026, and before.
_NO_NODE = ("missing_node_type", "invalid_prompt")
#: In the names of nodes that load checkpoints, and the inputs that name one.
_MODEL_LOADERS = ("checkpointloader", "unetloader")
_LOADERS = ("ckpt_name", "unet_name")
_DETAIL_CHARS = 300


def error_of(url: str, status: int, body: bytes) -> WebUIError:
    """The error that an answer stands for which isn't 2xx."""
    if status in (401, 403):
        return WebUINotSetUp(
            f"{url} refuses the login ({status}): set SD_API_AUTH=user:password as the proxy before it wants it",
            status=status,
        )
    if status == 503:
        return WebUIBusy(f"{url} is starting or busy (503)")
    if status == 429:
        return WebUIBusy(f"{url} lets nothing more in for now (429): raise the limit of the proxy before it")
    if status >= 500:
        return WebUIBroken(f"{url} failed ({status}): {words_of(body) or 'no reason given'}")
    if status == 413:
        return WebUIRefused(
            f"{url} takes no upload this large (413): raise --max-upload-size, or the limit of the proxy before it",
            detail="the picture to start from is too large for the way to this GPU: send a smaller one",
            status=status,
        )
    try:
        found = bounded_json(body, ANSWER_MARKS_MAX)
    except ValueError:
        found = None
    if isinstance(found, dict) and ("error" in found or "node_errors" in found):
        return refusal(url, found, status)
    return WebUIRefused(f"{url} refused the request ({status})", status=status)


def refusal(url: str, found: dict[str, Any], status: int = 400) -> WebUIError:
    """The error that a refused prompt stands for. What is wrong with a node says more than the whole's words."""
    error = found.get("error")
    error = error if isinstance(error, dict) else {"message": str(error or "")}
    first = _first_wrong(found.get("node_errors"))
    if first is None:
        text = one_line(f"{error.get('message', '')} {error.get('details', '')}")
        if error.get("type") in _NO_NODE or "does not exist" in text:
            return NodesMissing(f"{url} lacks a node that the workflow needs: {text}")
        return WebUIRefused(f"{url} refused the prompt: {text or 'no reason given'}", detail=text, status=status)
    class_type, wrong = first
    info = wrong.get("extra_info")
    name = info.get("input_name") if isinstance(info, dict) else None
    text = one_line(f"{class_type}: {wrong.get('message', '')}: {wrong.get('details', '')}")
    if wrong.get("type") == "value_not_in_list" and name in _LOADERS:
        return CheckpointUnusable(f"{url} has the checkpoint no longer: {text}")
    if wrong.get("type") == "value_not_in_list":
        value = info.get("received_value") if isinstance(info, dict) else None
        detail = f"{one_line(str(value))[:80]!r} is no longer there"
        return WebUILacks(f"{url} has a file or name no longer: {text}", detail=detail, status=status)
    return WebUIRefused(f"{url} refused the prompt: {text}", detail=text, status=status)


def _first_wrong(node_errors: Any) -> tuple[str, dict[str, Any]] | None:
    """(class of the node, its error) of the first that says one."""
    for entry in node_errors.values() if isinstance(node_errors, dict) else ():
        errors = entry.get("errors") if isinstance(entry, dict) else None
        for one in errors if isinstance(errors, list) else ():
            if isinstance(one, dict):
                return str(entry.get("class_type", "")), one
    return None


def failure(url: str, told: dict[str, Any]) -> WebUIError:
    """The error that an `execution_error` stands for."""
    kind, node = str(told.get("exception_type", "")), str(told.get("node_type", ""))
    text = one_line(str(told.get("exception_message", "")))
    words = f"{kind} {text}".casefold()
    said = f"{node}: {kind}: {text}"
    if any(sign in words for sign in _OOM):
        return OutOfMemory(f"{url} ran out of memory: {said}")
    if any(sign in words for sign in _NAN):
        return NotANumber(f"{url}: the model produced NaNs: {said}")
    if any(sign in words for sign in _BROKEN_FILE) and any(one in node.casefold() for one in _MODEL_LOADERS):
        return CheckpointUnusable(f"{url} can't load a checkpoint: {said}")
    return WebUIBroken(f"{url} failed: {said}")


def one_line(text: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(text.split())[:_DETAIL_CHARS]
