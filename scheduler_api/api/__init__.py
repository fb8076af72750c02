"""The HTTP API: one blueprint for each resource, beside its schemas. Shapes and habits here, no rules."""
