"""Connections to addresses that others chose: which are allowed, and the keys that sign what is sent."""
