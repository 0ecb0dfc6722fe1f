"""The `qframe` command: all verbs, and the place where errors become exit codes."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Sequence
from textwrap import indent

import click

from qframe.__about__ import __version__
from qframe.cli.check import check
from qframe.cli.compare import compare
from qframe.cli.dedup import dedup
from qframe.cli.doctor import doctor
from qframe.cli.gates import gates
from qframe.cli.hash import hash_
from qframe.cli.info import info
from qframe.cli.options import Invocation, traceback_option
from qframe.cli.output import echo, echo_block
from qframe.cli.plan import plan
from qframe.cli.plugins import plugins
from qframe.cli.run import run
from qframe.cli.schema import schema
from qframe.cli.show import show
from qframe.cli.stats import stats
from qframe.cli.streams import OUTPUT_LOST, READER_LEFT, steady_streams
from qframe.cli.verify import verify
from qframe.errors import QframeError, WorkerError
from qframe.machine.limits import limit_in_words, prepare_for_numpy
from qframe.machine.signals import exit_on_sigterm


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="qframe")
@click.pass_context
def cli(context: click.Context) -> None:
    """Generates the training data of learned quantum compilers.

    \b
    qframe check configs/clifford_t.yaml     say what a run would do
    qframe plan configs/clifford_t.yaml      estimate a long run from a short one
    qframe gates configs/clifford_t.yaml     show the gates and their group
    qframe run configs/clifford_t.yaml       make the dataset, or what is missing of it
    qframe info data/clifford_t.db           show what a dataset holds
    qframe show data/clifford_t.db 0         draw one circuit and its unitary
    qframe stats data/clifford_t.db          count duplicates, lengths, gates; compare with Haar
    qframe verify data/clifford_t.db         prove that a dataset is undamaged
    qframe compare configs/clifford_t.yaml   write the same records into all storages
    qframe doctor                            check this machine
    qframe dedup data/clifford_t.db OUT      keep one record per unitary

    Exit codes: 0 done, 2 config, 3 plugin, 4 storage, 5 verify could not check, 75 unfinished (run
    it again), 130 Ctrl-C, 143 SIGTERM, 141 the reader of the output has left, 1 anything else.
    """
    if isinstance(context.obj, Invocation):
        context.obj.verb = context.invoked_subcommand


VERBS = (
    *(run, check, plan, compare, gates, info, show, stats, verify, dedup, hash_),
    *(plugins, schema, doctor),
)
for verb in VERBS:
    verb.params.append(traceback_option())
    cli.add_command(verb)

ANSWER_BY_CODE = frozenset({"run", "dedup", "verify", "doctor"})
"""Verbs whose exit code speaks of data or of this machine, whatever becomes of their output."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `qframe` command."""
    with steady_streams() as streams:
        state = Invocation()
        try:
            code = _run(arguments, state)
        except QframeError as error:
            _print_error(error, state)
            code = error.exit_code
        sys.stdout.flush()
        if streams.lost is not None and not streams.reader_left:
            echo(f"Error: standard output cannot be written: {streams.lost.strerror}", err=True)
        if streams.lost is not None and code == 0 and state.verb not in ANSWER_BY_CODE:
            code = READER_LEFT if streams.reader_left else OUTPUT_LOST
    sys.exit(code)


def _run(arguments: Sequence[str] | None, state: Invocation) -> int:
    """Runs a verb; returns its exit code.

    Raises:
        QframeError: of the verb.
    """
    try:
        with exit_on_sigterm():
            prepare_for_numpy()
            code = cli.main(arguments, standalone_mode=False, obj=state)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        echo_block(text.getvalue().rstrip("\n"), err=True)
        return error.exit_code
    except MemoryError:
        message = f"out of memory ({limit_in_words('AS')})"
        echo_block(f"Error: {message}\n  Hint: raise the limit (`ulimit -v`)", err=True)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in sys.stdlib_module_names:
            raise
        echo(f"Error: this Python is built without the module {error.name}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        return 130
    return code if isinstance(code, int) else 0


def _print_error(error: QframeError, state: Invocation) -> None:
    """Prints the error, and before it the traceback that is asked for, or that a bug needs."""
    if state.traceback:
        _print_trace("".join(traceback.format_exception(error)))
    elif isinstance(error, WorkerError) and error.trace is not None:
        _print_trace(error.trace)  # a plugin's bug: its author needs all of it
    echo_block(f"Error: {error}", err=True)


def _print_trace(trace: str) -> None:
    """Prints a traceback, indented: the lines of a plugin's message are not taken for qframe's."""
    echo_block(indent(trace.rstrip("\n"), "  "), err=True)
