"""What the commands of `app.cli` do. Imported one at a time, so that a small command does not load the service."""
