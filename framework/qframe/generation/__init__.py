"""From a recipe to blocks: the sampler draws, the engine multiplies, qframe checks both."""
