"""Files: CRDT documents (Yjs) that any number of people edit at once, read and written as text."""
