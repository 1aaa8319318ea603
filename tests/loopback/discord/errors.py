"""Answers by which Discord refuses, in its own shapes, and the collector of form errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]


class ApiError(Exception):
    """Raised when a request is refused; becomes `{"message", "code"[, "errors"]}` with an HTTP status."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors
        self.headers: Mapping[str, str] = {}


class RefusedByClient(Exception):
    """Raised when the member's own Discord client would not even send it; `name` is the field at fault."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class FormErrors:
    """Collects all that is wrong with a body, each at its path, like Discord's form validator."""

    def __init__(self) -> None:
        self._tree: Json = {}

    def add(self, path: Path, code: str, message: str) -> None:
        node = self._tree
        for key in path:
            node = node.setdefault(str(key), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, path: Path, value: object, low: int, high: int) -> None:
        """Check a text's length, the commonest of all limits."""
        if not isinstance(value, str):
            if value is not None or low > 0:
                self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
            return
        if low > 0 and not value.strip():  # Discord takes the blanks around a text away
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif not low <= len(value) <= high:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")

    def at_most(self, path: Path, values: list[Any], high: int) -> None:
        if len(values) > high:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")

    def graft(self, path: Path, other: FormErrors) -> None:
        """Hang all that `other` found below `path`."""
        if other._tree:
            node = self._tree
            for key in path:
                node = node.setdefault(str(key), {})
            node.update(other._tree)

    def check(self) -> None:
        """Raise Discord's 50035 when anything was found."""
        if self._tree:
            raise ApiError(400, 50035, "Invalid Form Body", self._tree)


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    return ApiError(404, 0, "404: Not Found")


def foreign_application() -> ApiError:
    return ApiError(403, 20012, "You are not authorized to perform this action on this application")


def unknown_channel() -> ApiError:
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    return ApiError(404, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    return ApiError(404, 10007, "Unknown Member")


def unknown_message() -> ApiError:
    return ApiError(404, 10008, "Unknown Message")


def unknown_user() -> ApiError:
    return ApiError(404, 10013, "Unknown User")


def unknown_webhook() -> ApiError:
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    return ApiError(404, 10062, "Unknown interaction")


def unknown_command() -> ApiError:
    return ApiError(404, 10063, "Unknown application command")


def too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")


def already_acknowledged() -> ApiError:
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def too_many_follow_ups() -> ApiError:
    return ApiError(400, 40094, "This interaction has reached the maximum number of follow-up messages")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def foreign_message() -> ApiError:
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def closed_direct_messages() -> ApiError:
    return ApiError(403, 50007, "Cannot send messages to this user")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def blocked_by_cloudflare() -> ApiError:
    return ApiError(403, 40333, "internal network error")


def invalid_webhook_token() -> ApiError:
    return ApiError(401, 50027, "Invalid Webhook Token")


def entry_point_left_out() -> ApiError:
    text = (
        "You cannot remove this app's Entry Point command in a bulk update operation."
        " Please include the Entry Point command in your update request or delete it separately."
    )
    return ApiError(400, 50240, text)


def thread_archived() -> ApiError:
    return ApiError(400, 50083, "Thread is archived")


def too_many_old_edits(retry_after: float) -> ApiError:
    text = "Maximum number of edits to messages older than 1 hour reached. Try again later"
    error = ApiError(429, 30046, text)
    error.body |= {"retry_after": retry_after, "global": False}
    error.headers = {"Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": "user", "Via": "1.1 google"}
    return error


def invalid_form(path: Path, code: str, message: str) -> ApiError:
    """One single form error."""
    form = FormErrors()
    form.add(path, code, message)
    try:
        form.check()
    except ApiError as error:
        return error
    raise AssertionError("unreachable: the form holds one error")
