"""Request rates, repeated requests, housekeeping, and comparing databases."""
