"""Dutybook's application: putting the app together, its engine, its services."""
