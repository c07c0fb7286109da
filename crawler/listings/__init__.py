"""Stop 6 of the road, in parts: each form in which publishers list their articles."""
