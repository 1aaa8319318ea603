"""A job's Dramatiq message: what it carries and how it reads back.

The message id is the job id and the request travels as the actor's one argument, so that any Dramatiq producer can
send the same job with `generate.send(request)`.
"""

from __future__ import annotations

from typing import Any

from dramatiq import Message
from dramatiq.errors import DecodeError

from zosma_queue import tracing
from zosma_queue.errors import PoisonMessageError, RequestRefusedError
from zosma_queue.request import Request, parse_request
from zosma_queue.unreadable import READING

#: Dramatiq's name for our one queue; the order inside it is made in Redis.
QUEUE = "zosma"
ACTOR = "generate"


def encode_request(job_id: str, request: Request) -> bytes:
    """The encoded message for a request. It carries on the trace that is going on here."""
    context = tracing.traceparent()
    message: Message[None] = Message(
        queue_name=QUEUE,
        actor_name=ACTOR,
        args=(),
        kwargs={"request": request.model_dump(mode="json", exclude_defaults=True)},
        options={tracing.TRACEPARENT: context} if context else {},
        message_id=job_id,
    )
    return message.encode()


def decode_message(body: bytes) -> Message[Any]:
    """The message in a body.

    Raises:
      PoisonMessageError: when it is no message.
    """
    try:
        message: Message[Any] = Message.decode(body)
        if not isinstance(message.kwargs, dict) or not isinstance(message.args, list | tuple):
            raise TypeError("its arguments are none")
    except (DecodeError, *READING) as error:
        raise PoisonMessageError(f"the message can't be decoded: {error}") from error
    return message


def decode_request(body: bytes) -> Request:
    """The request in a body.

    Raises:
      PoisonMessageError: when it is no message, or its request breaks the rules.
    """
    return request_of(decode_message(body))


def request_for(message: Message[Any], *, first: int, count: int, checkpoint: str) -> Request:
    """What a delivery is to make: the request in its message, or those pictures of it that a part of a set is.

    Raises:
      PoisonMessageError: when there is none, or it breaks the rules, or has no such pictures.
    """
    request = request_of(message)
    if not count:
        return request
    if not (type(first) is type(count) is int and 0 <= first < first + count <= request.count):
        raise PoisonMessageError(
            f"of the request's {request.count} pictures, a part is none of: {count!r} from {first!r}"
        )
    return request.part(first, count, checkpoint or None)


def request_of(message: Message[Any]) -> Request:
    """The request that a message carries, as keyword or first argument.

    Raises:
      PoisonMessageError: when there is none, or it breaks the rules.
    """
    fields = message.kwargs.get("request") or (message.args[0] if message.args else None)
    if not isinstance(fields, dict):
        raise PoisonMessageError("the message carries no request")
    try:
        return parse_request(fields, worded=False)
    except RequestRefusedError as error:
        raise PoisonMessageError(f"the message's request breaks the rules: {error}") from error
