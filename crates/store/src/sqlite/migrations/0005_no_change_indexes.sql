-- Nothing reads rows by their change number yet, and each of these is an entry for every row that is written or touched.
-- What will read them, an export of changes, creates the index that serves it.
drop index data_rows_by_change;
drop index project_rows_by_change;
drop index run_rows_by_change;
