"""Registering and enrolling patients, recording facts, and everything computed of one patient or a study."""
