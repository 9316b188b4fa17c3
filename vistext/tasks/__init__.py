"""One folder a subject, in the order of the lessons: its network, and how that is trained."""
