"""The contracts of plugins: gate set, sampler, engine, storage, executor; and what they share."""
