"""From a YAML file to a checked config, and from there to a recipe.

All mistakes of a config are reported at once, each with its position and how to mend it.
"""
