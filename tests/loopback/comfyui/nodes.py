"""The nodes of the ComfyUI on loopback, as `/object_info` describes them, in both of its shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

SAMPLERS = (
    "euler", "euler_cfg_pp", "euler_ancestral", "heun", "dpm_2", "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive",
    "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_sde_gpu", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "ddpm", "lcm",
    "res_multistep", "ddim", "uni_pc", "uni_pc_bh2",
)  # fmt: skip
SCHEDULERS = (
    "simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal", "linear_quadratic",
    "kl_optimal",
)  # fmt: skip
#: What CLIPLoader makes of a text encoder's file.
CLIP_TYPES = (
    "stable_diffusion", "stable_cascade", "sd3", "stable_audio", "mochi", "ltxv", "pixart", "cosmos", "lumina2", "wan",
    "hidream", "chroma", "ace", "omnigen2", "qwen_image", "hunyuan_image", "flux2", "ovis",
)  # fmt: skip
LATENT_METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")
IMAGE_METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")
SEED_MAX = 2**64 - 1
PIXELS_MAX = 16384


def whole(low: int, high: int, default: int = 0) -> list[Any]:
    return ["INT", {"default": default, "min": low, "max": high}]


def real(low: float, high: float, default: float = 1.0) -> list[Any]:
    return ["FLOAT", {"default": default, "min": low, "max": high, "step": 0.01}]


def one_of(values: Sequence[str]) -> list[Any]:
    return [list(values), {"tooltip": ""}]


def of(kind: str) -> list[Any]:
    return [kind, {"tooltip": ""}]


TEXT = ["STRING", {"multiline": True, "dynamicPrompts": True}]


def node(
    name: str, outputs: Sequence[str], *, is_output: bool = False, optional: Json | None = None, **inputs: Any
) -> Json:
    """One entry of `/object_info`."""
    groups: Json = {"required": inputs, **({"optional": optional} if optional else {})}
    return {
        "input": groups,
        "input_order": {group: list(members) for group, members in groups.items()},
        "output": list(outputs),
        "output_is_list": [False] * len(outputs),
        "output_name": list(outputs),
        "name": name,
        "display_name": name,
        "description": "",
        "python_module": "nodes",
        "category": "",
        "output_node": is_output,
    }


def object_info(files: Mapping[str, Sequence[str]]) -> dict[str, Json]:
    """All nodes of a server with these files, by kind of folder."""
    sides: dict[str, Any] = {
        "width": whole(0, PIXELS_MAX, 512),
        "height": whole(0, PIXELS_MAX, 512),
        "crop": one_of(("disabled", "center")),
    }
    latent_size: dict[str, Any] = {
        "width": whole(16, PIXELS_MAX, 512),
        "height": whole(16, PIXELS_MAX, 512),
        "batch_size": whole(1, 4096, 1),
    }
    encoders = one_of(files["text_encoders"])
    entries = [
        node("CheckpointLoaderSimple", ("MODEL", "CLIP", "VAE"), ckpt_name=one_of(files["checkpoints"])),
        node(
            "UNETLoader",
            ("MODEL",),
            unet_name=one_of(files["diffusion_models"]),
            weight_dtype=one_of(("default", "fp8_e4m3fn")),
        ),
        node(
            "CLIPLoader",
            ("CLIP",),
            optional={"device": [["default", "cpu"], {"advanced": True}]},
            clip_name=encoders,
            type=one_of(CLIP_TYPES),
        ),
        node(
            "DualCLIPLoader", ("CLIP",), clip_name1=encoders, clip_name2=encoders, type=one_of(("sdxl", "sd3", "flux"))
        ),
        node("TripleCLIPLoader", ("CLIP",), clip_name1=encoders, clip_name2=encoders, clip_name3=encoders),
        node(
            "LoraLoader",
            ("MODEL", "CLIP"),
            model=of("MODEL"),
            clip=of("CLIP"),
            lora_name=one_of(files["loras"]),
            strength_model=real(-100, 100),
            strength_clip=real(-100, 100),
        ),
        node("ModelSamplingAuraFlow", ("MODEL",), model=of("MODEL"), shift=real(0, 100, 1.73)),
        node("VAELoader", ("VAE",), vae_name=one_of((*files["vae"], "taesd", "pixel_space"))),
        node("CLIPSetLastLayer", ("CLIP",), clip=of("CLIP"), stop_at_clip_layer=whole(-24, -1, -1)),
        node("CLIPTextEncode", ("CONDITIONING",), text=TEXT, clip=of("CLIP")),
        node("ConditioningZeroOut", ("CONDITIONING",), conditioning=of("CONDITIONING")),
        node("FluxGuidance", ("CONDITIONING",), conditioning=of("CONDITIONING"), guidance=real(0, 100, 3.5)),
        node("EmptyLatentImage", ("LATENT",), **latent_size),
        node("EmptySD3LatentImage", ("LATENT",), **latent_size),
        node(
            "KSampler",
            ("LATENT",),
            model=of("MODEL"),
            seed=whole(0, SEED_MAX),
            steps=whole(1, 10000, 20),
            cfg=real(0, 100, 8),
            sampler_name=one_of(SAMPLERS),
            scheduler=one_of(SCHEDULERS),
            positive=of("CONDITIONING"),
            negative=of("CONDITIONING"),
            latent_image=of("LATENT"),
            denoise=real(0, 1),
        ),
        node("VAEDecode", ("IMAGE",), samples=of("LATENT"), vae=of("VAE")),
        node("VAEEncode", ("LATENT",), pixels=of("IMAGE"), vae=of("VAE")),
        node("LoadImage", ("IMAGE", "MASK"), image=[["example.png"], {"image_upload": True}]),
        node(
            "LoadImageMask",
            ("MASK",),
            image=[["example.png"], {"image_upload": True}],
            channel=one_of(("alpha", "red")),
        ),
        node("SetLatentNoiseMask", ("LATENT",), samples=of("LATENT"), mask=of("MASK")),
        node(
            "ImageCompositeMasked",
            ("IMAGE",),
            optional={"mask": of("MASK")},
            destination=of("IMAGE"),
            source=of("IMAGE"),
            x=whole(0, PIXELS_MAX),
            y=whole(0, PIXELS_MAX),
            resize_source=["BOOLEAN", {"default": False}],
        ),
        node("LatentUpscale", ("LATENT",), samples=of("LATENT"), upscale_method=one_of(LATENT_METHODS), **sides),
        node("ImageScale", ("IMAGE",), image=of("IMAGE"), upscale_method=one_of(IMAGE_METHODS), **sides),
        # A newer node: the other shape.
        node(
            "UpscaleModelLoader", ("UPSCALE_MODEL",), model_name=["COMBO", {"options": list(files["upscale_models"])}]
        ),
        node("ImageUpscaleWithModel", ("IMAGE",), upscale_model=of("UPSCALE_MODEL"), image=of("IMAGE")),
        node("PreviewImage", (), is_output=True, images=of("IMAGE")),
        node("SaveImage", (), is_output=True, images=of("IMAGE"), filename_prefix=["STRING", {"default": "ComfyUI"}]),
    ]
    return {entry["name"]: entry for entry in entries}
