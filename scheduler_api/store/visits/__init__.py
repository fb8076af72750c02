"""Derived rows across patients: visits, and what sites have to do."""
