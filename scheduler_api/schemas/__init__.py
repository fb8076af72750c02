"""Schemas of what comes in and goes out, for the API and the command line alike. They know nothing of Flask."""
