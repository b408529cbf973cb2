"""One timeline for picture and sound. Pure: no I/O, no clock, no threads; every instant is an argument."""
