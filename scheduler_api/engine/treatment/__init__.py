"""Plan treatment: cycles, planned doses, and what follows from them, such as contraception."""
