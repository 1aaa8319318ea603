"""A workflow tried by hand: against a server's nodes, or for a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zosma_queue.families import suited
from zosma_queue.request import parse_request
from zosma_queue.workflow_options import checked_options
from zosma_worker.backend import Checked, Order, Report, named
from zosma_worker.comfyui.backend import ComfyUIBackend
from zosma_worker.comfyui.client import Client
from zosma_worker.comfyui.node_info import NodeInfo, read_nodes
from zosma_worker.comfyui.recipes import Library, bind
from zosma_worker.comfyui.workflow import WorkflowError, read_workflow
from zosma_worker.errors import WebUIRefused
from zosma_worker.settings import Address
from zosma_worker.timeouts import Timeouts


@dataclass(frozen=True)
class Judged:
    """A workflow file, looked at."""

    path: Path
    title: str
    automatic: bool
    checkpoints: tuple[str, ...]
    """Patterns."""
    abilities: tuple[str, ...]
    """What it can do on the server; () without one."""
    problems: tuple[str, ...]
    """Why it would not be offered; () when it would."""


async def nodes_of(address: Address) -> Mapping[str, NodeInfo]:
    """What a server's nodes take and give.

    Raises:
      WebUIError: when no ComfyUI answers there.
    """
    async with Client(address) as client:
        await client.stats()
        return read_nodes(await client.object_info())


def judge(path: Path, nodes: Mapping[str, NodeInfo] | None) -> Judged:
    """A file as a worker would see it; without `nodes` only what can be seen without a server."""
    try:
        workflow = read_workflow(path)
    except WorkflowError as error:
        return Judged(path, path.stem, False, (), (), error.problems)
    about = workflow.about
    found = Judged(path, workflow.title, about.automatic, about.checkpoints, (), ())
    if nodes is None:
        return found
    try:
        recipe = bind(workflow, nodes)
    except WorkflowError as error:
        return Judged(path, workflow.title, about.automatic, about.checkpoints, (), error.problems)
    return Judged(path, workflow.title, about.automatic, about.checkpoints, tuple(sorted(recipe.abilities)), ())


async def attempt(address: Address, path: Path, fields: dict[str, Any], options: dict[str, Any]) -> Checked:
    """A picture made by a workflow file, as a worker would make it.

    Raises:
      WorkflowError: when the file can't be used on this server.
      RequestRefusedError: when a field or an option takes no such value.
      WebUIError, Stalled, BadAnswer: when no picture comes.
    """
    workflow = read_workflow(path)
    async with Client(address) as client:
        backend = ComfyUIBackend(client, Library(path.parent))
        try:
            found = await backend.probe()
            problems = backend.refusals.get(workflow.name)
            if problems:
                raise WorkflowError(problems)
            offered = next((one for one in found.about.workflows if one.name == workflow.name), None)
            options = checked_options(offered, options) if offered else options
            said = {name: value for name, value in fields.items() if value is not None}
            asked = {**suited(said, workflow.about.facts), "workflow": workflow.name, "workflow_options": options}
            request = parse_request(asked).pinned()
            fitting = [one for one in found.about.checkpoints if backend.fits(workflow.name, one.name)]
            wanted = request.checkpoint
            checkpoint = named(tuple(fitting), wanted) if wanted else next(iter(fitting), None)
            if checkpoint is None:
                which = ", ".join(one.name for one in fitting) or "none of this server's"
                raise WebUIRefused(f"the workflow is for other checkpoints: {which}")
            order = Order(request=request, checkpoint=checkpoint, task=f"task(zosma-try-{workflow.name})")
            run = await backend.start(order, _unheard, Timeouts())
            try:
                return await (await run.answer()).checked()
            except asyncio.CancelledError:
                await run.let_go()
                raise
        finally:
            await backend.close()


def _unheard(report: Report) -> None:
    """Nobody watches."""
