"""Synthetic patients for the demonstration and for tests."""
