"""Do what every request needs: who asks, parsing, conditions, pages, problems, limits, the request log."""
