"""`qframe info`: prints what a dataset holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qframe.cli.local_code import open_data
from qframe.cli.options import DataPath, json_option, local_option, storage_option
from qframe.cli.output import echo, echo_json

if TYPE_CHECKING:
    from qframe.dataset.dataset import Dataset
    from qframe.recipe.recipe import Recipe


@click.command()
@click.argument("data", type=DataPath())
@click.option("--recipe", "recipe", is_flag=True, help="Print the recipe itself.")
@storage_option
@local_option
@json_option
def info(data: Path, storage: str | None, local: bool, recipe: bool, as_json: bool) -> None:
    """Print what a dataset or a config holds: records, recipe, gates, columns, conventions.

    \b
    qframe info data/clifford_t.db
    qframe info data/clifford_t.db --recipe | python -m json.tool
    """
    with open_data(data, local=local, storage=storage) as dataset:
        if recipe:
            echo_json(dataset.recipe.text)
            return
        facts = _facts(dataset, data, storage, local)
        if as_json:
            echo_json(facts)
            return
    facts["gates"] = ", ".join(facts["gates"])
    facts["columns"] = ", ".join(
        f"{c['name']} {c['dtype']}{c['shape'] or ''}" for c in facts["columns"]
    )
    for name in facts.keys() & {"key", "derived"}:
        facts[name] = ", ".join(f"{word} {value}" for word, value in facts[name].items())
    facts["sampler"] = json.dumps(facts["sampler"])
    for name, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        label = name.replace("_a_", "_per_").replace("_", " ")
        echo(f"{label:<18} {shown}")


def _facts(dataset: Dataset, data: Path, storage: str | None, local: bool) -> dict[str, Any]:
    from qframe.dataset.storages import storage_at, storage_class
    from qframe.machine.disk import disk_bytes
    from qframe.machine.places import CONFIG_SUFFIXES
    from qframe.recipe.schema import record_width, schema_to_data

    recipe = dataset.recipe
    stored = dataset.stored()
    computed = data.suffix in CONFIG_SUFFIXES
    files = (
        ()
        if computed
        else (data, *storage_at(data, None, named=storage_class(storage, local)).parts())
    )
    return {
        "data": str(data),
        "records": len(dataset),
        "stored": "computed on demand" if computed else stored,
        "complete": stored == len(dataset),
        "bytes_on_disk": sum(map(disk_bytes, files)),
        "bytes_a_record": record_width(dataset.schema),
        "recipe_id": recipe.id,
        "qubits": recipe.instructions.qubits,
        "gates": [str(instruction) for instruction in recipe.instructions.instructions],
        "sampler": dict(recipe.sampler),
        "seed": recipe.seed,
        "dtype": recipe.dtype,
        "fold": recipe.fold,
        **({"arithmetic": recipe.arithmetic} if recipe.arithmetic != "float" else {}),
        **({"key": dict(recipe.key)} if recipe.key is not None else {}),
        **_derived(recipe),
        "block_records": recipe.block,
        "columns": schema_to_data(dataset.schema),
        **recipe.data["conventions"],
        **{f"stored_{key}": value for key, value in dataset.reader.form().items()},
        **{f"made_with_{key}": value for key, value in dataset.header.about.items()},
    }


def _derived(recipe: Recipe) -> dict[str, Any]:
    """How the records were chosen, and the id of the recipe that they were chosen from."""
    if recipe.derived is None:
        return {}
    return {"derived": dict(recipe.derived), "source_recipe_id": recipe.source.id}
