"""Runs: the plan, the workers, the life-cycle hooks and the summary."""
