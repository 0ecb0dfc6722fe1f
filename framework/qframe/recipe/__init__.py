"""The law: recipe, columns, schema, blocks, ledger, tasks, header and randomness."""
