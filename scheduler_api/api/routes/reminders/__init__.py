"""Routes about reminder preferences, destinations, and sent messages."""
