"""Starting data: the organisation that every installation begins with, and a fictitious demo company."""
