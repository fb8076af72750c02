"""Read a protocol from data, and refuse one whose visits contradict one another."""
