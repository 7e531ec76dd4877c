"""What stands before the page and the API: passwords, headers, visitors, rate limits, errors as JSON."""
