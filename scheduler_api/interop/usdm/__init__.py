"""Make a draft of a protocol from a study in CDISC USDM version 4, and a report of what could not be carried."""
