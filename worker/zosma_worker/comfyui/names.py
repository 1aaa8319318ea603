"""A1111's names for what ComfyUI calls otherwise. What has no counterpart there is not offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from zosma_queue.fleet import Scheduler

#: ComfyUI's sampler → A1111's name. Those that only ComfyUI has keep their own.
SAMPLERS: Mapping[str, str] = {
    "euler": "Euler", "euler_ancestral": "Euler a", "heun": "Heun", "heunpp2": "HeunPP2", "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a", "lms": "LMS", "dpm_fast": "DPM fast", "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a", "dpmpp_sde": "DPM++ SDE", "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE", "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun", "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddim": "DDIM", "uni_pc": "UniPC", "ddpm": "DDPM", "lcm": "LCM", "deis": "DEIS", "ipndm": "IPNDM",
    "ipndm_v": "IPNDM_V",
}  # fmt: skip

#: ComfyUI's scheduler → A1111's label.
SCHEDULERS: Mapping[str, str] = {
    "karras": "Karras", "exponential": "Exponential", "sgm_uniform": "SGM Uniform", "simple": "Simple",
    "normal": "Normal", "ddim_uniform": "DDIM", "beta": "Beta", "kl_optimal": "KL Optimal",
}  # fmt: skip

#: ComfyUI's way to resize latents → A1111's name of the upscaler.
LATENT_METHODS: Mapping[str, str] = {
    "nearest-exact": "Latent (nearest-exact)", "bilinear": "Latent", "bicubic": "Latent (bicubic)",
    "area": "Latent (area)", "bislerp": "Latent (bislerp)",
}  # fmt: skip

#: A1111's names for resizing without a model → ImageScale's method.
PLAIN_UPSCALERS: Mapping[str, str] = {"Lanczos": "lanczos", "Nearest": "nearest-exact"}

#: What A1111's "Automatic" takes: these two for the samplers named, "Normal" for every other.
_KARRAS = (
    "DPM2", "DPM2 a", "DPM++ 2S a", "DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE Heun", "LMS",
)  # fmt: skip
_EXPONENTIAL = ("DPM++ 2M SDE", "DPM++ 3M SDE")


def a1111_names(own: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """A1111's name → the server's own, in the server's order; what A1111 doesn't have keeps its name."""
    return {known.get(name, name): name for name in own}


def schedulers_of(own: Iterable[str]) -> tuple[Scheduler, ...]:
    """The server's schedulers under A1111's labels."""
    return tuple(Scheduler(name=name, label=SCHEDULERS.get(name, name)) for name in own)


def automatic(sampler: str | None) -> str:
    """The label of the scheduler that A1111 takes for a sampler when none is named."""
    if sampler in _KARRAS:
        return "Karras"
    return "Exponential" if sampler in _EXPONENTIAL else "Normal"
