import type pg from 'pg';

/** What must be on for an acknowledged write to survive a crash (ledger format 1, "Promises", 1). */
const NEEDED = ['fsync', 'full_page_writes', 'synchronous_commit'];

/** The settings that are off, with what to do; none when acknowledged writes survive a crash. */
export const durabilityFaults = async (db: Pick<pg.Pool, 'query'>): Promise<string[]> => {
  const { rows } = await db.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1) ORDER BY name',
    [NEEDED],
  );
  return rows
    .filter(({ setting }) => setting === 'off')
    .map(
      ({ name }) =>
        `${name} is off: acknowledged writes can be lost. Set ${name} = on in the server's configuration.`,
    );
};
