"""Routes about sites, their calendars, and protocols."""
