"""The audit trail: record events, search them, and check that the logs are complete."""
