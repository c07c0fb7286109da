"""Stop 8 of the road, in parts: an article page becomes its text and what is known of it."""
