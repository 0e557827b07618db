"""Everything that turns incident particles into showers."""
