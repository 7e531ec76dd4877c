"""Everything with SQL: tables, migrations, and the statements of each concern."""
