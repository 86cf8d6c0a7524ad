"""Bytes to a lossless tree with exact spans."""
