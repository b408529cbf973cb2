"""People who sign in: accounts, units, web sessions and what each role may do. Knows no footage."""
