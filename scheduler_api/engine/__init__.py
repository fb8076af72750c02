"""The rules: facts in, calendars out. Pure functions over frozen data, standard library only."""
