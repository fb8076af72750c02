"""Tables of patients' phones: devices, what they sent, and calendar feeds."""
