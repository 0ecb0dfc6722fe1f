"""What a plugin of each kind promises. Kinds: gate set, sampler, engine, storage, executor."""
