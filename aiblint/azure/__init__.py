"""Asking the real subscription, read-only, and weighing what is allowed there: imported only with --live, or for permissions."""
