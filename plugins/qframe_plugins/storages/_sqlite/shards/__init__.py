"""A dataset in several SQLite files, and the catalogue that lists them."""
