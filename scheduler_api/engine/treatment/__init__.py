"""Cycles, planned doses, contraception: what treatment asks for, and what follows from it."""
