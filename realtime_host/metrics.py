"""The host's figures in Prometheus' text format."""

from __future__ import annotations

from realtime_host.host import Host


def text(host: Host) -> str:
    """Return the figures: what is open now, and what has been counted since the start."""
    lines = [
        "# TYPE collab_connections gauge",
        f"collab_connections {len(host.hub.connections)}",
        "# TYPE collab_rooms gauge",
        f"collab_rooms {len(host.lobby.rooms)}",
    ]
    counts = dict(host.hub.counts)
    for name, meaning in (("opened", "connections_opened"), ("received", "messages_received")):
        lines.append(f"# TYPE collab_{meaning}_total counter")
        lines.append(f"collab_{meaning}_total {counts.get(name, 0)}")
    lines.append("# TYPE collab_connections_closed_total counter")
    for name, count in sorted(counts.items()):
        if name.startswith("closed_"):
            code = name.removeprefix("closed_")
            lines.append(f'collab_connections_closed_total{{code="{code}"}} {count}')
    return "\n".join(lines) + "\n"
