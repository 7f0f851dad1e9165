"""Places for each purpose: found, judged, chosen together, told with reasons."""
