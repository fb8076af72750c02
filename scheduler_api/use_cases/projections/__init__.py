"""What is derived from a patient's facts and stored: written with each fact, rebuilt, and verified."""
