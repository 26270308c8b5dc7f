"""The model that a laboratory gets unless it names another."""

from pathlib import Path

from app.settings import Settings

SHIPPED: Path = Settings.model_fields["bundle"].default
