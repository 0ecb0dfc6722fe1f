"""One SQLite file: connection, tables, writer, reader, log and checks."""
