"""The config's own keys. What stands inside a plugin's section is the plugin's matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

KINDS = ("gate_set", "sampler", "engine", "storage", "executor")
"""Keys whose value is a section: one plugin each."""


def integral(value: Any) -> Any:
    """`1e6` as the integer it is; anything else as it came, for pydantic to judge."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integral = Annotated[int, BeforeValidator(integral)]
"""An integer that may be written as `1e6`. For plugins' options too."""

LabelName = Literal["t_count", "cx_count", "two_qubit_count", "depth"]
"""A label of `qframe.circuits.costs`. A test holds the two lists equal."""


def _not_the_length(value: Any) -> Any:
    if value in ("length", "lengths"):
        want = "another label: the length is always there, as the column `lengths`"
        raise PydanticCustomError("want", "want {want}", {"want": want})
    return value


class Section(BaseModel):
    """A plugin and its options: `NAME`, or `{plugin: NAME, option: value, ...}`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    plugin: str = Field(
        min_length=1, description="installed name, path to a .py file, or module:attr"
    )
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"plugin": value}
        if isinstance(value, Mapping):
            options = {key: option for key, option in value.items() if key != "plugin"}
            named = {"plugin": value["plugin"]} if "plugin" in value else {}
            return {**named, "options": options}
        if isinstance(value, cls):
            return value
        want = "a plugin's name or a mapping with `plugin`"
        raise PydanticCustomError("want", "want {want}", {"want": want})


class Config(BaseModel):
    """A qframe config: what to generate, how, and where to."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    records: Integral = Field(ge=1, description="circuits in the dataset")
    seed: Integral = Field(
        0, ge=0, le=2**64 - 1, description="another seed gives another, independent dataset"
    )
    dtype: Literal["complex128", "complex64"] = Field(
        "complex128", description="of the unitaries; complex64 is the double result rounded once"
    )
    arithmetic: Literal["float", "exact"] = Field(
        "float",
        description="exact: integers of the gates' ring, each entry then the nearest double",
    )
    key: bool | Literal[64, 128] = Field(
        False,
        description="adds the column `key`, equal for circuits of one unitary up to phase: "
        "true (128 bits), 64 or 128",
    )
    output: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="where the dataset goes; data/<config name> if left out"
    )
    labels: list[Annotated[LabelName, BeforeValidator(_not_the_length)]] = Field(
        [], description="columns that say what a circuit costs"
    )
    gate_set: Section = Field(description="the gates that circuits are made of")
    sampler: Section = Field(description="how circuits are chosen")
    engine: Section = Field(Section(plugin="numpy"), description="what multiplies circuits out")
    storage: Section = Field(Section(plugin="sqlite"), description="what keeps the dataset")
    executor: Section = Field(Section(plugin="processes"), description="who does the work")
    hooks: list[Section] = Field([], description="plugins that watch the run")
    task_blocks: Annotated[int, Field(ge=1), BeforeValidator(integral)] | None = Field(
        None, description="blocks that a task commits at once; automatic if left out"
    )


def default_plugin(key: str) -> str | None:
    """The plugin of a section that the config leaves out."""
    default = Config.model_fields[key].default if key in KINDS else None
    return default.plugin if isinstance(default, Section) else None
