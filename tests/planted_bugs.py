"""Bugs planted in our own code, each of which the suite must catch: `python -m tests.planted_bugs`.

Each is put into a copy of the tree; the few tests that should catch it must then fail there. A bug
that survives means that a test is missing. Takes about two minutes; prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
FRAMEWORK = "framework/qframe"
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider")
STORAGES = "plugins/qframe_plugins/storages"


@dataclass(frozen=True)
class Bug:
    """One change of one file, and the tests that must fail with it (`-k` after the file)."""

    name: str
    file: str
    old: str
    new: str
    tests: str


BUGS = [
    Bug(
        "output that waits is dropped",
        f"{FRAMEWORK}/cli/streams.py",
        "                select((), (self._handle,), ())",
        "                return len(data)",
        "tests/framework/cli/test_streams.py -k does_not_wait",
    ),
    Bug(
        "a file may get the number of a closed stream",
        f"{FRAMEWORK}/cli/streams.py",
        "    _fill_closed_handles()\n    before",
        "    before",
        "tests/framework/cli/test_streams.py -k number_of_a_closed",
    ),
    Bug(
        "streams keep the errors of their encoding",
        f"{FRAMEWORK}/cli/streams.py",
        '        errors = "qframe.readable"',
        '        errors = "strict"',
        "tests/framework/cli/test_streams.py -k encoding_that_lacks",
    ),
    Bug(
        "output that is lost counts as written",
        f"{FRAMEWORK}/cli/main.py",
        "            code = READER_LEFT if streams.reader_left else OUTPUT_LOST",
        "            code = 0",
        "tests/framework/cli/test_streams.py -k reader_that_leaves",
    ),
    Bug(
        "a run fails with its messages",
        f"{FRAMEWORK}/cli/main.py",
        'frozenset({"run", "dedup"',
        'frozenset({"dedup"',
        "tests/framework/cli/test_streams.py -k find_no_room",
    ),
    Bug(
        "lines are shown as they are",
        f"{FRAMEWORK}/cli/output.py",
        "    _write(printable(line), err)",
        "    _write(line, err)",
        "tests/framework/cli/test_hostile_texts.py -k texts_in_a_dataset",
    ),
    Bug(
        "cells of tables may hold markup",
        f"{FRAMEWORK}/cli/output.py",
        "    return escape(printable(str(text)))",
        "    return printable(str(text))",
        "tests/framework/cli/test_hostile_texts.py -k texts_of_a_plugin",
    ),
    Bug(
        "gates may have any name",
        f"{FRAMEWORK}/circuits/gates.py",
        " and name.isprintable() and ",
        " and ",
        "tests/framework/cli/test_hostile_texts.py -k a_gate_cannot_have",
    ),
    Bug(
        "overrides may be deeper than a config",
        f"{FRAMEWORK}/config/overrides.py",
        "    if len(keys) > MOST_KEYS:",
        "    if len(keys) > MOST_KEYS + 1:",
        "tests/framework/config/test_config_overrides.py -k far_too_large",
    ),
    Bug(
        "errors list all mistakes",
        f"{FRAMEWORK}/config/mistakes.py",
        "key=order)[:MOST_SHOWN]:",
        "key=order):",
        "tests/framework/config/test_config_load.py -k very_many_mistakes",
    ),
    Bug(
        "options take true for a number",
        f"{FRAMEWORK}/contracts/plugin.py",
        'extra="forbid", strict=True, frozen=True',
        'extra="forbid", frozen=True',
        "tests/framework/config/test_bools.py",
    ),
    Bug(
        "a lock file that is a link is followed",
        f"{FRAMEWORK}/machine/lock.py",
        "handle = open_regular(path, os.O_RDWR | os.O_CREAT)",
        "handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)",
        "tests/framework/machine/test_lock.py -k something_else",
    ),
    Bug(
        "the lock beside the link, not beside the file",
        f"{FRAMEWORK}/machine/lock.py",
        "real = Path(os.path.realpath(output))",
        "real = output",
        "tests/framework/machine/test_lock.py -k one_lock",
    ),
    Bug(
        "a move that replaces what appeared",
        f"{FRAMEWORK}/machine/files.py",
        "        os.link(path, to, follow_symlinks=False)\n",
        "        path.rename(to)\n        return\n",
        "tests/faults/test_guards.py -k appeared",
    ),
    Bug(
        "repair of what bears no mark",
        f"{FRAMEWORK}/dataset/storages.py",
        "if storage.bears_mark(data, header):",
        "if storage.bears_mark(data, header) or loaded is not None:",
        "tests/faults/test_guards.py -k never_was_a_dataset",
    ),
    Bug(
        "what could not be checked is called damaged",
        f"{FRAMEWORK}/integrity/verify.py",
        "NO_DAMAGE = (CannotOpen, StorageBusy, PluginError)",
        "NO_DAMAGE = (StorageBusy,)",
        "tests/faults/test_guards.py -k verdict",
    ),
    Bug(
        "options that ask for another form ignored",
        f"{FRAMEWORK}/runs/plan.py",
        "if asked is not None and asked != has:",
        "if False:",
        "tests/faults/test_guards.py -k another_form",
    ),
    Bug(
        "defaults of options taken for wishes",
        f"{FRAMEWORK}/runs/plan.py",
        "for name in sorted(options.model_fields_set):",
        "for name in sorted(type(options).model_fields):",
        "tests/faults/test_guards.py -k another_form",
    ),
    Bug(
        "a wish for more records that cannot be taken back",
        f"{FRAMEWORK}/runs/plan.py",
        "if header.records >= end:\n        return header.records",
        "if header.records >= end:\n        return before",
        "tests/faults/test_guards.py -k taken_back",
    ),
    Bug(
        "mount points compared as text",
        f"{FRAMEWORK}/machine/mounts.py",
        'path.startswith(where.rstrip(b"/") + b"/")',
        'path.startswith(where.rstrip(b"/"))',
        "tests/framework/machine/test_mounts.py -k begins_alike",
    ),
    Bug(
        "batches of an unfinished dataset that end early without a word",
        f"{FRAMEWORK}/dataset/dataset.py",
        "if not stored_only:",
        "if False:",
        "tests/faults/test_guards.py -k batches_of",
    ),
    Bug(
        "the ledger row in a transaction of its own",
        f"{STORAGES}/_sqlite/writer.py",
        "                self._db.executemany(LEDGER_INSERT, ledger)\n",
        '                self._db.execute("COMMIT")\n'
        '                self._db.execute("BEGIN IMMEDIATE")\n'
        "                self._db.executemany(LEDGER_INSERT, ledger)\n",
        "tests/faults/test_runs.py -k between_data_and_ledger",
    ),
    Bug(
        "the codes of a circuit in another order, and no new version of the sampler",
        "plugins/qframe_plugins/samplers/uniform.py",
        "codes = codes.reshape(draws.size, self.max_length)",
        "codes = codes.reshape(self.max_length, draws.size).T.copy()",
        "tests/law/test_vectors.py -k records_of_the_vector",
    ),
    Bug(
        "another word among the shortest ones of a Clifford element",
        "plugins/qframe_plugins/samplers/_words/clifford.py",
        "        first = np.sort(first[~np.isin(keys, known)])\n",
        "        first = first[~np.isin(keys, known)]\n",
        "tests/law/test_vectors.py -k records_of_the_vector",
    ),
    Bug(
        "the alias table built from its other end",
        "plugins/qframe_plugins/samplers/_words/uniform_words.py",
        "i, j = small.pop(), large[-1]",
        "i, j = small.pop(0), large[-1]",
        "tests/law/test_vectors.py -k records_of_the_vector",
    ),
    Bug(
        "new records of a known recipe taken for its vector",
        "tests/law/vectors.py",
        '            check_records(kept[vector["recipe_id"]], vector)\n',
        "            pass\n",
        "tests/law/test_vectors.py -k generator_refuses",
    ),
    Bug(
        "the output's lock dropped",
        f"{FRAMEWORK}/machine/lock.py",
        "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        "tests/framework/cli/test_cli_run.py -k held_output",
    ),
    Bug(
        "the lock believes what its file says, not the kernel",
        f"{FRAMEWORK}/machine/lock.py",
        "            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "            if os.fstat(handle).st_size:\n"
        "                raise BlockingIOError\n",
        "tests/faults/test_runs.py -k dead_run",
    ),
    Bug(
        "checksums not compared",
        f"{FRAMEWORK}/integrity/verify.py",
        "if stored.checksum(reader.header.schema) != checksum:",
        "if False:",
        "tests/faults/test_hostile_files.py -k every_flipped_bit",
    ),
    Bug(
        "a checksum that leaves the last column out",
        f"{FRAMEWORK}/recipe/blocks.py",
        "return drawn + _joined((_numbers(self.index, self.records), drawn, *held))",
        "return drawn + _joined((_numbers(self.index, self.records), drawn, *[*held][:-1]))",
        "tests/faults/test_hostile_files.py -k every_flipped_bit",
    ),
    Bug(
        "recipes of one seed share their randomness",
        f"{FRAMEWORK}/recipe/randomness.py",
        "digest = hashlib.sha256(namespace + numbers)",
        "digest = hashlib.sha256(numbers)",
        "tests/law/test_recipes_apart.py -k beginnings",
    ),
    Bug(
        "a block of complex64 has more records",
        f"{FRAMEWORK}/config/to_recipe.py",
        "block=block_records(instructions, sampler.max_length),",
        "block=block_records(instructions, sampler.max_length)\n"
        "        << (instructions.qubits > 4 and loaded.config.dtype == 'complex64'),",
        "tests/law/test_recipes_apart.py -k leaves_them",
    ),
    Bug(
        "another format counts as damage",
        f"{FRAMEWORK}/errors.py",
        "class OtherFormat(CannotOpen):",
        "class OtherFormat(StorageError):",
        "tests/faults/test_other_formats.py -k verify",
    ),
    Bug(
        "rows of a later version passed over",
        f"{STORAGES}/_sqlite/meta.py",
        "        _refuse_later(meta)\n",
        "",
        "tests/faults/test_hostile_files.py -k forged_facts",
    ),
    Bug(
        "the text of matrices not proved",
        f"{STORAGES}/_savetxt/records.py",
        "if drawn + stored_digest(block, records, drawn, texts) != checksum:",
        "if False:",
        "tests/faults/test_hostile_files.py -k any_file_of_many",
    ),
    Bug(
        "the JSON file of savetxt believed",
        f"{STORAGES}/savetxt.py",
        "if facts[SEAL] != _seal(facts):",
        "if False:",
        "tests/faults/test_hostile_files.py -k any_file_of_many",
    ),
    Bug(
        "circuits multiplied for a file that stores none of the products",
        f"{FRAMEWORK}/runs/worker.py",
        "if not self._writer.needs_unitaries:",
        "if False:",
        "tests/framework/runs/test_circuits_alone.py",
    ),
    Bug(
        "retries without limit",
        "plugins/qframe_plugins/executors/processes.py",
        "if count >= attempts]",
        "if count >= 10**9]",
        "tests/faults/test_workers.py -k killed_for_its_memory",
    ),
    Bug(
        "the end of a run of missing blocks off by one",
        f"{FRAMEWORK}/recipe/tasks.py",
        "yield Task(start, min(blocks, end - start), records)",
        "yield Task(start, min(blocks, end - start + 1), records)",
        "tests/law/test_blocks.py",
    ),
    Bug(
        "a cut block taken for a whole one when the dataset grows",
        f"{FRAMEWORK}/recipe/ledger.py",
        "position = run.last + 1 if full or reaches_end else run.last",
        "position = run.last + 1",
        "tests/law/test_same_dataset.py -k extended",
    ),
    Bug(
        "the counter of one block used for its neighbour",
        f"{FRAMEWORK}/recipe/randomness.py",
        "np.array([0, block, 0, 0]",
        "np.array([0, block // 2, 0, 0]",
        "tests/law/test_draws.py",
    ),
    Bug(
        "the fork guard removed",
        f"{STORAGES}/_sqlite/connection.py",
        "if os.getpid() != owner:",
        "if False:",
        "tests/faults/test_workers.py -k fork",
    ),
    Bug(
        "synchronous off where normal is asked for",
        f"{STORAGES}/_sqlite/wal_file.py",
        '            "synchronous": self.options.synchronous,\n            "wal_autocheckpoint"',
        '            "synchronous": "off",\n            "wal_autocheckpoint"',
        "tests/faults/test_power_loss.py -k normal",
    ),
    Bug(
        "page 1 left out of transactions",
        f"{STORAGES}/_sqlite/writer.py",
        '                self._db.pragma("user_version", self._dataset_id)\n',
        "",
        "tests/faults/test_wal.py -k page_1",
    ),
    Bug(
        "rows of another recipe believed",
        f"{STORAGES}/_sqlite/reader.py",
        '_checksum(drawn, stored) if mark == self.tables.mark else b"",',
        "_checksum(drawn, stored),",
        "tests/faults/test_wal.py -k another_dataset",
    ),
    Bug(
        "a signal that a run swallows",
        f"{FRAMEWORK}/machine/signals.py",
        "        if not passed_on:\n            pass_on(stop)\n",
        "        pass\n",
        "tests/framework/runs/test_run_signals.py -k ctrl_c",
    ),
    Bug(
        "an ignored signal that is taken back",
        f"{FRAMEWORK}/machine/signals.py",
        "not in (signal.SIG_IGN, None)",
        "is not None",
        "tests/framework/machine/test_signals.py -k ignored",
    ),
    Bug(
        "an unfinished run that says it is done",
        f"{FRAMEWORK}/cli/run.py",
        "return 0 if summary.complete else UNFINISHED",
        "return 0",
        "tests/framework/cli/test_cli_run.py -k unfinished",
    ),
    Bug(
        "workers that a signal for the whole group ends",
        "plugins/qframe_plugins/executors/_processes/worker_main.py",
        "            signal.signal(number, lambda *_: None)\n",
        "            signal.signal(number, signal.SIG_DFL)\n",
        "tests/framework/cli/test_cli_run.py -k ends_the_run_soon",
    ),
    Bug(
        "plugins of a worker not compared",
        f"{FRAMEWORK}/runs/same_plugins.py",
        "        if here != planned:",
        "        if False:",
        "tests/framework/runs/test_same_plugins.py -k edited",
    ),
    Bug(
        "records of a worker not compared",
        f"{FRAMEWORK}/runs/same_plugins.py",
        "generator.proof(job.records) != job.proof:",
        "False:",
        "tests/framework/runs/test_same_plugins.py -k seem_the_same",
    ),
    Bug(
        "a dataset extended without a look at what it holds",
        f"{FRAMEWORK}/runs/same_plugins.py",
        "if not holds(reader, made, checksum):",
        "if False:",
        "tests/framework/runs/test_same_plugins.py -k extended",
    ),
    Bug(
        "a run that seems to go on once its process id is another's",
        f"{FRAMEWORK}/machine/process_mark.py",
        "_start(int(pid)) != start",
        "not _start(int(pid))",
        "tests/framework/runs/test_worker.py -k given_away",
    ),
    Bug(
        "a run that its own messages end",
        f"{FRAMEWORK}/cli/run_progress.py",
        "        except (OSError, ValueError):  # ValueError: it is closed\n",
        "        except ZeroDivisionError:\n",
        "tests/framework/runs/test_run_messages.py",
    ),
    Bug(
        "workers that outlive their parent",
        "plugins/qframe_plugins/executors/_processes/worker_main.py",
        "    os.read(lifeline, 1)\n    os._exit(1)",
        "    return\n    os._exit(1)",
        "tests/framework/cli/test_cli_run.py -k death_of_the_parent",
    ),
    Bug(
        "local files run before they are refused",
        f"{FRAMEWORK}/config/load.py",
        "    if not local:\n        _refuse_local(document)\n",
        "",
        "tests/faults/test_workers.py -k not_wanted",
    ),
    Bug(
        "the log never started over",
        f"{STORAGES}/_sqlite/wal.py",
        "if not self._pages or self.log_pages < RESTART_AT * self._pages:",
        "if True:",
        "tests/faults/test_log_growth.py -k copying",
    ),
    Bug(
        "a run that goes on after a reboot without proof",
        f"{FRAMEWORK}/runs/run.py",
        "if not previous.same_boot and not planned.storage.finished():",
        "if False:",
        "tests/faults/test_runs.py -k reboot",
    ),
    Bug(
        "the direction of a coupling ignored",
        f"{FRAMEWORK}/contracts/coupling.py",
        "directed = isinstance(coupling, Edges) and coupling.directed",
        "directed = False",
        "tests/plugins/gate_sets/test_placements.py -k directed",
    ),
    Bug(
        "placements compared to the last bit",
        f"{FRAMEWORK}/circuits/operations.py",
        "np.abs(a - b).max() <= EQUAL_TOLERANCE",
        "np.abs(a - b).max() == 0",
        "tests/plugins/gate_sets/test_placements.py -k last_bits",
    ),
    Bug(
        "placements compared in one order of the qubits alone",
        f"{FRAMEWORK}/circuits/operations.py",
        "    if list(on) != qubits:\n",
        "    if False:\n",
        "tests/plugins/gate_sets/test_placements.py -k what_the_register_shows",
    ),
    Bug(
        "of two gates of one name one is dropped",
        f"{FRAMEWORK}/contracts/gate_set.py",
        "        check_names(gates)\n",
        "",
        "tests/plugins/gate_sets/test_placements.py -k one_name_is_refused",
    ),
    Bug(
        "T gates counted by their names",
        f"{FRAMEWORK}/circuits/costs.py",
        '    return instructions.acting_as("t") | instructions.acting_as("tdg")\n',
        "    placed = instructions.instructions\n"
        '    return np.array([i.gate in ("t", "tdg") for i in placed])\n',
        "tests/framework/circuits/test_costs.py -k matrices_and_not_by",
    ),
    Bug(
        "a gate called t taken for T",
        "plugins/qframe_plugins/samplers/_words/standard_codes.py",
        "    codes = np.flatnonzero(instructions.acting_as(name)).tolist()\n",
        "    codes = [c for c, i in enumerate(instructions.instructions) if i.gate == name]\n",
        "tests/plugins/samplers/test_matsumoto_amano.py -k called_t",
    ),
    Bug(
        "qubit_order ignored",
        "plugins/qframe_plugins/gate_sets/matrices.py",
        'self.options.qubit_order == "little"',
        "True",
        "tests/plugins/gate_sets/test_gate_notes.py -k order",
    ),
    Bug(
        "a textbook cx without a warning",
        f"{FRAMEWORK}/circuits/gate_notes.py",
        "    if _near(last_first, want):\n",
        "    if False:\n",
        "tests/plugins/gate_sets/test_gate_notes.py -k textbook_order",
    ),
    Bug(
        "an exponent that the value ignores stays in the key",
        f"{FRAMEWORK}/rings/tenth_roots.py",
        "        exponents[:] = 0\n",
        "        pass\n",
        "tests/framework/circuits/test_keys.py -k value_ignores",
    ),
    Bug(
        "integers of 64 bits up to their last bits",
        f"{FRAMEWORK}/circuits/exact/products.py",
        "LARGEST_SUM = 1 << 60\n",
        "LARGEST_SUM = 1 << 62\n",
        "tests/framework/circuits/exact/test_products.py -k both_sides",
    ),
    Bug(
        "the next product left out of the bound of 64 bits",
        f"{FRAMEWORK}/circuits/exact/products.py",
        "                large = sizes > LARGEST_SUM // factor\n",
        "                large = sizes > LARGEST_SUM\n",
        "tests/framework/circuits/exact/test_products.py -k both_sides",
    ),
    Bug(
        "wide integers hashed by their lowest 64 bits",
        f"{FRAMEWORK}/circuits/keys.py",
        'x.to_bytes(8 * size, "little", signed=True)',
        '(x % 2**64).to_bytes(8 * size, "little")[:8]',
        "tests/framework/circuits/test_keys.py -k by_their_value",
    ),
    Bug(
        "escape sequences of errors go to the terminal",
        f"{FRAMEWORK}/errors.py",
        'self.message = "\\n".join(map(printable, lines))',
        'self.message = "\\n".join(lines)',
        "tests/framework/test_printable.py -k lines_of_its_own",
    ),
    Bug(
        "escape sequences of what is shown go to the terminal",
        f"{FRAMEWORK}/cli/output.py",
        "_write(printable(line), err)",
        "_write(line, err)",
        "tests/framework/cli/test_hostile_names.py -k hostile_names",
    ),
    Bug(
        "markup in the names of gates is obeyed",
        f"{FRAMEWORK}/cli/output.py",
        "return escape(printable(str(text)))",
        "return printable(str(text))",
        "tests/framework/cli/test_hostile_names.py -k stats",
    ),
    Bug(
        "any text is the name of a gate",
        f"{FRAMEWORK}/circuits/gates.py",
        "self.name = _checked_name(name)",
        "self.name = name",
        "tests/framework/test_printable.py -k names_of_gates",
    ),
    Bug(
        "a full disk behind a stream stops the work",
        f"{FRAMEWORK}/cli/streams.py",
        "                self.error = cause\n",
        "                raise\n",
        "tests/framework/cli/test_streams.py -k not_hurt",
    ),
    Bug(
        "characters that the encoding lacks stop the work",
        f"{FRAMEWORK}/cli/streams.py",
        '        errors = "qframe.readable"\n',
        "        pass\n",
        "tests/framework/cli/test_streams.py -k encoding",
    ),
    Bug(
        "the verb dedup does not ask whether local code may run",
        f"{FRAMEWORK}/deduplication/dedup.py",
        "open_dataset(data, storage=source_storage, local_plugins=local_plugins)",
        "open_dataset(data, storage=source_storage)",
        "tests/framework/cli/test_local_code.py -k refuse",
    ),
    Bug(
        "a module of the working directory is a plugin",
        f"{FRAMEWORK}/plugins/resolve.py",
        '    _refuse_accidents(module.partition(".")[0], plugin)\n',
        "",
        "tests/framework/plugins/test_plugin_edges.py -k working_directory",
    ),
    Bug(
        "neighbours are not part of the identity of a local file",
        f"{FRAMEWORK}/plugins/neighbours.py",
        "        if not lines:\n",
        "        if True:\n",
        "tests/framework/plugins/test_neighbours.py -k identity",
    ),
    Bug(
        "a file beside a plugin hides an installed package",
        f"{FRAMEWORK}/plugins/neighbours.py",
        "    return found is None or (",
        "    return True or (",
        "tests/framework/plugins/test_neighbours.py -k installed_package_wins",
    ),
    Bug(
        "one package's broken metadata hide all plugins",
        f"{FRAMEWORK}/plugins/installed.py",
        "    except Exception:  # as the parser of another package's text may raise\n",
        "    except KeyError:\n",
        "tests/framework/plugins/test_plugin_edges.py -k another_package",
    ),
    Bug(
        "options of plugins take true for 1",
        f"{FRAMEWORK}/contracts/plugin.py",
        'ConfigDict(extra="forbid", strict=True, frozen=True)',
        'ConfigDict(extra="forbid", frozen=True)',
        "tests/framework/config/test_strict_options.py -k no_integer",
    ),
    Bug(
        "any number of keys in --set",
        f"{FRAMEWORK}/config/overrides.py",
        "    if len(keys) > MOST_KEYS:\n",
        "    if False:\n",
        "tests/framework/config/test_strict_options.py -k huge",
    ),
    Bug(
        "a log copied into whatever file stands there",
        f"{STORAGES}/_sqlite/connection.py",
        "                _refuse_foreign_journal(db, path)\n"
        "                _refuse_foreign_wal(db, path)\n",
        "                pass\n",
        "tests/faults/test_replaced_outputs.py -k killed",
    ),
    Bug(
        "a run that does not look whether its files are still there",
        f"{FRAMEWORK}/machine/kept_files.py",
        "if (now.st_dev, now.st_ino) != (device, inode):",
        "if False:",
        "tests/faults/test_replaced_outputs.py -k touches_nothing",
    ),
    Bug(
        "a file that was copied into another one taken for it",
        f"{STORAGES}/_sqlite/own_file.py",
        "        if dataset_number(db) != self._number:\n",
        "        if False:\n",
        "tests/faults/test_replaced_outputs.py -k touches_nothing",
    ),
    Bug(
        "the log of another run moved away",
        f"{STORAGES}/_sqlite/database.py",
        "(self.own is not None and not self.own.owns(companion))",
        "False",
        "tests/faults/test_replaced_outputs.py -k came_with_another",
    ),
    Bug(
        "an inode that is used again taken for the same directory",
        f"{FRAMEWORK}/machine/kept_files.py",
        "stack.callback(os.close, os.open(path, os.O_PATH | os.O_CLOEXEC))",
        "pass",
        "tests/faults/test_replaced_outputs.py -k directory_of_matrices",
    ),
    Bug(
        "a file that is replaced at the very end is finished",
        f"{STORAGES}/_sqlite/database.py",
        "                if self.own is not None and new is None:\n",
        "                if False:\n",
        "tests/faults/test_replaced_outputs.py -k while_the_run_finishes",
    ),
    Bug(
        "a run gives up at once where SQLite does not wait",
        f"{STORAGES}/_sqlite/lock_wait.py",
        "                if not self(calls):\n",
        "                if True:\n",
        "tests/faults/test_locks_of_others.py -k waits_to_begin",
    ),
    Bug(
        "workers that name each other as what they wait for",
        f"{STORAGES}/_sqlite/lock_holders.py",
        "{lock.pid for lock in found if lock.exclusive} or ",
        "",
        "tests/faults/test_locks_of_others.py -k processes_that_wait",
    ),
    Bug(
        "lost ledger rows called done",
        f"{FRAMEWORK}/runs/run.py",
        "        if stored < self._stored:\n",
        "        if False:\n",
        "tests/faults/test_replaced_outputs.py -k lost_rows",
    ),
    Bug(
        "triggers of a stranger's file run",
        f"{STORAGES}/_sqlite/connection.py",
        "db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)  # those of a file from anywhere",
        "pass",
        "tests/plugins/storages/test_sqlite_schema.py -k never_run",
    ),
    Bug(
        "one reader for all threads",
        f"{FRAMEWORK}/dataset/shared_reader.py",
        "                return self._free.pop()  # the last one used: its caches fit best",
        "                return self._free[-1]",
        "tests/framework/dataset/test_threads.py -k two_threads_at_once",
    ),
    Bug(
        "a wait for a lock that is deaf to signals",
        f"{STORAGES}/_sqlite/lock_wait.py",
        "        if stop_requested():\n",
        "        if False:\n",
        "tests/faults/test_locks_of_others.py -k waits_to_begin",
    ),
    Bug(
        "True taken for a seed",
        f"{FRAMEWORK}/integers.py",
        'return isinstance(value, bool) or "bool" in str(getattr(value, "dtype", ""))',
        "return False",
        "tests/framework/test_integers.py",
    ),
]


def caught(bug: Bug, tree: Path) -> str | None:
    """The first test that fails with the bug in the tree, or None: it survived."""
    target = tree / bug.file
    text = target.read_text()
    if text.count(bug.old) != 1:
        raise SystemExit(f"{bug.name}: {bug.file} has changed; plant the bug anew")
    target.write_text(text.replace(bug.old, bug.new))
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *OPTIONS, *bug.tests.split()],
            cwd=tree,
            env={
                **os.environ,
                "PYTHONPATH": f"{tree / 'framework'}{os.pathsep}{tree / 'plugins'}",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            timeout=240,
        )
    except subprocess.TimeoutExpired:
        return f"{bug.tests.split()[0].removeprefix('tests/')} (does not end)"
    finally:
        target.write_text(text)
    if ran.returncode == 0:
        return None
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if ran.returncode != 1 or not failed:
        raise SystemExit(f"{bug.name}: the tests could not be run:\n{ran.stdout}{ran.stderr}")
    return failed[0].split(" - ")[0].split(" ", 1)[1].removeprefix("tests/")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.planted_bugs")
    parser.add_argument("--only", help="bugs whose name holds this")
    parser.add_argument("--out", type=Path, help="the table, as Markdown")
    arguments = parser.parse_args()
    lines = ["| planted bug | caught by |", "|---|---|"]
    survived = 0
    with TemporaryDirectory(prefix="qframe-planted-") as directory:
        tree = Path(directory) / "tree"
        for part in ("framework", "plugins", "tests", "configs", "pyproject.toml"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            tree.mkdir(exist_ok=True)
            copy(ROOT / part, tree / part)
        for bug in BUGS:
            if arguments.only and arguments.only not in bug.name:
                continue
            test = caught(bug, tree)
            survived += test is None
            lines.append(f"| {bug.name} | {'**nothing**' if test is None else f'`{test}`'} |")
            print(lines[-1], flush=True)
            if arguments.out:
                arguments.out.write_text("\n".join(lines) + "\n")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
