"""The shapes that are offered by name: sides that Stable Diffusion 1.5 and XL were trained on."""

from __future__ import annotations

#: Name of the choice → (width, height) in pixels.
SIZES = {
    "square 512×512": (512, 512),
    "portrait 512×768": (512, 768),
    "landscape 768×512": (768, 512),
    "square 1024×1024": (1024, 1024),
    "portrait 832×1216": (832, 1216),
    "landscape 1216×832": (1216, 832),
    "wide 1344×768": (1344, 768),
    "tall 768×1344": (768, 1344),
}
