"""Reading a protocol from data, and refusing one whose visits cannot stand together."""
