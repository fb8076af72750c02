"""Tidy tables of everything on record of a trial's patients, with a data dictionary."""
