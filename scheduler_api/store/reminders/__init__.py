"""Tables of messages: planned, sent, on their way to destinations."""
