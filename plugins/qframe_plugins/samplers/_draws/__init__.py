"""What several samplers draw: lengths, weighted codes, and indices from raw random words."""
