"""Grading a class: submissions are found and repaired, run in a sandbox, judged outside of it, and entered in nbgrader.

    collect      what each student has handed in, in a folder or in what an LMS exports
      platforms    whose a file is, by the name that a platform has given it
      entries      files in folders; and, in `unpacking`, in archives
      attempts     which of a student's files is graded
      timestamps   when it was handed in: whose clock counts
      identities   the student's id in the course, which stays theirs
    worker       a process with limits, in which all that is read and parsed
    cells        what stands in a notebook, whatever has written it; and which of its cells answers which exercise
    repair       what an editor or a student has done to a notebook, undone; and which of its cells are run
    namespaces   why a machine refuses a sandbox, and the way out
    sandbox      a place for processes of the student's own, with no network, and nothing that outlives them
      process      one of them, as it is asked from outside; and, in `inside`, from within
      system_calls what the kernel refuses them
    examine      cells are run and functions asked in there; what comes back is plain data
    grade        one submission: the pure function from a notebook to its scores
    sanitize     what a student has written, shown so that it does nothing
    gradebook    scores enter nbgrader's gradebook, and what its screens show is written
    export       the gradebook as a table that no spreadsheet obeys
    feedback     the page for the student, and the table for the course
    many         all of it for a class: side by side, resumably
    cluster      the same on other machines, which Dask has put together
    timing       how fast that is, beside nbgrader's own

The student's code never runs in the process that judges, and nothing is unpickled. Needs Linux.
"""
