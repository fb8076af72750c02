"""Commands that run: the service, its worker, and the demonstration."""
