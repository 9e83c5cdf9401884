"""The WebSocket host: the real-time half of the long-lived container."""
