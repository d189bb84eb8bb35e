/* The physical reference: hs_scan with start and end offsets over one text. Prints one JSON line.
 * cc -O2 hyperscan.c -o hyperscan -lhs; ./hyperscan PATTERNS TEXT ROUNDS; PATTERNS has one pattern a line. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long long matches;

static int on_match(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context) {
  (void)id, (void)from, (void)to, (void)flags, (void)context;
  matches++;
  return 0;
}

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) exit(2);
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*length + 1);
  if (fread(bytes, 1, *length, file) != *length) exit(2);
  bytes[*length] = 0;
  fclose(file);
  return bytes;
}

static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  size_t source_length, text_length;
  char *source = read_file(argv[1], &source_length);
  char *text = read_file(argv[2], &text_length);
  int rounds = atoi(argv[3]);
  const char **patterns = malloc(sizeof(char *) * (source_length + 1));
  unsigned int *flags = malloc(sizeof(unsigned int) * (source_length + 1));
  unsigned int *ids = malloc(sizeof(unsigned int) * (source_length + 1));
  unsigned int count = 0, refused = 0;
  for (char *line = strtok(source, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned int flag = HS_FLAG_UTF8 | HS_FLAG_SOM_LEFTMOST;
    hs_database_t *alone;
    hs_compile_error_t *error;
    if (hs_compile(line, flag, HS_MODE_BLOCK, NULL, &alone, &error) != HS_SUCCESS) {
      hs_free_compile_error(error);
      refused++;
      continue;
    }
    hs_free_database(alone);
    patterns[count] = line;
    flags[count] = flag;
    ids[count] = count;
    count++;
  }
  hs_database_t *database;
  hs_compile_error_t *error;
  double started = cpu_seconds();
  while (hs_compile_multi(patterns, flags, ids, count, HS_MODE_BLOCK, NULL, &database, &error) != HS_SUCCESS) {
    hs_free_compile_error(error);
    refused++;
    if (--count == 0) return 3;
  }
  double compiled = cpu_seconds() - started;
  hs_scratch_t *scratch = NULL;
  hs_alloc_scratch(database, &scratch);
  hs_scan(database, text, (unsigned int)text_length, 0, scratch, on_match, NULL);
  double best = 1e9;
  for (int i = 0; i < rounds; i++) {
    matches = 0;
    started = cpu_seconds();
    hs_scan(database, text, (unsigned int)text_length, 0, scratch, on_match, NULL);
    double seconds = cpu_seconds() - started;
    if (seconds < best) best = seconds;
  }
  printf("{\"patterns\":%u,\"refused\":%u,\"compileSeconds\":%.2f,\"megabytesPerSecond\":%.3f,\"matches\":%llu}\n", count, refused,
         compiled, (double)text_length / 1e6 / best, matches);
  return 0;
}
