"""Grading a class: submissions are found and restored, run in a sandbox, judged outside of it, and entered in nbgrader.

    limits, records   what a submission may take, and what is known of a graded one
    collect           what each student has handed in, in a folder or in what an LMS exports
      platforms       whose a file is, by the name that a platform has given it; and when it was handed in
      files           files in folders and in archives
      selection       which of a student's files is graded
      students        the student's id in the course, which stays theirs
    cells             what stands in a notebook, whatever has written it; and which of its cells answers which exercise
    restore           what an editor or a student has done to a notebook, undone; and which of its cells are run
    sandbox           a place for processes of the student's own, with no network, and nothing that outlives them
      kernel          what the kernel refuses them; why a machine refuses a sandbox, and the way out
      process         one of them, as it is asked from outside; and processes with limits, in which all else is read
      sandbox_runner  the same from within, where `exercises_stub` stands for the exercises; `protocol` is between both
    execute           cells are run and functions asked in there; what comes back is plain data
    grade             one submission: the pure function from a notebook to its scores
    sanitize          what a student has written, shown so that it does nothing
    gradebook         scores enter nbgrader's gradebook, and what its screens show is written
    feedback, export  the page for the student, and tables for the course that no spreadsheet obeys
    batch             all of it for a class: side by side, resumably
      cluster         the same on other machines, which Dask has put together
    preflight, cli    what students and instructors call

The student's code never runs in the process that judges, and nothing of theirs is unpickled. Needs Linux.
"""
