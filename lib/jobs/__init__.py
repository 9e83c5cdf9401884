"""Jobs: work that outlasts a request. The row in Postgres is the job; Redis only says it is due."""
