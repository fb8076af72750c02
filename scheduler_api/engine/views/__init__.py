"""Views of a patient's schedule: the calendar, today, changes, deviations, warnings, notices."""
