"""One message for each job, from "in line" to its end."""
