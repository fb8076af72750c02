"""Forms in which calendars leave the service for other programs."""
