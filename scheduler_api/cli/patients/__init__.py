"""Commands about patients: enrol, import, calendar, reminders."""
