/* The plain way to fill a table: one prepared INSERT a record, in transactions.
 *
 *   insert_loop DATABASE RECORDS_FILE RECORDS MADE TRANSACTION CODES UNITARY CHECKPOINT
 *
 * RECORDS_FILE holds MADE records of 1 + CODES + UNITARY bytes, which are inserted again and again
 * until there are RECORDS. Prints the seconds from the first statement to the last commit.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void must(int ok, sqlite3 *db, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
  exit(1);
}

static void run(sqlite3 *db, const char *sql) {
  must(sqlite3_exec(db, sql, 0, 0, 0) == SQLITE_OK, db, sql);
}

int main(int count, char **words) {
  if (count == 2) { printf("%s\n", sqlite3_libversion()); return 0; }
  must(count == 9, 0, "want 8 arguments");
  long records = atol(words[3]), made = atol(words[4]), transaction = atol(words[5]);
  int codes = atoi(words[6]), unitary = atoi(words[7]), width = 1 + codes + unitary;
  unsigned char *data = malloc(made * (long)width);
  FILE *file = fopen(words[2], "rb");
  must(file && data && fread(data, width, made, file) == (size_t)made, 0, words[2]);
  fclose(file);

  sqlite3 *db;
  sqlite3_stmt *insert;
  char checkpoint[64];
  must(sqlite3_open(words[1], &db) == SQLITE_OK, db, words[1]);
  run(db, "PRAGMA page_size = 65536");
  run(db, "PRAGMA journal_mode = WAL");
  run(db, "PRAGMA synchronous = OFF");
  run(db, "PRAGMA cache_size = -16384");
  snprintf(checkpoint, sizeof checkpoint, "PRAGMA wal_autocheckpoint = %s", words[8]);
  run(db, checkpoint);
  run(db, "CREATE TABLE records(id INTEGER PRIMARY KEY, lengths INTEGER NOT NULL, "
          "codes BLOB NOT NULL, unitaries BLOB NOT NULL)");
  must(sqlite3_prepare_v2(db, "INSERT INTO records VALUES (?, ?, ?, ?)", -1, &insert, 0) ==
       SQLITE_OK, db, "prepare");
  double start = now();
  for (long i = 0; i < records; i++) {
    const unsigned char *row = data + (i % made) * (long)width;
    if (i % transaction == 0) run(db, "BEGIN IMMEDIATE");
    sqlite3_bind_int64(insert, 1, i);
    sqlite3_bind_int(insert, 2, row[0]);
    sqlite3_bind_blob(insert, 3, row + 1, codes, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 4, row + 1 + codes, unitary, SQLITE_STATIC);
    must(sqlite3_step(insert) == SQLITE_DONE, db, "insert");
    sqlite3_reset(insert);
    if ((i + 1) % transaction == 0 || i + 1 == records) run(db, "COMMIT");
  }
  printf("%.9f\n", now() - start);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  return 0;
}
