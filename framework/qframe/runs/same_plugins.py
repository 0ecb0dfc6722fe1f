"""Whether two processes, or two runs of one dataset, have the same plugins.

A plugin is compared by its identity first: version, package, and SHA-256 of its file. What that
cannot see, such as a helper module that was edited, shows in the records that are made.
"""

from __future__ import annotations

from contextlib import closing
from socket import gethostname
from typing import Any

from qframe.contracts.job import Job
from qframe.contracts.storage import Storage
from qframe.errors import PluginError, StorageError
from qframe.generation.generator import Generator
from qframe.integrity.verify import block_problem, holds
from qframe.plugins.identity import identity
from qframe.printable import shell_words

KINDS = ("sampler", "engine", "storage")
"""The kinds of plugin that a worker makes for itself. Gates travel in the recipe."""


def identities(job: Job) -> dict[str, str]:
    """The identities of a job's plugins in this process, by kind."""
    return {kind: identity(getattr(job, kind)) for kind in KINDS}


def compare_plugins(job: Job) -> None:
    """Compares this process's plugins with those of the process that planned the run.

    Raises:
        PluginError: one differs; names the host and both.
    """
    for kind, planned in job.plugins.items():
        here = identity(getattr(job, kind))
        if here != planned:
            raise PluginError(
                f"{kind} {getattr(job, kind).plugin!r} on {gethostname()} is {here}; the run was "
                f"planned with {planned}",
                hint="use the same one on all hosts, do not edit it while a run goes on, and run "
                "again: what is stored is right",
            )


def compare_records(job: Job, generator: Generator) -> None:
    """Makes the first records, and compares them with those of the process that planned the run.

    Raises:
        PluginError: they differ; names the host.
        PluginRaised: as `Generator.proof`.
    """
    if job.proof and generator.proof(job.records) != job.proof:
        raise PluginError(
            f"the worker on {gethostname()} makes other records than the process that planned the "
            f"run, {_makers(job)}",
            hint="install the same versions of the plugins, and of all that they import, on all "
            "hosts; do not edit them while a run goes on",
        )


def compare_stored(storage: Storage[Any], job: Job, generator: Generator) -> None:
    """Makes the first stored block again, so that no dataset goes on with other plugins.

    The recipe names a plugin by its version, which its author may have forgotten to raise.

    Raises:
        PluginError: the plugins make another block.
        StorageError: the stored block is damaged.
    """
    with closing(storage.reader()) as reader:
        row = next(iter(reader.checksums()), None)
        if row is None:
            return
        block, records, checksum = row
        problem = block_problem(reader, block, records, checksum)
        if problem is not None:
            raise StorageError(
                f"{job.output} is damaged: block {block} {problem}",
                hint=shell_words("qframe", "verify", job.output, "--repair")
                + f" --config {job.config}",
            )
        [made] = generator.blocks(block, [records])
        if not holds(reader, made, checksum):
            raise PluginError(
                f"{job.output}: its block {block} is not what is made today, {_makers(job)}: "
                "the code of one has changed, and its version has not",
                hint="undo the change; or raise its `version` and name another --output",
            )


def _makers(job: Job) -> str:
    """What makes records, in words."""
    return f"with sampler {job.sampler.plugin!r} and engine {job.engine.plugin!r}"
