"""What is valid for the exercises of problem set 2, drawn far and wide."""
