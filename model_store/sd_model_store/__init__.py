"""Access checks, download, verification, export and import of models; the only part that reads an access token."""
