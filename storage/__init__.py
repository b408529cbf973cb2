"""What footage is once recorded: segment, manifest, chain, sealing, object stores, verification, export."""
