"""Define what the engine computes from: a protocol, facts, and the history that they fold into."""
