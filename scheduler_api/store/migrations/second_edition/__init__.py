"""Bring the tables of the first edition to what the second edition of the rules needs."""
