"""From "somebody asked" to a job in the queue: defaults, validation, attachments, recipes, permissions, errors."""
