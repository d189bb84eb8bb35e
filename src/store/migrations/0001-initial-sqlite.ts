import type { Migration } from './migration.ts'

/**
 * Rows hold what the machinery needs: ids, states, times, addresses. Whatever could quote content (envelopes of
 * uploads, reports, decisions) is sealed in `sealed_documents`. `state_counts` follows by trigger, since counting a
 * year of submissions for each scrape of the metrics would not do.
 */
export const initialSqlite: Migration = {
  number: 1,
  name: 'initial',
  sql: `
CREATE TABLE submissions (
  id TEXT PRIMARY KEY NOT NULL,
  origin TEXT NOT NULL,
  parent TEXT,
  blob_id TEXT NOT NULL,
  blob_size INTEGER NOT NULL,
  blob_sha256 TEXT NOT NULL,
  reply_mode TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('received','decided','quarantined','held','done')),
  version INTEGER NOT NULL,
  inspect_attempts INTEGER NOT NULL,
  next_attempt_at INTEGER,
  received_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  content_removed_at INTEGER
) STRICT;
CREATE INDEX submissions_due ON submissions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX submissions_content ON submissions (state, updated_at) WHERE content_removed_at IS NULL;
CREATE INDEX submissions_blob ON submissions (blob_id) WHERE content_removed_at IS NULL;

CREATE TABLE sealed_documents (
  submission TEXT NOT NULL REFERENCES submissions (id),
  kind TEXT NOT NULL CHECK (kind IN ('envelope','decision','report')),
  key_id INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (submission, kind)
) STRICT;
CREATE INDEX sealed_documents_key ON sealed_documents (key_id);

CREATE TABLE recipient_results (
  submission TEXT NOT NULL REFERENCES submissions (id),
  recipient TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER,
  last_reply TEXT,
  next_hop TEXT,
  updated_at INTEGER NOT NULL,
  delay_notified_at INTEGER,
  UNIQUE (submission, recipient)
) STRICT;

CREATE TABLE quarantine_items (
  id TEXT PRIMARY KEY NOT NULL REFERENCES submissions (id),
  cause TEXT NOT NULL,
  severity TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,
  size INTEGER NOT NULL,
  held_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('open','released','rejected','expired')),
  reviewer TEXT,
  review_reason TEXT,
  reviewed_at INTEGER
) STRICT;
CREATE INDEX quarantine_listing ON quarantine_items (status, held_at);
CREATE INDEX quarantine_expiry ON quarantine_items (status, expires_at);

CREATE TABLE audit_entries (
  sequence INTEGER PRIMARY KEY NOT NULL,
  at INTEGER NOT NULL,
  submission TEXT,
  event TEXT NOT NULL,
  actor TEXT NOT NULL,
  details TEXT NOT NULL,
  previous TEXT NOT NULL,
  mac TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_submission ON audit_entries (submission, sequence) WHERE submission IS NOT NULL;

CREATE TABLE state_counts (
  state TEXT PRIMARY KEY NOT NULL,
  submissions INTEGER NOT NULL
) STRICT;
INSERT INTO state_counts (state, submissions)
VALUES ('received', 0), ('decided', 0), ('quarantined', 0), ('held', 0), ('done', 0);
CREATE TRIGGER submissions_counted AFTER INSERT ON submissions BEGIN
  UPDATE state_counts SET submissions = submissions + 1 WHERE state = NEW.state;
END;
CREATE TRIGGER submissions_recounted AFTER UPDATE OF state ON submissions WHEN OLD.state <> NEW.state BEGIN
  UPDATE state_counts SET submissions = submissions - 1 WHERE state = OLD.state;
  UPDATE state_counts SET submissions = submissions + 1 WHERE state = NEW.state;
END;

CREATE TABLE heartbeat (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  beats INTEGER NOT NULL
) STRICT;
INSERT INTO heartbeat (only_row, beats) VALUES (1, 0);
`,
}
