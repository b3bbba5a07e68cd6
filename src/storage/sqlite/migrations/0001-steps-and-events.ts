/**
 * Sessions, steps and the event log.
 *
 * A step's `spec` is written once; what changes has columns of its own, so that an update never rewrites a command of
 * 200 KB. AUTOINCREMENT: a sequence number is never used twice, even after rows were deleted.
 */
export const sql = `
CREATE TABLE sessions (
  id           TEXT PRIMARY KEY,
  front_end    TEXT NOT NULL,
  workdir      TEXT NOT NULL,
  pid          INTEGER NOT NULL,
  host         TEXT NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER
) STRICT;

CREATE TABLE steps (
  id             TEXT PRIMARY KEY,
  key            TEXT NOT NULL,
  request_hash   TEXT NOT NULL,
  generation     INTEGER NOT NULL,
  session        TEXT NOT NULL,
  ref            TEXT NOT NULL,
  engine         TEXT NOT NULL,
  queue          TEXT NOT NULL,
  kind           TEXT NOT NULL,
  kind_reason    TEXT NOT NULL,
  state          TEXT NOT NULL,
  reason         TEXT NOT NULL,
  restarts       INTEGER NOT NULL,
  failure        TEXT,
  usage          TEXT NOT NULL,
  accepted_at_ms INTEGER NOT NULL,
  started_at_ms  INTEGER,
  ended_at_ms    INTEGER,
  told           INTEGER NOT NULL,
  spec           TEXT NOT NULL
) STRICT;
CREATE INDEX steps_by_key ON steps (key, generation);
CREATE INDEX steps_by_session ON steps (session);
CREATE INDEX steps_unfinished ON steps (accepted_at_ms) WHERE ended_at_ms IS NULL;
CREATE INDEX steps_untold ON steps (accepted_at_ms) WHERE ended_at_ms IS NOT NULL AND told = 0;

CREATE TABLE events (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms   INTEGER NOT NULL,
  session TEXT NOT NULL,
  step    TEXT NOT NULL,
  ref     TEXT NOT NULL,
  rule    TEXT NOT NULL,
  label   TEXT NOT NULL,
  state   TEXT NOT NULL,
  reason  TEXT NOT NULL,
  failure TEXT,
  usage   TEXT
) STRICT;
CREATE INDEX events_by_session ON events (session, seq);
`;
