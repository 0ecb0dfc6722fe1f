"""The numbers on the page docs/law.md are those of the law, recomputed without qframe."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import cache, reduce
from hashlib import sha256
from pathlib import Path

import pytest
from blake3 import blake3

import qframe
from qframe.plugins.installed import installed
from tests.law.by_hand import records
from tests.law.by_hand.basis import Basis, law

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "law.md").read_text()
RECORD = 4099
KEY = struct.Struct("<2Q").unpack


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def recipe_text() -> str:
    """The recipe on the page, without the line breaks that the page adds."""
    [text] = blocks("json")
    return text.replace("\n", "")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config on the page."""
    path = tmp_path_factory.mktemp("page") / "worked.yaml"
    [text] = blocks("yaml")
    path.write_text(text)
    return path


def digits(word: int, base: int) -> tuple[int, list[int]]:
    """`x` of a raw word, and its integers below the base."""
    t = max(t for t in range(1, 17) if base**t <= 2**16)
    x = word * base ** (2 * t) >> 64
    halves = divmod(x, base**t)
    return x, [half // base**place % base for half in halves for place in range(t - 1, -1, -1)]


def spaced(numbers: Iterable[object]) -> str:
    return " ".join(map(str, numbers))


def rows_of(floats: Sequence[float]) -> list[str]:
    """The two rows of a unitary on one qubit."""
    return [spaced(value.hex() for value in floats[start : start + 4]) for start in (0, 4)]


def of_the_randomness(by_hand: Basis) -> dict[str, list[str]]:
    """Namespace, keys, and the raw words that the record uses."""
    lines = {"namespace": [by_hand.namespace.hex()]}
    for stream, places in ((0, (1, 2)), (1, (0,))):
        numbers = struct.pack("<2Q", by_hand.recipe["seed"], stream)
        digest = sha256(by_hand.namespace + numbers).digest()
        lines[f"key of stream {stream}"] = [f"0x{k:016x} 0x{m:016x}" for k, m in [KEY(digest[:16])]]
        for place in places:
            lines[f"raw word {place}, stream {stream}"] = [
                f"0x{by_hand.raw(1, stream)(place):016x}"
            ]
    return lines


def of_the_circuit(by_hand: Basis) -> dict[str, list[str]]:
    """How the raw words become a length and codes."""
    x, lengths = digits(by_hand.raw(1, 1)(0), 11)
    (x1, codes), (x2, more) = (digits(by_hand.raw(1, 0)(place), 3) for place in (1, 2))
    row = [*codes, *more][36 - 20 : 48 - 20]
    length = 2 + lengths[3]
    return {
        "lengths, x": [f"{x}"],
        "integers 0 to 7": [f"{spaced(lengths)}; integer 3 gives the length {length}"],
        "codes, x of word 1": [f"{x1}"],
        "integers 20 to 39": [spaced(codes)],
        "codes, x of word 2": [f"{x2}"],
        "integers 40 to 59": [spaced(more)],
        "integers 36 to 47": [f"{spaced(row)}; the last one is not used"],
        "codes as stored": [spaced([*row[:length], *[0] * (12 - length)])],
    }


def of_the_unitary(by_hand: Basis) -> dict[str, list[str]]:
    """The products, and the unitary in both precisions."""
    codes, fold = by_hand.row(RECORD).codes, by_hand.recipe["fold"]
    words = [codes[:fold], codes[fold:]]
    products = [reduce(law.after, [by_hand.matrices[c] for c in word]) for word in words]
    parts = [by_hand.stored(product) for product in (*products, law.after(*products))]
    singles = struct.unpack("<8f", struct.pack("<8f", *parts[-1]))
    return {
        f"product of {spaced(words[0])}": rows_of(parts[0]),
        f"product of {spaced(words[1])}": rows_of(parts[1]),
        "unitary": rows_of(parts[2]),
        "as complex64": rows_of(singles),
    }


def of_the_digests(by_hand: Basis) -> dict[str, list[str]]:
    """What block 1 of 4,100 records draws, the digests of both blocks, and the content hash."""
    by_hand.multiplies = False
    digests = [by_hand.drawn_digest(range(*ends), 12) for ends in ((0, 4096), (4096, 4100))]
    lengths, codes = by_hand.drawn(range(4096, 4100), 12)
    recipe_id = sha256(by_hand.text.encode()).hexdigest()
    content = blake3(f"{recipe_id} 4100\n".encode() + b"".join(digests)).hexdigest()
    return {
        "lengths of block 1": [lengths.hex(" ")],
        "codes of block 1": [codes[start : start + 12].hex(" ") for start in range(0, 48, 12)],
        "drawn of block 0": [digests[0].hex()],
        "drawn of block 1": [digests[1].hex()],
        "content hash": [content],
    }


@cache
def worked(text: str) -> str:
    """The numbers of the page."""
    by_hand = records(text)
    lines = {
        "recipe id": [sha256(text.encode()).hexdigest()],
        **of_the_randomness(by_hand),
        **of_the_circuit(by_hand),
        **of_the_unitary(by_hand),
        **of_the_digests(by_hand),
    }
    return "".join(
        f"{'' if place else name:<27}{line}\n"
        for name, texts in lines.items()
        for place, line in enumerate(texts)
    )


def test_the_numbers_of_the_record_by_hand_are_right() -> None:
    assert worked(recipe_text()) in blocks("text")


def test_the_recipe_on_the_page_is_that_of_the_config(config: Path) -> None:
    with qframe.open(config) as dataset:
        assert dataset.recipe.text == recipe_text()


def test_qframe_has_the_numbers_of_the_page(config: Path) -> None:
    with qframe.open(config) as dataset:
        said = worked(recipe_text())
        floats = dataset[RECORD].unitary.view(float).reshape(-1).tolist()
        assert f"unitary{'':<20}{rows_of(floats)[0]}\n" in said
        assert f"content hash{'':<15}{dataset.content_hash()}\n" in said


def test_the_command_at_the_top_prints_records(config: Path, tmp_path: Path) -> None:
    first = blocks("sh")[0]
    command, _, example = first.partition(" | ")
    assert command == "qframe info data/clifford_t.db --recipe"
    words = example.replace("999999", "4099").split()
    assert words[:2] == ["python", "examples/law.py"]
    done = subprocess.run(
        [sys.executable, *words[1:]],
        cwd=ROOT,
        input=recipe_text(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert [line.split()[1] for line in done.stdout.splitlines()[::2]] == ["0", "4096", "4099"]


def test_the_text_that_the_namespace_hashes_has_the_form_of_the_page() -> None:
    form = next(text for text in blocks("text") if text.startswith('{"instructions"'))
    data = json.loads(form)
    assert json.dumps(data, sort_keys=True, separators=(",", ":")) == form.strip()
    assert data.keys() == {"instructions", "sampler"}


def test_the_page_describes_every_built_in_sampler() -> None:
    built_in = {p.name for p in installed("sampler") if p.entry.value.startswith("qframe_plugins.")}
    assert built_in <= set(re.findall(r"^### (\w+)$", PAGE, flags=re.MULTILINE))
