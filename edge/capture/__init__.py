"""Sources: cameras and microphones behind one small interface. Encodes nothing and decides nothing about time lines."""
