"""What is valid for the exercises of problem set 5, drawn far and wide."""
