"""Tables of messages: planned messages, sent messages, and their deliveries to destinations."""
