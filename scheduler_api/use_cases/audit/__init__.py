"""The audit trail: noting events, searching them, and checking that the logs are whole."""
