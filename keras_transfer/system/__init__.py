"""What the program asks of the machine: files, locks, signals, logs, memory, the network."""
