"""The three stores, each behind one module; drivers are imported on first use."""
