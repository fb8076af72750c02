"""Sites, their calendars, and the protocols that patients are enrolled under."""
