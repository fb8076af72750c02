"""Commands for administrators: tokens, keys, protocols, and what the service says of itself."""
