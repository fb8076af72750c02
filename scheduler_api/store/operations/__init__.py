"""Tables that keep the service running: tokens, request rates, repeated requests."""
