"""Exact multiplication of circuits whose gates lie in a ring."""
