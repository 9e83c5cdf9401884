"""What passes between functions and hosts: Redis keys, channels, messages, spelled only here."""
