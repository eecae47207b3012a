"""What all comparisons share: measuring processes, rounds, results and their page."""
