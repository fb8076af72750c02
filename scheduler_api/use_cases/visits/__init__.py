"""Visits across patients, bookings and results, and the worklist."""
