"""Routes for readers of HL7 FHIR R4."""
