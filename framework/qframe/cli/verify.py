"""`qframe verify`: proves that a dataset is undamaged, and repairs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qframe.cli.options import json_option
from qframe.cli.progress_bar import progress_bar

if TYPE_CHECKING:
    from qframe.config.load import LoadedConfig
    from qframe.contracts.storage import Storage
    from qframe.integrity.record_checks import RecordChecks
    from qframe.integrity.repair import Repair
    from qframe.integrity.verify import Verdict
    from qframe.progress import ProgressCallback

DAMAGED = 4
SHOWN = 20


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--repair", "mend", is_flag=True, help="Make damaged blocks again from the recipe.")
@click.option("--recompute", is_flag=True, help="Also make every block again and compare.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Make N blocks again.")
@click.option(
    "--content",
    "look",
    is_flag=True,
    help="Also check the records: unitarity, duplicates, and how many the sampler can make.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Config of the dataset. Needed for local samplers, or if the recipe cannot be read.",
)
@json_option
def verify(
    data: Path,
    mend: bool,
    recompute: bool,
    sample: int | None,
    look: bool,
    config: Path | None,
    as_json: bool,
) -> int:
    """Check a dataset: file structure, ledger, and the SHA-256 of every block.

    Exit codes: 0 nothing is damaged, 4 something is. With --repair: 0 once everything is proved.
    --content adds the largest entry of |U U† - 1| (exit code 4 if it is too large), the numbers of
    distinct circuits and of distinct unitaries up to phase, and the number of records that the
    sampler can make, if it is limited.

    \b
    qframe verify data/clifford_t.db
    qframe verify data/clifford_t.db --sample 100        also make 100 blocks again
    qframe verify data/clifford_t.db --content           unitarity, duplicates, counts
    qframe verify data/clifford_t.db --repair
    qframe verify data/clifford_t.db --repair --config configs/clifford_t.yaml
    """
    from qframe.config.load import load_config
    from qframe.dataset.storages import storage_at
    from qframe.errors import StorageError
    from qframe.integrity.regenerate import generator_of
    from qframe.integrity.repair import repair
    from qframe.integrity.verify import verify as check
    from qframe.machine.lock import output_lock

    loaded = None if config is None else load_config(config)
    storage = storage_at(data, loaded)
    again = (lambda header: generator_of(header, loaded)) if recompute or sample else None
    with progress_bar() as progress:
        if not mend:
            verdict, repaired = check(storage, again, sample, progress), None
        else:
            with output_lock(data.absolute()):
                if storage.half_done():
                    with suppress(StorageError):  # repair makes anew what cannot be undone
                        storage.recover()
                verdict = check(storage, again, sample, progress)
                repaired = repair(storage, verdict, loaded, progress)
            if not verdict.ok:
                found, verdict = verdict, check(storage, again, sample, progress)
                _print_found(data, found, as_json)
        content = _content(storage, verdict, loaded, progress) if look else None
    if as_json:
        facts = _facts(data, verdict, repaired)
        if content is not None:
            facts["content"] = content.to_data()
        click.echo(json.dumps(facts, indent=2))
    else:
        _print(data, verdict, repaired)
        if content is not None:
            _print_content(data, content)
    return 0 if verdict.ok and (content is None or content.ok) else DAMAGED


def _content(
    storage: Storage[Any], verdict: Verdict, loaded: LoadedConfig | None, progress: ProgressCallback
) -> RecordChecks | None:
    """None where the dataset cannot be read at all."""
    from qframe.errors import PluginError
    from qframe.integrity.record_checks import check_records
    from qframe.integrity.regenerate import generator_of

    if verdict.header is None or verdict.structure:
        return None
    count = None
    if verdict.header.recipe.derived is None:  # chosen records are as many as they are
        with suppress(PluginError):  # a sampler that is not here: its count is not known
            count = generator_of(verdict.header, loaded).count
    with closing(storage.reader()) as reader:
        return check_records(reader, {d.block for d in verdict.damaged}, count, progress)


def _facts(data: Path, verdict: Verdict, repaired: Repair | None) -> dict[str, Any]:
    header = verdict.header
    return {
        "data": str(data),
        "ok": verdict.ok,
        "complete": verdict.complete,
        "recipe_id": None if header is None else header.recipe.id,
        "records": None if header is None else header.records,
        "stored": verdict.stored,
        "intact_blocks": verdict.intact,
        "recomputed_blocks": verdict.recomputed,
        "structure": verdict.structure,
        "damaged": [{"block": d.block, "problem": d.problem} for d in verdict.damaged],
        "repaired": None if repaired is None else repaired.blocks,
        "copied": None if repaired is None else repaired.copied,
        "aside": None if repaired is None or repaired.aside is None else str(repaired.aside),
    }


def _print_found(data: Path, verdict: Verdict, as_json: bool) -> None:
    for line in _lines(verdict):
        click.echo(f"{data}: {line}", err=as_json)


def _lines(verdict: Verdict) -> Iterator[str]:
    yield from verdict.structure[:SHOWN]
    for damage in verdict.damaged[:SHOWN]:
        yield f"block {damage.block} {damage.problem}"
    more = len(verdict.damaged) + len(verdict.structure) - 2 * SHOWN
    if more > 0:
        yield f"and more, {len(verdict.damaged)} damaged blocks in all (--json names them)"


def _print(data: Path, verdict: Verdict, repaired: Repair | None) -> None:
    if repaired is not None:
        for block in repaired.blocks[:SHOWN]:
            click.echo(f"repaired block {block}: {repaired.proofs[block]}")
        if repaired.aside is not None:
            click.echo(f"made anew: {repaired.copied} blocks copied, each proved by its checksum,")
            click.echo(f"  {len(repaired.blocks)} made again; the damaged one is {repaired.aside}")
    for line in _lines(verdict):
        click.echo(f"{data}: {line}")
    if not verdict.ok:
        click.echo(f"DAMAGED: {data} (qframe verify {data} --repair)")
        return
    header = verdict.header
    total = 0 if header is None else header.records
    click.echo(f"OK: {data}: {verdict.stored:,} records, {verdict.intact:,} blocks proved")
    if verdict.recomputed:
        click.echo(f"  {verdict.recomputed:,} of them recomputed from the recipe")
    if not verdict.complete:
        click.echo(f"  not complete: {verdict.stored:,} of {total:,}; `qframe run` finishes it")


def _print_content(data: Path, content: RecordChecks) -> None:
    about = "about " if content.estimated else ""
    circuits = (
        "circuits are not stored"
        if content.circuits is None
        else f"{about}{content.circuits.distinct:,} distinct circuits"
    )
    error = f"|U U† - 1| reaches {content.unitarity_error:.2g} in record {content.worst:,}"
    if not content.ok:
        click.echo(f"NOT UNITARY: {data}: {error}, want at most {content.tolerance:.2g}")
    else:
        click.echo(f"  unitary: {error}")
    click.echo(
        f"  {content.records:,} records: {circuits}, "
        f"{about}{content.unitaries.distinct:,} distinct unitaries up to phase"
    )
    if content.count is not None:
        click.echo(f"  {content.count:,} records exist with the sampler's options")
