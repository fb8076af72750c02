"""Routes about the service itself: health, contract, metrics, audit trail."""
