"""What several samplers draw: lengths, weighted codes, integers scaled from raw words."""
