"""`qframe verify`: proves that a dataset is undamaged, and repairs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qframe.cli.local_code import announce_storage, load
from qframe.cli.options import DataPath, json_option, local_option
from qframe.cli.output import echo, echo_json
from qframe.cli.progress_bar import progress_bar
from qframe.printable import shell_words

if TYPE_CHECKING:
    from qframe.config.load import LoadedConfig
    from qframe.contracts.storage import Storage
    from qframe.errors import QframeError
    from qframe.generation.generator import Generator
    from qframe.integrity.record_checks import RecordChecks
    from qframe.integrity.repair import Repair
    from qframe.integrity.verify import Verdict
    from qframe.progress import ProgressCallback
    from qframe.recipe.header import Header

DAMAGED, NOT_CHECKED = 4, 5
SHOWN = 20


@click.command()
@click.argument("data", type=DataPath())
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
@click.option(
    "--force",
    is_flag=True,
    help="With --repair --config: move away even what bears no mark of a dataset, and make the "
    "dataset of CONFIG in its place.",
)
@click.option(
    "--storage", "storage_name", metavar="PLUGIN", help="Storage plugin of DATA, such as ./mine.py."
)
@local_option
@json_option
def verify(
    data: Path,
    mend: bool,
    recompute: bool,
    sample: int | None,
    look: bool,
    config: Path | None,
    force: bool,
    storage_name: str | None,
    local: bool,
    as_json: bool,
) -> int:
    """Check a dataset: file structure, ledger, and the digests of every block.

    Exit codes: 0 all is sound, 4 something is damaged, 5 it could not be checked, which says
    nothing about the data. With --repair: 0 once everything is proved.
    --content adds the largest entry of |U U^+ - 1| (exit code 4 if it is too large), the numbers of
    distinct circuits and of distinct unitaries up to phase, and the number of records that the
    sampler can make, if it is limited.

    \b
    qframe verify data/clifford_t.db
    qframe verify data/clifford_t.db --sample 100        also make 100 blocks again
    qframe verify data/clifford_t.db --content           unitarity, duplicates, counts
    qframe verify data/clifford_t.db --repair
    qframe verify data/clifford_t.db --repair --config configs/clifford_t.yaml
    """
    from qframe.dataset.storages import storage_at, storage_class
    from qframe.errors import StorageError
    from qframe.integrity.regenerate import generator_of
    from qframe.integrity.verify import verify as check
    from qframe.machine.places import real_file

    if force and not (mend and config):
        raise click.UsageError("--force needs --repair and --config")
    loaded = None if config is None else load(config, (), local)
    if local and storage_name is not None:
        announce_storage(storage_name)
    named = storage_class(storage_name, local)
    again = (lambda header: generator_of(header, loaded)) if recompute or sample else None
    repaired = content = None
    with progress_bar() as progress:
        if mend:
            storage, found, repaired = _mended(
                real_file(data), loaded, again, sample, force, progress, named
            )
            _print_found(data, found, as_json)
            verdict = found if found.ok else check(storage, again, sample, progress)
        else:
            try:
                storage = storage_at(data, loaded, damaged=True, named=named)
            except StorageError as error:  # nothing was found that could be damaged
                _print_unchecked(data, error, as_json)
                return NOT_CHECKED
            verdict = check(storage, again, sample, progress)
        if look:
            content = _content(storage, verdict, loaded, progress)
    if as_json:
        facts = _facts(data, verdict, repaired)
        if content is not None:
            facts["content"] = content.to_data()
        echo_json(facts)
    else:
        _print(data, verdict, repaired)
        if content is not None:
            _print_content(data, content)
    if verdict.word == "damaged" or (content is not None and not content.ok):
        return DAMAGED
    return 0 if verdict.ok else NOT_CHECKED


def _mended(
    place: Path,
    loaded: LoadedConfig | None,
    again: Callable[[Header], Generator] | None,
    sample: int | None,
    force: bool,
    progress: ProgressCallback,
    named: Any | None,
) -> tuple[Storage[Any], Verdict, Repair]:
    """Repairs what is at `place`. Returns its storage, what was found there, and what was done."""
    from qframe.dataset.storages import storage_at
    from qframe.errors import NotADataset, StorageError
    from qframe.integrity.repair import finish_cut_repair, repair
    from qframe.integrity.verify import verify as check
    from qframe.machine.lock import output_lock

    with output_lock(place.absolute()):
        if finish_cut_repair(place, loaded):
            echo(f"{place}: the repair that was cut off is in its place", err=True)
        try:
            storage = storage_at(place, loaded, damaged=True, force=force, named=named)
        except NotADataset as error:
            if not os.path.lexists(place) or not (place.is_file() or place.is_dir()):
                raise
            hint = "nothing was changed; to replace it all the same, add --config CONFIG --force"
            raise NotADataset(
                f"{error.message}, nor does it bear the mark of one", hint=hint
            ) from None
        with suppress(StorageError):  # repair makes anew what cannot be undone
            if storage.half_done():
                storage.recover()
        found = check(storage, again, sample, progress)
        return storage, found, repair(storage, found, loaded, progress)


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
        "verdict": verdict.word,
        "ok": verdict.ok,
        "complete": verdict.complete,
        "recipe_id": None if header is None else header.recipe.id,
        "records": None if header is None else header.records,
        "stored": verdict.stored,
        "intact_blocks": verdict.intact,
        "recomputed_blocks": verdict.recomputed,
        "not_checked": verdict.unchecked,
        "structure": verdict.structure,
        "damaged": [{"block": d.block, "problem": d.problem} for d in verdict.damaged],
        "repaired": None if repaired is None else repaired.blocks,
        "copied": None if repaired is None else repaired.copied,
        "aside": None if repaired is None or repaired.aside is None else str(repaired.aside),
    }


def _print_unchecked(data: Path, error: QframeError, as_json: bool) -> None:
    from qframe.integrity.verify import Verdict

    if as_json:
        echo_json(_facts(data, Verdict(unchecked=[error.message]), None))
    echo(f"NOT CHECKED: {error}", err=True)


def _print_found(data: Path, verdict: Verdict, as_json: bool) -> None:
    for line in _lines(verdict):
        echo(f"{data}: {line}", err=as_json)


def _lines(verdict: Verdict) -> Iterator[str]:
    yield from verdict.structure[:SHOWN]
    if verdict.word == "damaged":
        yield from (f"not checked: {line}" for line in verdict.unchecked[:SHOWN])
    for damage in verdict.damaged[:SHOWN]:
        yield f"block {damage.block} {damage.problem}"
    more = len(verdict.damaged) + len(verdict.structure) - 2 * SHOWN
    if more > 0:
        yield f"and more, {len(verdict.damaged)} damaged blocks in all (--json names them)"


def _print(data: Path, verdict: Verdict, repaired: Repair | None) -> None:
    if repaired is not None:
        for block in repaired.blocks[:SHOWN]:
            echo(f"repaired block {block}: {repaired.proofs[block]}")
        if repaired.aside is not None:
            echo(f"made anew: {repaired.copied} blocks copied, each proved by its checksum,")
            echo(f"  {len(repaired.blocks)} made again; the damaged one is {repaired.aside}")
    for line in _lines(verdict):
        echo(f"{data}: {line}")
    if verdict.word == "damaged":
        echo(f"DAMAGED: {data} ({shell_words('qframe', 'verify', data, '--repair')})")
        return
    if verdict.word == "not checked":
        proved = f"{verdict.intact:,} blocks agree with the ledger"
        why = "; ".join(verdict.unchecked).removeprefix(f"{data}: ")
        echo(f"NOT CHECKED: {data}: {why} ({proved})")
        return
    header = verdict.header
    total = 0 if header is None else header.records
    echo(f"OK: {data}: {verdict.stored:,} records, {verdict.intact:,} blocks proved")
    if verdict.recomputed:
        echo(f"  {verdict.recomputed:,} of them recomputed from the recipe")
    if not verdict.complete:
        echo(f"  not complete: {verdict.stored:,} of {total:,}; `qframe run` finishes it")


def _print_content(data: Path, content: RecordChecks) -> None:
    about = "about " if content.estimated else ""
    circuits = (
        "circuits are not stored"
        if content.circuits is None
        else f"{about}{content.circuits.distinct:,} distinct circuits"
    )
    error = f"|U U† - 1| reaches {content.unitarity_error:.2g} in record {content.worst:,}"
    if not content.ok:
        echo(f"NOT UNITARY: {data}: {error}, want at most {content.tolerance:.2g}")
    else:
        echo(f"  unitary: {error}")
    echo(
        f"  {content.records:,} records: {circuits}, "
        f"{about}{content.unitaries.distinct:,} distinct unitaries up to phase"
    )
    if content.count is not None:
        echo(f"  {content.count:,} records exist with the sampler's options")
