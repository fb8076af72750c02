"""Send messages: move what is due to the outbox, and deliver it from there."""
