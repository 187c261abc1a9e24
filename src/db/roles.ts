import { randomBytes } from 'node:crypto';
import pg from 'pg';

export type RoleUrls = { ownerUrl: string; apiUrl: string; apiRole: string };

/**
 * On a cluster of our own: a database owned by `<schema>_owner`, and `<schema>_api` that may connect to it.
 * Roles belong to the cluster, so they carry the schema's name; each start gives both new passwords.
 */
export const ensureRoles = async (
  superuserUrl: string,
  database: string,
  schema: string,
): Promise<RoleUrls> => {
  const client = new pg.Client({ connectionString: superuserUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const owner = `${schema}_owner`;
    const apiRole = `${schema}_api`;
    const passwords = new Map([owner, apiRole].map((role) => [role, randomBytes(24).toString('base64url')]));
    for (const [role, password] of passwords) {
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
      const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
      await client.query(
        `${verb} ROLE ${pg.escapeIdentifier(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${pg.escapeLiteral(password)}`,
      );
    }
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0)
      await client.query(
        `CREATE DATABASE ${pg.escapeIdentifier(database)} OWNER ${pg.escapeIdentifier(owner)}`,
      );
    const urlOf = (role: string): string => {
      const url = new URL(superuserUrl);
      url.username = role;
      url.password = passwords.get(role)!;
      url.pathname = `/${database}`;
      return url.toString();
    };
    return { ownerUrl: urlOf(owner), apiUrl: urlOf(apiRole), apiRole };
  } finally {
    await client.end();
  }
};

/**
 * Whether a role has rights of its own on the ledger's tables; then only triggers keep it from changing them.
 * The role is that of the connection unless named.
 */
export const mayChangeLedger = async (db: Pick<pg.Pool, 'query'>, role?: string): Promise<boolean> => {
  const { rows } = await db.query<{ may: boolean }>(
    `SELECT bool_or(has_table_privilege(coalesce($1::name, current_user), name, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS may
     FROM unnest(ARRAY['head', 'chunks']) AS name`,
    [role ?? null],
  );
  return rows[0]!.may;
};
