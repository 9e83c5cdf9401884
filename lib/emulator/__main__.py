"""The commands of this package: python -m lib.emulator COMMAND."""

import importlib
import sys

COMMANDS = {
    "up": ("lib.emulator.up", "start everything and print the addresses; Ctrl-C stops it"),
    "api": ("lib.emulator.commands.api", "serve api/ and public/ as Vercel does"),
    "upstash": ("lib.emulator.commands.upstash", "serve Upstash's REST protocol for REDIS_URL"),
    "mail": ("lib.emulator.commands.mail", "take mails over SMTP, and show them on a page"),
    "cron": (
        "lib.emulator.commands.cron",
        "fire the crons of vercel.json; with a NAME, one of them now",
    ),
    "doctor": ("lib.emulator.commands.doctor", "check everything, with `up` running"),
    "demo": ("lib.emulator.demo", "three people at work in one project, with `up` running"),
}


def main() -> int:
    """Run one command and return its exit status."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        print("usage: python -m lib.emulator COMMAND\n")
        for command, (_, purpose) in COMMANDS.items():
            print(f"  {command:8} {purpose}")
        return 2
    module = importlib.import_module(COMMANDS[name][0])
    return module.main(sys.argv[2:]) or 0


if __name__ == "__main__":
    sys.exit(main())
