"""The law: recipe, columns, schema, header, blocks, ledger, tasks and randomness."""
