"""Bring the tables what says who may see and do what: tokens, approvals, sessions on the pages, feeds."""
