"""Grading a class: submissions are found and restored, run in a sandbox, judged outside of it, and entered in nbgrader.

`collect` finds what each student has handed in (`platforms` reads names, `files` archives, `selection` chooses);
`cells` and `restore` say what of a notebook is run. `execute` runs it in a `sandbox` (`kernel` filters, `process`
asks, `sandbox_runner` answers by `protocol`). `grade` makes scores of that, `batch` for a class, `cluster` on several
machines; `gradebook` and `feedback` write what comes of it.

The student's code never runs in the process that judges, and nothing of theirs is unpickled. Needs Linux.
"""
