"""Measuring: `python -m bench` for the whole house, `python bench/scope.py` for the row scope alone."""
