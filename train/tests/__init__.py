"""Tests of weir_train."""
