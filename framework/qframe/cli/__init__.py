"""The command line: one file per verb. Heavy modules are imported only when a verb runs."""
