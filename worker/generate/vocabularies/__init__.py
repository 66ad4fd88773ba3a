"""Words that names are made of, frozen: changing one changes every user's data."""
