"""Exchange: records out as CSV, records in from CSV."""
