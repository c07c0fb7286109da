"""Stop 8, the dates: printed days and times in all the ways newspapers write them."""
