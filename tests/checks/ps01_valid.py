"""What is valid for the exercises of problem set 1, drawn far and wide."""
