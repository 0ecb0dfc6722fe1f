"""What a long run would take: rate, bytes, limits of the disk, duplicates."""
