"""The streets as arrays: times, ways, what is joined to what."""
