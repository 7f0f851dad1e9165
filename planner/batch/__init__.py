"""Many places at once: a library of plans made ahead, on any executor."""
