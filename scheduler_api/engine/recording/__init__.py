"""Decide what is recorded of a fact that is received, and refuse facts that cannot be."""
