"""Words and widgets: translations, custom ids, buttons, cards, declaring and routing commands."""
