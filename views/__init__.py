"""Declarations on the engine: which entities and pages make up this back office, and their words."""
