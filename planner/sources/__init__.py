"""Where an area comes from: one file a source, each ending in an :class:`~planner.area.Area`."""
