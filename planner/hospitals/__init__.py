"""Who takes whom, how long the drive is, how many ambulances it needs."""
