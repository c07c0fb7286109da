"""Pages that need a browser: the machine's own Chromium, and what it may ask for."""
