"""What every request has in common: who asks, parsing, conditions, pages, problems, limits, the request log."""
