"""The worklist of a patient: what the site has to do, and on which days."""
