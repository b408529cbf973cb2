"""What moves live: packets, the local media bus, WebRTC peers."""
