"""From a solution or a problem to text or bytes: one module for each format, none of which computes anything."""
