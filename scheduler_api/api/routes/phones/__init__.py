"""Routes for patients' phones."""
