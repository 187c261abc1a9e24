-- The append as before, at half its price: one UPDATE locks, compares and moves the head, and what is usual (a turn
-- that stays within one chunk) takes no query to be cut or checked.

CREATE OR REPLACE FUNCTION ledger_append(
  old_size int8, old_hash bytea, new_size int8, new_hash bytea, new_frontier bytea,
  caller_clock int8, new_at int8, entry_ends int4[], entry_leaves bytea, entry_bytes bytea
) RETURNS int8 LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
  h head%ROWTYPE;
  clock int8 := (extract(epoch FROM clock_timestamp()) * 1000)::int8;
  n int4 := cardinality(entry_ends);
  last int4 := 0;
  entry_end int4;
  done int4 := 0;
  take int4;
  base int4;
BEGIN
  UPDATE head SET size = new_size, leaf_hash = new_hash, frontier = new_frontier, at = new_at
  WHERE size = old_size AND leaf_hash = old_hash AND at <= clock + 300000
    AND abs(clock - caller_clock) <= 60000 AND new_size > size
    AND new_at >= at AND new_at <= greatest(at, caller_clock);
  IF NOT FOUND THEN
    SELECT * INTO STRICT h FROM head;
    IF h.size IS DISTINCT FROM old_size OR h.leaf_hash IS DISTINCT FROM old_hash THEN
      RAISE EXCEPTION 'the head moved: % entries, not %', h.size, old_size USING ERRCODE = 'BC001';
    END IF;
    IF abs(clock - caller_clock) > 60000 IS NOT FALSE OR h.at > clock + 300000 THEN
      RAISE EXCEPTION 'clocks disagree: caller %, database %, head %', caller_clock, clock, h.at USING ERRCODE = 'BC002';
    END IF;
    RAISE EXCEPTION 'the entries do not continue the ledger at %', old_size USING ERRCODE = 'BC003';
  END IF;
  -- IS NOT TRUE: a null anywhere makes the whole null, and is refused.
  IF (n >= 1 AND new_size = old_size + n AND length(entry_leaves) = 32 * n AND length(entry_bytes) = entry_ends[n]
      AND substring(entry_leaves FROM 32 * n - 31) = new_hash AND new_frontier IS NOT NULL) IS NOT TRUE THEN
    RAISE EXCEPTION 'the entries do not continue the ledger at %', old_size USING ERRCODE = 'BC003';
  END IF;
  FOREACH entry_end IN ARRAY entry_ends LOOP
    IF (entry_end > last) IS NOT TRUE THEN
      RAISE EXCEPTION 'the entries do not continue the ledger at %', old_size USING ERRCODE = 'BC003';
    END IF;
    last := entry_end;
  END LOOP;
  IF old_size % 256 + n <= 256 THEN
    INSERT INTO chunks (first_seq, ends, leaves, bytes) VALUES (old_size, entry_ends, entry_leaves, entry_bytes);
    RETURN new_size;
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
  RETURN new_size;
END $$;

-- The same rule, asked without calling a function for each turn.
DROP TRIGGER only_grows ON head;
CREATE TRIGGER only_grows BEFORE UPDATE ON head FOR EACH ROW
  WHEN (NEW.size <= OLD.size OR NEW.at < OLD.at) EXECUTE FUNCTION only_grows();
ALTER TABLE head ENABLE ALWAYS TRIGGER only_grows;
