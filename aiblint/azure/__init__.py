"""The real subscription, read-only, and what is allowed in it: imported only with --live, or for `permissions`."""
