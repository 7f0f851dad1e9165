"""The plan in words: for radio, desk, aviation, the public."""
