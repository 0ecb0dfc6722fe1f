"""A run: plan, worker processes, life-cycle hooks and the summary at the end."""
