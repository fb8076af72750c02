"""The messages that a schedule calls for, and how patients and sites want to be reminded."""
