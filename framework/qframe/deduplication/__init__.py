"""One record per unitary: the smallest record of each key, in bounded memory."""
