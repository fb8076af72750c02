"""Formats of other programs: calendars leave the service in one, protocols come from another."""
