"""Life-cycle hooks of a run: their order, and what is said of one that is wrong or raises."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

import qframe
from qframe import hookimpl

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]

HOOKS = ("qframe_run_started", "qframe_task_stored", "qframe_run_finished")

RAISING = (
    "from qframe import hookimpl\n@hookimpl\ndef {hook}(plan): raise RuntimeError('my own fault')\n"
)


def hook_object(name: str, hook: str, function: Callable[..., Any], **options: Any) -> object:
    """An object of a new class `name` with one hook."""
    method = hookimpl(**options)(function)
    return type(name, (), {hook: staticmethod(method)})()


def fault(plan: qframe.RunPlan) -> None:
    raise RuntimeError("my own fault")


def errors(done: subprocess.CompletedProcess[str]) -> str:
    """The error that ended a command, without the traceback of a plugin's bug before it."""
    assert done.returncode, done.stdout
    return done.stderr.rpartition("\nError: ")[2] or done.stderr.removeprefix("Error: ")


def check_blame(message: str, hook: str, plugin: str) -> None:
    """The message names hook, plugin and exception, once, and nobody else."""
    line = message.splitlines()[0]
    line = re.sub(r" \(/\S+\.py:\d+\)$", "", line)  # the place, if it is in a file
    assert line == f"{hook}: {plugin} raised RuntimeError: my own fault"
    for other in ("executor", "storage", "'serial'", "'sqlite'"):
        assert other not in message


# The plugins of a config, and objects


def test_hooks_of_a_local_module_are_called_in_order(config: Config, tmp_path: Path) -> None:
    (tmp_path / "watch.py").write_text(
        "from pathlib import Path\n"
        "from qframe import hookimpl\n\n"
        "def note(text):\n"
        f"    with Path({str(tmp_path / 'log')!r}).open('a') as log:\n"
        "        log.write(text + '\\n')\n\n"
        "@hookimpl\n"
        "def qframe_run_started(plan):\n    note(f'started {plan.to_do}')\n\n"
        "@hookimpl\n"
        "def qframe_task_stored(done, stored):\n    note(f'stored {done.records} {stored}')\n\n"
        "@hookimpl\n"
        "def qframe_run_finished(summary):\n    note(f'finished {summary.complete}')\n"
    )
    path = config(records=5000, hooks=["watch.py"], task_blocks=1)
    qframe.run(path)
    log = (tmp_path / "log").read_text().splitlines()
    assert log == ["started 5000", "stored 4096 4096", "stored 904 5000", "finished True"]


def test_a_hook_given_to_run_sees_plan_and_summary(config: Config) -> None:
    class Watch:
        seen: list[Any]

        def __init__(self) -> None:
            self.seen = []

        @hookimpl
        def qframe_run_finished(self, plan: qframe.RunPlan, summary: qframe.RunSummary) -> None:
            self.seen.append((plan.header.records, summary.records))

    watch = Watch()
    qframe.run(config(records=10), hooks=[watch])
    assert watch.seen == [(10, 10)]


def test_two_objects_that_are_equal_and_cannot_be_hashed_are_refused_in_one_line(
    config: Config, tmp_path: Path
) -> None:
    @dataclass
    class Count:
        seen: list[int] = field(default_factory=list)

        @hookimpl
        def qframe_task_stored(self, stored: int) -> None:
            self.seen.append(stored)

    count = Count()
    qframe.run(config(records=10), hooks=[count])
    assert count.seen == [10]
    with pytest.raises(qframe.ConfigError, match=r"^hook object Count is named twice\n"):
        qframe.run(config(records=20), hooks=[Count(), Count()])


# Order


def test_the_last_one_registered_is_called_first(config: Config, tmp_path: Path) -> None:
    """Objects after the config's plugins; `tryfirst` and `trylast` hold among all of them."""
    seen: list[str] = []
    sys.modules["seen_by_hooks"] = seen  # type: ignore[assignment]
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text(
            "import sys\nfrom qframe import hookimpl\n"
            "@hookimpl\n"
            f"def qframe_run_started(): sys.modules['seen_by_hooks'].append({name!r})\n"
        )
    objects = [
        hook_object("Last", HOOKS[0], lambda: seen.append("last"), trylast=True),
        hook_object("First", HOOKS[0], lambda: seen.append("first"), tryfirst=True),
        hook_object("C", HOOKS[0], lambda: seen.append("c")),
        hook_object("D", HOOKS[0], lambda: seen.append("d")),
    ]
    try:
        qframe.run(config(records=10, hooks=["a.py", "b.py"]), hooks=objects)
    finally:
        del sys.modules["seen_by_hooks"]
    assert seen == ["first", "d", "c", "b", "a", "last"]


