"""The visits of a patient: where they are planned, what was done, when a series ends."""
