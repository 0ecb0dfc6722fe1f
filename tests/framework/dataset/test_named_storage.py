"""A dataset of a storage that is a local file can be read: by every reading verb, and in Python."""

from __future__ import annotations

import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import qframe

Config = Callable[..., Path]
Cli = Callable[..., subprocess.CompletedProcess[str]]

STRANGER = Path(__file__).parents[1] / "comparison" / "stranger.py"
"""A storage that no installed plugin knows."""


@pytest.fixture
def data(
    config: Config, qframe_main: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str]:
    """A dataset whose storage is the local file `npz.py`, and the hash of its records."""
    shutil.copy(STRANGER, tmp_path / "npz.py")
    monkeypatch.chdir(tmp_path)
    path = config(records=50, storage="npz.py", output="there")
    done = qframe_main("run", path, "-q")
    assert done.returncode == 0, done.stderr
    assert 'ds = qframe.open("there", storage="npz.py"); print(ds[0])' in done.stdout
    return tmp_path / "there", qframe.open(path).content_hash()


def test_open_reads_it_with_its_storage(
    data: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, content_hash = data
    with pytest.raises(qframe.NotADataset, match="--storage PLUGIN"):
        qframe.open(path)
    with qframe.open(path, storage="npz.py") as dataset:
        assert dataset.content_hash() == content_hash
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert len(pickle.loads(pickle.dumps(dataset))) == 50
    with pytest.raises(qframe.PluginError, match="does not exist"):
        qframe.open(path, storage="npz.py")
    with pytest.raises(qframe.NotADataset, match="is not a dataset"):
        qframe.open(path, storage="savetxt")
    with pytest.raises(qframe.NotADataset, match="is a config"):
        qframe.open(tmp_path / "small.yaml", storage="savetxt")


@pytest.mark.parametrize(
    "words", [["hash", "D"], ["info", "D"], ["show", "D", "0"], ["stats", "D"], ["verify", "D"]]
)
def test_every_reading_verb_takes_the_storage(
    words: list[str], data: tuple[Path, str], qframe_main: Cli, tmp_path: Path
) -> None:
    words = [word.replace("D", str(data[0])) for word in words]
    done = qframe_main(*words, "--storage", "npz.py")
    assert done.returncode == 0, done.stderr
    assert f"Running local code: storage npz.py ({tmp_path})" in done.stderr
    if words[0] == "hash":
        assert done.stdout.strip() == data[1]
    refused = qframe_main(*words, "--storage", "npz.py", "--no-local-plugins")
    assert refused.returncode == 3
    assert "'npz.py' is a local file" in refused.stderr
    assert qframe_main(*words).returncode in (4, 5)


def test_dedup_reads_from_it_and_writes_to_it(
    data: tuple[Path, str], qframe_main: Cli, tmp_path: Path
) -> None:
    both = ["--source-storage", "npz.py", "--storage", "npz.py"]
    for word in ("Done", "exists already"):
        done = qframe_main("dedup", data[0], tmp_path / "once", *both)
        assert done.returncode == 0, done.stderr
        assert word in done.stdout
    with qframe.open(tmp_path / "once", storage="npz.py") as dataset:
        assert 0 < len(dataset) <= 50
