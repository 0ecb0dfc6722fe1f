"""The `qframe` command: all verbs, and the place where errors become exit codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import click

from qframe.__about__ import __version__
from qframe.cli.check import check
from qframe.cli.compare import compare
from qframe.cli.dedup import dedup
from qframe.cli.doctor import doctor
from qframe.cli.gates import gates
from qframe.cli.hash import hash_
from qframe.cli.info import info
from qframe.cli.plan import plan
from qframe.cli.plugins import plugins
from qframe.cli.run import run
from qframe.cli.schema import schema
from qframe.cli.show import show
from qframe.cli.stats import stats
from qframe.cli.verify import verify
from qframe.errors import QframeError, WorkerError
from qframe.machine.limits import limit_in_words, prepare_for_numpy
from qframe.machine.signals import exit_on_sigterm


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="qframe")
def cli() -> None:
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
    it again), 130 Ctrl-C, 143 SIGTERM, 1 anything else.
    """


VERBS = (
    *(run, check, plan, compare, gates, info, show, stats, verify, dedup, hash_),
    *(plugins, schema, doctor),
)
for verb in VERBS:
    cli.add_command(verb)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `qframe` command."""
    try:
        with exit_on_sigterm():
            prepare_for_numpy()
            code = cli.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except QframeError as error:
        if isinstance(error, WorkerError) and error.__cause__ is not None:
            traceback.print_exception(error.__cause__)  # a plugin's bug: its author needs all of it
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    except MemoryError:
        message = f"out of memory ({limit_in_words('AS')})"
        click.echo(f"Error: {message}\n  Hint: raise the limit (`ulimit -v`)", err=True)
        code = 1
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in sys.stdlib_module_names:
            raise
        click.echo(f"Error: this Python is built without the module {error.name}", err=True)
        code = 1
    except (KeyboardInterrupt, click.Abort):
        code = 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader (head, less) left; Python would complain at exit
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
