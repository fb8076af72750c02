"""Patients' phones: signing in, today, recording doses, offline queues, calendar feeds."""
