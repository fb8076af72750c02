"""Tables of patients: the fact log, and the rows derived from it."""
