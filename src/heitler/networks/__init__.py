"""Building blocks of networks, without physics."""
