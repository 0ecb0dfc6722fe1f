"""From a YAML file to a checked config: every mistake at once, each with its place and its fix."""
