"""Tables of sites, their calendars, and protocols."""
