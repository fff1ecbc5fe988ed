"""Tests mirror the packages: unit, contract, integration (real database and Valkey), e2e (real processes)."""