@pytest.mark.parametrize("wrapper_comes", ["before", "after"])
def test_a_wrapper_is_around_all_other_plugins(wrapper_comes: str, config: Config) -> None:
    seen: list[str] = []

    def around() -> Iterator[None]:
        seen.append("begin")
        result = yield
        seen.append("end")
        return result

    wrapper = hook_object("Wrapper", "qframe_task_stored", around, wrapper=True)
    plain = [
        hook_object(name, "qframe_task_stored", lambda name=name: seen.append(name))
        for name in ("one", "two")
    ]
    objects = [wrapper, *plain] if wrapper_comes == "before" else [*plain, wrapper]
    qframe.run(config(records=10), hooks=objects)
    assert seen == ["begin", "two", "one", "end"]


# A hook that raises


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_object_that_raises_is_named_and_nobody_else(hook: str, config: Config) -> None:
    with pytest.raises(qframe.WorkerError) as raised:
        qframe.run(config(records=10), hooks=[hook_object("Notify", hook, fault)])
    check_blame(raised.value.message, hook, "hook object Notify")
    assert type(raised.value.__cause__) is RuntimeError


@pytest.mark.parametrize("hook", HOOKS)
def test_a_local_hook_file_that_raises_is_named_and_nobody_else(
    hook: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "notify.py").write_text(RAISING.format(hook=hook))
    said = errors(qframe_main("run", config(records=10, hooks=["./notify.py"])))
    check_blame(said, hook, f"hooks './notify.py' (local file {tmp_path / 'notify.py'})")
    assert f"reproduce with: qframe run {tmp_path / 'small.yaml'}" in said


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("named", ["notify", "loud_notes"])
def test_an_installed_hook_plugin_that_raises_is_named_with_its_distribution(
    named: str,
    hook: str,
    config: Config,
    qframe_main: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the name of its entry point, and by the name of its module."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "loud_notes.py").write_text(RAISING.format(hook=hook))
    info = site / "loud_notes-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loud-notes\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text("[qframe]\nhooks.notify = loud_notes\n")
    (info / "top_level.txt").write_text("loud_notes\n")
    monkeypatch.syspath_prepend(str(site))
    try:
        said = errors(qframe_main("run", config(records=10, hooks=[named])))
    finally:
        sys.modules.pop("loud_notes", None)
    check_blame(said, hook, f"hooks {named!r} (loud-notes 2.1)")


@pytest.mark.parametrize("hook", HOOKS)
def test_of_two_hook_plugins_the_one_that_raises_is_named(hook: str, config: Config) -> None:
    calls: list[str] = []
    quiet = hook_object("Quiet", hook, lambda: calls.append("quiet"))
    loud = hook_object("Loud", hook, fault)
    for records, objects, called in ((10, [loud, quiet], ["quiet"]), (20, [quiet, loud], [])):
        calls.clear()
        with pytest.raises(qframe.WorkerError) as raised:
            qframe.run(config(records=records), hooks=objects)
        check_blame(raised.value.message, hook, "hook object Loud")
        assert calls == called


def test_a_wrapper_that_lets_an_exception_through_is_not_blamed(config: Config) -> None:
    def around() -> Iterator[None]:
        return (yield)

    def other(plan: qframe.RunPlan) -> Iterator[None]:
        yield
        fault(plan)

    wrapper = hook_object("Wrapper", "qframe_run_started", around, wrapper=True)
    loud = hook_object("Loud", "qframe_run_started", fault)
    bad = hook_object("Bad", "qframe_run_started", other, wrapper=True)
    for objects, name in (([wrapper, loud], "Loud"), ([bad, wrapper], "Bad")):
        with pytest.raises(qframe.WorkerError) as raised:
            qframe.run(config(records=10), hooks=objects)
        check_blame(raised.value.message, "qframe_run_started", f"hook object {name}")


def test_an_exception_deep_within_a_hook_is_that_of_the_hook(config: Config) -> None:
    def deep(plan: qframe.RunPlan) -> None:
        qframe.run(config("inner.yaml", records=10, output=plan.output.with_name("inner.db")))
        fault(plan)

    with pytest.raises(qframe.WorkerError) as raised:
        qframe.run(config(records=10), hooks=[hook_object("Deep", "qframe_run_started", deep)])
    check_blame(raised.value.message, "qframe_run_started", "hook object Deep")


def test_a_hook_behind_a_decorator_is_named_and_a_decorator_is_called_a_hook_plugin(
    config: Config,
) -> None:
    def decorated(bad: bool) -> Callable[..., None]:
        @wraps(fault)
        def inner(plan: qframe.RunPlan) -> None:
            if bad:
                raise RuntimeError("my own fault")
            fault(plan)

        return inner

    for bad, name in ((False, "hook object Notify"), (True, "a hook plugin")):
        notify = hook_object("Notify", "qframe_run_started", decorated(bad))
        with pytest.raises(qframe.WorkerError) as raised:
            qframe.run(config(records=10), hooks=[notify])
        check_blame(raised.value.message, "qframe_run_started", name)


def test_an_error_of_qframe_stays_what_it_is(config: Config) -> None:
    def full() -> None:
        raise qframe.StorageError("no space for the log of this hook")

    with pytest.raises(qframe.StorageError, match=r"^no space for the log of this hook$"):
        qframe.run(config(records=10), hooks=[hook_object("Log", "qframe_run_started", full)])


def test_what_was_stored_before_a_hook_raised_is_kept(config: Config) -> None:
    path = config(records=3 * 4096, task_blocks=1)

    def second(stored: int) -> None:
        if stored > 4096:
            raise RuntimeError("my own fault")

    with pytest.raises(qframe.WorkerError):
        qframe.run(path, hooks=[hook_object("Second", "qframe_task_stored", second)])
    with qframe.open(path.with_name("small.db")) as dataset:
        assert dataset.stored() >= 8192
    assert qframe.run(path).complete


# A hook that is wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@hookimpl\ndef qframe_run_started(plann): pass\n", "{'plann'}"),
        ("@hookimpl\ndef qframe_task_stored(plan, records): pass\n", "{'records'}"),
        ("@hookimpl\ndef qframe_run_finish(plan): pass\n", "unknown hook 'qframe_run_finish'"),
        ("@hookimpl(wrapper=True)\ndef qframe_run_started(): pass\n", "wrapper"),
    ],
)
def test_a_wrong_hook_is_refused_in_one_line_before_anything_is_made(
    text: str, said: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "notify.py").write_text(f"from qframe import hookimpl\n{text}")
    done = qframe_main("run", config(records=10, hooks=["./notify.py"]))
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    line, *hints = errors(done).splitlines()
    assert line.startswith("hooks './notify.py': ")
    assert said in line
    assert [hint.split()[0] for hint in hints] == ["Hint:"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notify.py", "small.yaml"]


@pytest.mark.parametrize(
    ("hook", "function", "said"),
    [
        ("qframe_run_started", lambda plann: None, "{'plann'}"),
        ("qframe_run_finish", lambda: None, "unknown hook 'qframe_run_finish'"),
    ],
)
def test_a_wrong_hook_of_an_object_is_refused_in_the_same_way(
    hook: str, function: Callable[..., Any], said: str, config: Config, tmp_path: Path
) -> None:
    with pytest.raises(qframe.PluginError) as raised:
        qframe.run(config(records=10), hooks=[hook_object("Notify", hook, function)])
    assert raised.value.message.startswith("hook object Notify: ")
    assert said in raised.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_a_hook_of_another_version_may_be_marked_as_optional(config: Config) -> None:
    later = hook_object("Later", "qframe_block_drawn", lambda: None, optionalhook=True)
    assert qframe.run(config(records=10), hooks=[later]).complete


def test_a_module_may_offer_classes_and_hooks(config: Config, tmp_path: Path) -> None:
    (tmp_path / "both.py").write_text(
        "from qframe import hookimpl\n"
        "from qframe_plugins.samplers.uniform import Uniform\n"
        "class Mine(Uniform):\n    name = 'mine'\n"
        "@hookimpl\ndef qframe_samplers(): return [Mine]\n"
        f"@hookimpl\ndef qframe_run_finished(): open({str(tmp_path / 'told')!r}, 'w').close()\n"
    )
    sampler = {"plugin": "./both.py", "length": 4}
    assert qframe.run(config(records=10, sampler=sampler, hooks=["./both.py"])).complete
    assert (tmp_path / "told").exists()


@pytest.mark.parametrize("second", ["./notify.py", "notify.py"])
def test_a_module_that_is_named_twice_is_refused(
    second: str, config: Config, qframe_main: Cli, tmp_path: Path
) -> None:
    (tmp_path / "notify.py").write_text("from qframe import hookimpl\n")
    done = qframe_main("run", config(records=10, hooks=["./notify.py", second]))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert errors(done).splitlines()[0] == f"hooks {second!r} is named twice"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notify.py", "small.yaml"]


def test_an_object_that_is_given_twice_is_refused(config: Config, tmp_path: Path) -> None:
    watch = hook_object("Watch", "qframe_run_started", lambda: None)
    with pytest.raises(qframe.ConfigError, match="hook object Watch is named twice"):
        qframe.run(config(records=10), hooks=[watch, watch])
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]
