"""`python -m qframe`: the same as the `qframe` command."""

import os
import sys


def _forget_the_working_directory() -> None:
    """Removes the working directory from where modules are looked for.

    Python puts it first for `-m`, and any file may lie there. The command `qframe` has not got it,
    and its workers have not.
    """
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib is not needed yet
    except OSError:  # it is gone
        here = ""
    if not sys.flags.safe_path and sys.path[0] in ("", here):
        del sys.path[0]


if __name__ == "__main__":
    _forget_the_working_directory()
    from qframe.cli.main import main

    main()
