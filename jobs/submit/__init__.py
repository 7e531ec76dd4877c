"""From a submitted form, table or folder to checked drafts of tasks."""
