"""Write what is on record as resources of HL7 FHIR R4."""
