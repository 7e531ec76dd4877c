"""What stands before the page and REST: the guard, passwords, visitors, rate limits, headers, errors as JSON."""
