"""What a worker tells of ControlNet besides its models and preprocessors, and what a whole fleet has of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, FiniteFloat

#: What A1111's extension has unless its operator chose otherwise; a WebUI passes over the units of a request beyond.
UNITS = 3
#: Its own slider ends at ten.
UNITS_MAX = 10


class Slider(BaseModel):
    """What a preprocessor's page lets be chosen, as `module_list` tells it."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: FiniteFloat
    min: FiniteFloat
    max: FiniteFloat
    step: FiniteFloat | None = None


class Module(BaseModel):
    """A preprocessor, as `module_list` tells of it."""

    model_config = ConfigDict(frozen=True)

    label: str = ""
    """What its page calls it, where that is something else; requests may, too."""
    model_free: bool = False
    sliders: tuple[Slider | None, ...] = ()


class ControlType(BaseModel):
    """What belongs together on its page: `control_types` has one for Canny, one for Depth, …"""

    model_config = ConfigDict(frozen=True)

    module_list: tuple[str, ...] = ()
    model_list: tuple[str, ...] = ()
    default_option: str = "none"
    default_model: str = "None"


class ControlNet(BaseModel):
    """ControlNet as one WebUI has it."""

    model_config = ConfigDict(frozen=True)

    version: int = 2
    """Of its API: the first whose units stand in `alwayson_scripts`, or a later one."""
    units: int = UNITS
    """Of one request."""
    modules: Mapping[str, Module] = {}
    """Of `Capabilities.controlnet_modules`, those of which more is told."""
    types: Mapping[str, ControlType] = {}
    detects: bool = False
    """A preprocessor can be asked for by itself."""
    detects_masked: bool = False
    """And be given a mask."""

    def without_detect(self) -> ControlNet:
        """It, where that has turned out to be missing."""
        return self.model_copy(update={"detects": False, "detects_masked": False})

    @classmethod
    def joined(cls, several: Iterable[ControlNet]) -> ControlNet:
        """What some WebUIs have together; where they tell different things of the same, the first one's."""
        several = list(several)
        modules: dict[str, Module] = {}
        types: dict[str, ControlType] = {}
        for one in several:
            modules = {**one.modules, **modules}
            for name, found in one.types.items():
                before = types.get(name)
                types[name] = found if before is None else _both(before, found)
        return cls(
            version=min((one.version for one in several), default=cls().version),
            units=max((one.units for one in several), default=UNITS),
            modules=modules,
            types=types,
            detects=any(one.detects for one in several),
            detects_masked=any(one.detects_masked for one in several),
        )


def _both(one: ControlType, other: ControlType) -> ControlType:
    return one.model_copy(
        update={
            name: tuple(dict.fromkeys((*getattr(one, name), *getattr(other, name))))
            for name in ("module_list", "model_list")
        }
    )
