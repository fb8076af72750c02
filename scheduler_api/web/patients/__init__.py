"""Pages of one patient: what is known, what can be recorded, and what would follow from it."""
