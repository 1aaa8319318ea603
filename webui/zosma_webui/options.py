"""The server's options: what `GET` and `POST options` and `override_settings` read and write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .catalogue import Checkpoint, Checkpoints
from .errors import STAND_IN

DEFAULTS: dict[str, Any] = {
    "samples_save": True,
    "samples_format": "png",
    "jpeg_quality": 80,
    "webp_lossless": False,
    "enable_pnginfo": True,
    "return_grid": True,
    "sd_vae": "Automatic",
    "sd_unet": "Automatic",
    "CLIP_stop_at_last_layers": 1,
    "sd_checkpoints_limit": 1,
    "upcast_attn": False,
    "randn_source": "GPU",
    "tiling": False,
    "img2img_fix_steps": False,
    "face_restoration": False,
    "face_restoration_model": "CodeFormer",
    "eta_ancestral": 1.0,
    "eta_ddim": 0.0,
    "eta_noise_seed_delta": 0,
    "s_min_uncond": 0.0,
    "live_previews_enable": True,
    "live_previews_image_format": "png",
    "show_progress_every_n_steps": 10,
    "show_progress_type": "Approx NN",
}

READ_ONLY = frozenset({"sd_checkpoint_hash", "zosma_stand_in"})
"""Keys that a POST may carry (clients send the whole object back) and that stay as they are."""


class Options:
    """Values by name. `sd_model_checkpoint` is a wish: the next job without an override loads it."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        first = checkpoints.all[0]
        self.values: dict[str, Any] = {
            "sd_model_checkpoint": first.title,
            "sd_checkpoint_hash": first.sha256,
            **DEFAULTS,
            "zosma_stand_in": STAND_IN,
        }

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that the options ask for."""
        return self._checkpoints.get(self.values["sd_model_checkpoint"])

    def loaded(self, checkpoint: Checkpoint) -> None:
        """Note which weights are in memory now."""
        self.values["sd_checkpoint_hash"] = checkpoint.sha256

    def set(self, changes: Mapping[str, Any]) -> None:
        """`POST options`: all or nothing. Raises KeyError for an unknown key, RuntimeError for a checkpoint."""
        self._check(changes)
        if "sd_model_checkpoint" in changes:
            self._checkpoints.get(changes["sd_model_checkpoint"])
        self._write(changes)

    @contextmanager
    def overridden(self, changes: Mapping[str, Any], *, restore: bool) -> Iterator[None]:
        """Options for the length of one job; afterwards as before if `restore`. Raises KeyError for an unknown key.

        A checkpoint that does not exist is left out without a word, as in A1111. One that does is kept as the
        string that was sent, be it a title, a name or a hash.
        """
        known = dict(changes)
        if self._checkpoints.find(known.get("sd_model_checkpoint")) is None:
            known.pop("sd_model_checkpoint", None)
        self._check(known)
        before = {key: self.values[key] for key in known if key not in READ_ONLY}
        self._write(known)
        try:
            yield
        finally:
            if restore:
                self.values.update(before)

    def _check(self, changes: Mapping[str, Any]) -> None:
        for key in changes:
            if key not in self.values:
                raise KeyError(key)

    def _write(self, changes: Mapping[str, Any]) -> None:
        self.values.update((key, value) for key, value in changes.items() if key not in READ_ONLY)
