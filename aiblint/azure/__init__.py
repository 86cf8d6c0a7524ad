"""Read-only access to a subscription; imported only with --live."""
