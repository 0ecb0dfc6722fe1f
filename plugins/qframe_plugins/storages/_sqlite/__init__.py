"""SQLite files of a dataset: options, tables, connections, reading, writing, log and checks."""
