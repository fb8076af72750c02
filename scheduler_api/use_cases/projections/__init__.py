"""Write, rebuild and verify what is derived from a patient's facts and stored."""
