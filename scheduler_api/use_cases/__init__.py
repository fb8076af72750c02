"""The use cases: the only code that writes, and the only place that asks who may see what."""
