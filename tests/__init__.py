"""Tests: unit/ mirrors the packages, contract/ sweeps all doors, functional/ and e2e/ go whole ways."""
