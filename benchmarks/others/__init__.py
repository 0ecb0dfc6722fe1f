"""What people would use instead, one library a file: the same records in, the same records out."""
