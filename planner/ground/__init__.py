"""The ground itself: zones of danger, what stands there, what can be seen from where."""
