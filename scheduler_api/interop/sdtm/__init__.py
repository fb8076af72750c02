"""A trial as datasets of CDISC SDTM (SDTMIG 3.4), written as Dataset-JSON 1.1."""
