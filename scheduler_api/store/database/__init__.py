"""The database port, and SQLite and PostgreSQL behind it."""
