"""Routes about visits, bookings, results, and the worklist."""
