"""What takes longer than a lesson: trainings of shipped weights, benchmarks, comparisons over many seeds."""
