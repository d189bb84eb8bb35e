import type { Migration } from './migration.ts'

/**
 * Records and audit entries end by age. `audit_start` is the last entry that was removed, sealed under the audit key:
 * the chain begins after it. Finished records are found by age through an index of their own.
 */
export const retention: Migration = {
  number: 2,
  name: 'retention',
  sql: `
CREATE INDEX submissions_finished ON submissions (updated_at) WHERE content_removed_at IS NOT NULL;
CREATE TRIGGER submissions_uncounted AFTER DELETE ON submissions BEGIN
  UPDATE state_counts SET submissions = submissions - 1 WHERE state = OLD.state;
END;
CREATE TABLE audit_start (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  sequence INTEGER NOT NULL,
  mac TEXT NOT NULL,
  sealed TEXT NOT NULL
) STRICT;
`,
}
