"""Everything that runs tasks: workers, engines, leases, live events."""
