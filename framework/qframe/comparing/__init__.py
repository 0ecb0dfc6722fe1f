"""`qframe compare`: the same recipe into several storages, and what each of them makes of it."""
