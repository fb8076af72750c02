"""Preferences, planned and sent messages, destinations and delivery attempts."""
