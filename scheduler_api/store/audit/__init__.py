"""Tables of the audit trail: events, hash chains, checkpoints."""
