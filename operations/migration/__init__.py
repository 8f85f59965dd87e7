"""An archive copied to other back ends, byte for byte, and proven to be the same."""
