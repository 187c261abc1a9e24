import type { Config } from '../config.ts';
import { newUuidV7, systemClock } from '../kernel/system.ts';
import { createApi } from './api.ts';
import { answer, type ExitCode, type Io } from './io.ts';

export type KeyOptions = { url?: string; json?: boolean };
export type IssueOptions = KeyOptions & {
  organisation: string;
  role: string;
  holder: string;
  site?: string[];
  expires?: string;
};

type Written = { id: string; secret?: string | null; receipt: { seq: number } };
type Key = {
  id: string;
  role: string;
  organisationId: string;
  holder: string;
  state: string;
  siteIds: string[] | null;
};

/** The secret alone goes to stdout's first line, so that a script can take it. */
const shown = ({ id, secret, receipt }: Written, what: string): string[] => [
  ...(secret == null ? [] : [secret]),
  `${what} ${id} (entry ${receipt.seq})${secret == null ? '' : '; the secret above is shown this once'}`,
];

export const issueKey = async (options: IssueOptions, config: Config, io: Io): Promise<ExitCode> => {
  const { organisation: organisationId, role, holder, site, expires } = options;
  const key = await createApi(io, config, options.url).post<Written>('v1/api-keys', {
    id: newUuidV7(systemClock()),
    organisationId,
    role,
    holder,
    ...(site === undefined ? {} : { siteIds: site }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  });
  await answer(io, options.json, key, shown(key, 'issued'));
  return 0;
};

export const rotateKey = async (
  id: string,
  options: KeyOptions,
  config: Config,
  io: Io,
): Promise<ExitCode> => {
  const key = await createApi(io, config, options.url).post<Written>(
    `v1/api-keys/${encodeURIComponent(id)}/rotate`,
  );
  await answer(io, options.json, key, shown(key, 'rotated'));
  return 0;
};

export const revokeKey = async (
  id: string,
  options: KeyOptions,
  config: Config,
  io: Io,
): Promise<ExitCode> => {
  const key = await createApi(io, config, options.url).post<Written>(
    `v1/api-keys/${encodeURIComponent(id)}/revoke`,
  );
  await answer(io, options.json, key, shown(key, 'revoked'));
  return 0;
};

export const listKeys = async (options: KeyOptions, config: Config, io: Io): Promise<ExitCode> => {
  const api = createApi(io, config, options.url);
  const items: Key[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: Key[]; nextCursor: string | null } = await api.get(`v1/api-keys?limit=500${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  const line = ({ id, state, role, organisationId, holder }: Key): string =>
    `${id}  ${state.padEnd(8)} ${role.padEnd(10)} ${organisationId}  ${holder}`;
  await answer(io, options.json, { items }, items.map(line));
  return 0;
};
