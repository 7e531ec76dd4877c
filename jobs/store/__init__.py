"""The database and its queries: tables, migrations, and the statements of each concern."""
