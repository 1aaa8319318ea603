"""Pictures from a Zosma server, in three lines:

    async with AsyncClient("http://127.0.0.1:1324", key="zosma_…") as zosma:
        job = await zosma.submit("a lighthouse at dusk", width=768, height=512)
        async for update in job:
            print(update.state, f"{update.progress:.0%}")
        for picture in await job.pictures():
            print(picture.save())

`Client` is the same without `await`. docs/client.md has the rest.
"""

from zosma.aio import AsyncClient, AsyncJob
from zosma.errors import (
    ConflictError,
    ForbiddenError,
    JobCancelledError,
    JobError,
    JobFailedError,
    LimitError,
    NotFoundError,
    NoWorkerError,
    ProblemError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
    UnreadableAnswerError,
    ZosmaError,
)
from zosma.fields import (
    Compare,
    Detect,
    Hires,
    Image,
    Img2Img,
    Interrogate,
    RequestFields,
    SDUpscale,
    UltimateSDUpscale,
    Upscale,
    Webhook,
)
from zosma.models import (
    Catalogue,
    Checkpoint,
    Estimate,
    ImageView,
    JobFailure,
    JobView,
    Lane,
    Pause,
    Queue,
    Refusal,
    Result,
    Scheduler,
    State,
    Update,
    Worker,
    Workflow,
    WorkflowOption,
)
from zosma.pictures import Picture
from zosma.sync import Client, Job
from zosma.version import __version__

__all__ = [
    "AsyncClient",
    "AsyncJob",
    "Catalogue",
    "Checkpoint",
    "Client",
    "Compare",
    "ConflictError",
    "Detect",
    "Estimate",
    "ForbiddenError",
    "Hires",
    "Image",
    "ImageView",
    "Img2Img",
    "Interrogate",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobFailedError",
    "JobFailure",
    "JobView",
    "Lane",
    "LimitError",
    "NoWorkerError",
    "NotFoundError",
    "Pause",
    "Picture",
    "ProblemError",
    "Queue",
    "Refusal",
    "RefusedError",
    "RequestFields",
    "Result",
    "SDUpscale",
    "Scheduler",
    "State",
    "UltimateSDUpscale",
    "UnauthorizedError",
    "UnavailableError",
    "UnreachableError",
    "UnreadableAnswerError",
    "Update",
    "Upscale",
    "Webhook",
    "Worker",
    "Workflow",
    "WorkflowOption",
    "ZosmaError",
    "__version__",
]
