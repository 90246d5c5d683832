"""The demo projects: real input from what is installed, invented people, simulated answers marked as such."""
