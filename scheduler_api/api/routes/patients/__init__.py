"""Routes about patients, their facts, and studies."""
