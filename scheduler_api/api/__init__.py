"""The HTTP API: one blueprint for each resource, with its schemas. It has no rules of the trial."""
