"""What to ask next: encoders, learners, acquisition functions, rounds and the priorities that the queue follows."""
