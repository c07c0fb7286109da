"""Stop 5, how often and how much: pauses, hours, data caps, URL traps, robots.txt's rules."""
