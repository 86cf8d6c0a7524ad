"""A subscription as Azure has it: what signs in or sends requests is imported only with --live, the rest is pure."""
