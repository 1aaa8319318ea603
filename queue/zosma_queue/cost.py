"""What a request will cost in GPU-seconds, before anybody has run it.

The unit is what fairness is counted in, so the shape matters (twice the steps, twice the cost) more than the scale:
the real time corrects it when the job settles.
"""

from __future__ import annotations

from zosma_queue.request import Request

#: Seconds for one step on one megapixel: a middling GPU with an SD 1.5 checkpoint makes 512×512 at 10 steps a second.
SECONDS_PER_MEGAPIXEL_STEP = 0.4
#: Reading, decoding and encoding around the steps.
SECONDS_FIXED = 0.3
#: Upscaling by a network such as ESRGAN, by megapixels of the result.
SECONDS_PER_UPSCALED_MEGAPIXEL = 0.6
#: Finding, restoring and putting back the faces of a picture, by one face restorer.
SECONDS_PER_FACE_RESTORER = 1.0
#: Putting a picture into words: BLIP writes a sentence, CLIP compares it with some thousands of others.
SECONDS_INTERROGATE = 3.0
#: One of ControlNet's preprocessors: edges take a tenth of it, depth and poses have a network to load.
SECONDS_DETECT = 2.0
#: Samplers that ask the model twice for each step (k-diffusion's second-order ones).
SECOND_ORDER_SAMPLERS = frozenset(
    {
        "Heun", "DPM2", "DPM2 a", "DPM++ 2S a", "DPM++ SDE", "DPM++ 2M SDE Heun", "Restart", "HeunPP2",
    }
)  # fmt: skip


def predict_gpu_seconds(request: Request) -> float:
    """Predicted GPU-seconds for all pictures of a request."""
    if request.compare:
        return sum(map(predict_gpu_seconds, request.variants))
    if request.interrogate:
        return SECONDS_FIXED + SECONDS_INTERROGATE
    if request.detect:
        return SECONDS_FIXED + SECONDS_DETECT
    if request.upscale:
        faces = len(request.upscale.face_restorers) * SECONDS_PER_FACE_RESTORER
        return SECONDS_FIXED + request.output_pixels / 1e6 * SECONDS_PER_UPSCALED_MEGAPIXEL + faces
    order = 2 if request.sampler in SECOND_ORDER_SAMPLERS else 1
    if request.tiled:
        return _tiled_seconds(request, order)
    megapixel_steps = request.width * request.height / 1e6 * request.steps
    if request.img2img:
        # It walks only the share of the steps that its strength asks for; reading the picture comes first.
        megapixel_steps *= max(request.img2img.denoising_strength, 1 / request.steps)
    if request.hires:
        second = (request.hires.steps or request.steps) * request.hires.denoise
        megapixel_steps += request.output_pixels / 1e6 * second
    return request.count * (SECONDS_FIXED + order * megapixel_steps * SECONDS_PER_MEGAPIXEL_STEP)


def _tiled_seconds(request: Request, order: int) -> float:
    """For pictures that are made larger, then painted anew in pieces."""
    # The first script makes it larger once for all its pictures, the other for each.
    enlarged = request.output_pixels * (1 if request.sd_upscale else request.count)
    painting = sum(
        one.number
        * (
            SECONDS_FIXED
            + order
            * (one.width * one.height / 1e6 * request.steps * max(one.denoising_strength, 1 / request.steps))
            * SECONDS_PER_MEGAPIXEL_STEP
        )
        for one in request.pieces
    )
    return enlarged / 1e6 * SECONDS_PER_UPSCALED_MEGAPIXEL + request.count * painting
