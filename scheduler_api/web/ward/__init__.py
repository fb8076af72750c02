"""Pages of the ward: who comes, what is to do, the scans, the cohort, protocols, and lists for paper."""
