"""How messages leave the service: what is due goes to the outbox, and from there on its way."""
