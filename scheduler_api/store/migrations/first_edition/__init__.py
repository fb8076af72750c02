"""The tables of the first edition of the rules."""
