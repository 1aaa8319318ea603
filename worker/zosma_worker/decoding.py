"""Where a worker decodes what its WebUI sends: in processes that may be killed, a few for all of its slots."""

from __future__ import annotations

from zosma_queue.sandbox import Limits, Sandbox

#: An upscaler of whole factors may send 67 megapixels.
DECODING = Sandbox("webui", Limits(cpu_s=30, wall_s=60.0, memory_bytes=1024**3))
