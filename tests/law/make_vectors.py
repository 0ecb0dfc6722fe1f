"""Makes tests/law/vectors.json anew: `python -m tests.law.make_vectors`, from the root.

It refuses to change the records of a recipe that is there already.
"""

from __future__ import annotations

import sys

from tests.law.vectors import CONFIGS, PATH, RecordsChanged, read, vector_of, write


def main() -> int:
    vectors = [vector_of(name, config) for name, config in CONFIGS.items()]
    before = {vector["recipe_id"] for vector in read()}
    try:
        write(vectors)
    except RecordsChanged as cause:
        print(f"{PATH}: not changed. {cause}", file=sys.stderr)
        return 1
    after = {vector["recipe_id"] for vector in vectors}
    print(f"{PATH}: {len(after - before)} recipes new, {len(before - after)} gone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
