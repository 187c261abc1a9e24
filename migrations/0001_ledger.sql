-- The ledger: what was recorded, as the bytes that were hashed, and the one row that says how far it goes.

CREATE TABLE head (
  id           boolean PRIMARY KEY DEFAULT true CHECK (id),
  size         int8 NOT NULL CHECK (size >= 0),
  leaf_hash    bytea NOT NULL CHECK (length(leaf_hash) = 32),
  frontier     bytea NOT NULL,
  at           int8 NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE head IS 'Size, last leaf hash and Merkle frontier of the ledger; at = milliseconds since 1970 of the last entry.';

INSERT INTO head VALUES (true, 0, decode(repeat('00', 32), 'hex'), '', 0);

CREATE TABLE chunks (
  first_seq int8 PRIMARY KEY CHECK (first_seq >= 0),
  ends      int4[] NOT NULL,
  leaves    bytea NOT NULL,
  bytes     bytea NOT NULL,
  CHECK (length(leaves) = 32 * cardinality(ends)),
  CHECK (length(bytes) = ends[cardinality(ends)]),
  CHECK (first_seq / 256 = (first_seq + cardinality(ends) - 1) / 256)
);
COMMENT ON TABLE chunks IS 'Entries of one turn, never across a multiple of 256: ends[i] is where entry first_seq + i - 1 ends in bytes.';

CREATE TABLE opening_chunks (
  first_seq int8 PRIMARY KEY,
  ends      int4[] NOT NULL,
  bytes     bytea NOT NULL
);
COMMENT ON TABLE opening_chunks IS 'Openings of the same turn: salt and private part of each entry, empty where all is public.';

CREATE TABLE person_openings (
  seq       int8 NOT NULL,
  part      int2 NOT NULL,
  person_id uuid,
  sealed    bytea,
  PRIMARY KEY (seq, part)
);
COMMENT ON TABLE person_openings IS 'A person''s part of a fact, under that person''s own key: erasing a person leaves a row that says so and no more.';

CREATE TABLE ids (
  id          uuid PRIMARY KEY,
  fingerprint bytea NOT NULL,
  seq         int8 NOT NULL,
  owner       uuid NOT NULL
);
COMMENT ON TABLE ids IS 'Every accepted write by its key: what it was (a keyed hash of the body) and where its fact stands.';

CREATE TABLE followers (
  name text PRIMARY KEY,
  seq  int8 NOT NULL
);
COMMENT ON TABLE followers IS 'How many entries each follower has read.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON chunks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON chunks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep BEFORE DELETE ON head FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keep_truncate BEFORE TRUNCATE ON head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE chunks ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE chunks ENABLE ALWAYS TRIGGER append_only_truncate;
ALTER TABLE head ENABLE ALWAYS TRIGGER keep;
ALTER TABLE head ENABLE ALWAYS TRIGGER keep_truncate;

CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <= OLD.size OR NEW.at < OLD.at THEN
    RAISE EXCEPTION 'the head only grows: % after %', NEW.size, OLD.size USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION only_grows();
ALTER TABLE head ENABLE ALWAYS TRIGGER only_grows;

-- Locks the head for this transaction and returns it, with the database's clock in milliseconds.
CREATE FUNCTION ledger_lock() RETURNS TABLE (size int8, leaf_hash bytea, frontier bytea, at int8, clock int8)
LANGUAGE sql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
  SELECT h.size, h.leaf_hash, h.frontier, h.at, (extract(epoch FROM clock_timestamp()) * 1000)::int8
  FROM head h FOR UPDATE
$$;

-- Appends entries old_size .. new_size - 1. The head must still be what the caller built upon, else BC001;
-- the caller's clock must agree with ours within 60 s and the head must not lie more than 5 minutes ahead, else BC002.
CREATE FUNCTION ledger_append(
  old_size int8, old_hash bytea, new_size int8, new_hash bytea, new_frontier bytea,
  caller_clock int8, new_at int8, entry_ends int4[], entry_leaves bytea, entry_bytes bytea
) RETURNS int8 LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  h head%ROWTYPE;
  clock int8 := (extract(epoch FROM clock_timestamp()) * 1000)::int8;
  n int4 := cardinality(entry_ends);
  done int4 := 0;
  take int4;
  base int4;
BEGIN
  SELECT * INTO STRICT h FROM head FOR UPDATE;
  IF h.size IS DISTINCT FROM old_size OR h.leaf_hash IS DISTINCT FROM old_hash THEN
    RAISE EXCEPTION 'the head moved: % entries, not %', h.size, old_size USING ERRCODE = 'BC001';
  END IF;
  IF abs(clock - caller_clock) > 60000 IS NOT FALSE OR h.at > clock + 300000 THEN
    RAISE EXCEPTION 'clocks disagree: caller %, database %, head %', caller_clock, clock, h.at USING ERRCODE = 'BC002';
  END IF;
  IF n IS NULL OR n < 1 OR EXISTS (
       SELECT FROM unnest(entry_ends) WITH ORDINALITY AS u(e, i)
       WHERE e IS NULL OR e <= CASE WHEN i = 1 THEN 0 ELSE entry_ends[i - 1] END)
     OR new_size IS NULL OR new_hash IS NULL OR new_frontier IS NULL OR new_at IS NULL OR new_size <> old_size + n OR length(entry_leaves) <> 32 * n
     OR length(entry_bytes) <> entry_ends[n] OR substring(entry_leaves FROM 32 * n - 31) <> new_hash
     OR new_at < h.at OR new_at > greatest(h.at, caller_clock) THEN
    RAISE EXCEPTION 'the entries do not continue the ledger at %', old_size USING ERRCODE = 'BC003';
  END IF;
  WHILE done < n LOOP
    take := least(n - done, (256 - (old_size + done) % 256)::int4);
    base := CASE WHEN done = 0 THEN 0 ELSE entry_ends[done] END;
    INSERT INTO chunks (first_seq, ends, leaves, bytes) VALUES (
      old_size + done,
      ARRAY(SELECT e - base FROM unnest(entry_ends[done + 1 : done + take]) WITH ORDINALITY AS u(e, i) ORDER BY i),
      substring(entry_leaves FROM 32 * done + 1 FOR 32 * take),
      substring(entry_bytes FROM base + 1 FOR entry_ends[done + take] - base));
    done := done + take;
  END LOOP;
  UPDATE head SET size = new_size, leaf_hash = new_hash, frontier = new_frontier, at = new_at;
  RETURN new_size;
END $$;

REVOKE ALL ON FUNCTION ledger_lock() FROM PUBLIC;
REVOKE ALL ON FUNCTION ledger_append(int8, bytea, int8, bytea, bytea, int8, int8, int4[], bytea, bytea) FROM PUBLIC;
