"""Exact multiplication of circuits whose gates have entries in a ring."""
