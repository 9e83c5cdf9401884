"""Every route behind one function, for plans that allow few (vercel.hobby.json)."""

from lib.emulator.vercel import Dispatcher

app = Dispatcher(edge=False)
