"""What was taken and counted against what was planned."""
