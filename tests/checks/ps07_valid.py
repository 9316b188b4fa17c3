"""What is valid for the exercises of problem set 7, drawn far and wide."""
