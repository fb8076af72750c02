"""What is recorded of a fact that is received, and which facts are refused."""
