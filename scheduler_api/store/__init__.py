"""What is remembered: the database port, the engine behind it, migrations, and one module for each table."""
