"""What the answer is: votes to consensus, labeling functions, source quality."""
