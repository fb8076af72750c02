"""Manage preferences, planned and sent messages, destinations and delivery attempts."""
