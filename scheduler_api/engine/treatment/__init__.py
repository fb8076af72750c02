"""Cycles, doses, adherence, supply, contraception: what treatment asks for and what was taken."""
