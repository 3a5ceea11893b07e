/**
 * The tables of `dashboard.sqlite`, the index that the pages' questions are answered from. It holds nothing that the
 * journal doesn't, so it is thrown away and made anew whenever its version or its journal is another.
 */

/** Raised with every change of the tables or of what is written into them. */
export const INDEX_VERSION = 2;

/**
 * `meta.state`: where the reader stands, as JSON. `work.member`, `log.member` and others name `members.id`.
 * `points`: level 0 are the points of a curve, level n has one row for every 8 of level n − 1, with what they lie between.
 * `changed` and `sequence`: of the journal's entry.
 */
export const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    peer TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    search TEXT NOT NULL,
    rank INTEGER NOT NULL,
    speed REAL NOT NULL,
    assignment INTEGER NOT NULL,
    assigned INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    earned TEXT NOT NULL,
    seen INTEGER NOT NULL,
    trust REAL NOT NULL,
    changed INTEGER NOT NULL,
    state TEXT NOT NULL
  ) STRICT;
  CREATE INDEX members_address ON members (address);
  CREATE INDEX members_changed ON members (changed);
  CREATE INDEX members_rank ON members (rank, speed DESC);

  CREATE TABLE rounds (
    assignment INTEGER PRIMARY KEY,
    round INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    changed INTEGER NOT NULL,
    line TEXT NOT NULL
  ) STRICT;
  CREATE INDEX rounds_round ON rounds (round);
  CREATE INDEX rounds_changed ON rounds (changed);

  CREATE TABLE work (
    member INTEGER NOT NULL,
    assignment INTEGER NOT NULL,
    round INTEGER NOT NULL,
    at INTEGER NOT NULL,
    microBatches TEXT NOT NULL,
    samples INTEGER NOT NULL,
    lossSum REAL,
    computeMs REAL,
    requeued TEXT,
    sequence INTEGER NOT NULL,
    forfeited TEXT,
    PRIMARY KEY (member, assignment)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audits (
    audit INTEGER PRIMARY KEY,
    round INTEGER NOT NULL,
    assignment INTEGER NOT NULL,
    target INTEGER NOT NULL,
    auditor INTEGER,
    microBatches INTEGER NOT NULL,
    drawnAt INTEGER NOT NULL,
    outcome TEXT,
    verdicts TEXT NOT NULL,
    reason TEXT NOT NULL,
    closedAt INTEGER,
    sequence INTEGER
  ) STRICT;
  CREATE INDEX audits_target ON audits (target, audit);
  CREATE INDEX audits_assignment ON audits (assignment);

  CREATE TABLE epochs (
    epoch INTEGER PRIMARY KEY,
    round INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    txHash TEXT,
    deferred TEXT
  ) STRICT;
  CREATE INDEX epochs_sequence ON epochs (sequence);

  CREATE TABLE earnings (
    member INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    cumulative TEXT NOT NULL,
    paid TEXT,
    PRIMARY KEY (member, epoch)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    round INTEGER,
    member INTEGER,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX log_sequence ON log (sequence);
  CREATE INDEX log_kind ON log (kind, id);
  CREATE INDEX log_member ON log (member, id) WHERE member IS NOT NULL;
  CREATE INDEX log_problems ON log (id) WHERE severity IN ('warning', 'bad');

  CREATE TABLE points (
    curve INTEGER NOT NULL,
    level INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    round INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    at INTEGER NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    total REAL NOT NULL,
    points INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (curve, level, bucket)
  ) STRICT, WITHOUT ROWID;
`;
