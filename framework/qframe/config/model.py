"""Config: the keys of a config, as a pydantic model. The options of plugins are their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from qframe.machine.places import output_problem
from qframe.plugins.kinds import KINDS


def integral(value: Any) -> Any:
    """The integer that a float such as `1e6` is; any other value unchanged, for pydantic."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integral = Annotated[int, BeforeValidator(integral)]
"""An integer that may be written as `1e6`: for the config and for plugins' options."""

LabelName = Literal[
    "t_count",
    "cx_count",
    "two_qubit_count",
    "depth",
    "hardware_depth",
    "two_qubit_depth",
    "t_depth",
]
"""The name of a label, as `qframe.circuits.costs` lists them; a test holds the two equal."""


def _not_the_length(value: Any) -> Any:
    if value in ("length", "lengths"):
        want = "another label: the length is always there, as the column `lengths`"
        raise PydanticCustomError("want", "want {want}", {"want": want})
    return value


def _local(value: Any) -> Any:
    problem = output_problem(value) if isinstance(value, str) else None
    if problem is not None:
        raise ValueError(problem)
    return value


class Section(BaseModel):
    """A section: a plugin and its options, from `NAME` or `{plugin: NAME, option: value, ...}`."""

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
            plugin = {"plugin": value["plugin"]} if "plugin" in value else {}
            return {**plugin, "options": options}
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
        "complex128",
        description="type of the unitaries; complex64 is the double result, rounded once",
    )
    arithmetic: Literal["float", "exact"] = Field(
        "float",
        description="how unitaries are computed; exact: in integers of the gates' ring, each entry "
        "then rounded to the nearest double",
    )
    key: bool | Literal[64, 128] = Field(
        False,
        description="bits of the column `key`, which is equal for circuits of one unitary up to "
        "phase: 64, 128, or true (128); false: no such column",
    )
    output: Annotated[Annotated[str, Field(min_length=1)] | None, BeforeValidator(_local)] = Field(
        None, description="path of the dataset; data/<config name> if left out"
    )
    labels: list[Annotated[LabelName, BeforeValidator(_not_the_length)]] = Field(
        [], description="columns that say how much a circuit costs"
    )
    gate_set: Section = Field(description="the gates that circuits consist of")
    sampler: Section = Field(description="chooses the circuits")
    engine: Section = Field(Section(plugin="numpy"), description="multiplies circuits out")
    storage: Section = Field(Section(plugin="sqlite"), description="stores the dataset")
    executor: Section = Field(Section(plugin="processes"), description="runs the workers")
    hooks: list[Section] = Field([], description="plugins that are called during the run")
    task_blocks: Annotated[int, Field(ge=1, le=1 << 32), BeforeValidator(integral)] | None = Field(
        None, description="blocks per task, which are committed at once; automatic if left out"
    )


def default_plugin(key: str) -> str | None:
    """The plugin of a section that a config leaves out; None if it must not be left out."""
    default = Config.model_fields[key].default if key in KINDS else None
    return default.plugin if isinstance(default, Section) else None
