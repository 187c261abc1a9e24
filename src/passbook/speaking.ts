import type { FastifyReply, FastifyRequest } from 'fastify';
import { confirmationOperations } from '../collection/confirmations.operations.ts';
import type { VoiceDeps } from '../collection/confirmations.routes.ts';
import { factOf } from '../collection/corrections.routes.ts';
import { disputeOperation } from '../collection/disputes.operations.ts';
import type { LinkDispute } from '../collection/disputes.schema.ts';
import type { Voice } from '../collection/voice.ts';
import { commandKey } from '../http/route.ts';
import { canonicalJson } from '../kernel/canonical.ts';
import { toHex } from '../kernel/hash.ts';
import type { Operation } from '../ledger/fact.ts';
import { PROGRAMME } from '../registry/access.ts';
import type { Pass } from './opening.ts';

type Http = { request: FastifyRequest; reply: FastifyReply };

const voiceOf = ({ personId, card }: Pass): Voice => ({ by: 'passbook', personId, card });

/**
 * Writes as the programme. The open passbook and what is said name the write: sent once more it is answered once more.
 * @param said what names the write beside the pass
 * @param again what the same is once more: answered as before, or a new fact unless it bears an id
 */
export const writeAs = async <Input, Answer extends object>(
  deps: VoiceDeps,
  operation: Operation<Input, Answer>,
  input: Input,
  pass: Pass,
  said: object,
  reply?: FastifyReply,
  again: 'same' | 'new' = 'same',
) => {
  const print = toHex(deps.keyring.fingerprint(canonicalJson(said)));
  const name = again === 'new' ? undefined : `passbook ${pass.tokenHash} ${print}`;
  const key = commandKey(deps.keyring, operation.name, PROGRAMME, said, name, deps.newId, pass.tokenHash);
  const { answer, receipt, status, replayed } = await deps.door.record(operation, input, PROGRAMME, key);
  if (replayed) void reply?.header('idempotency-replayed', 'true');
  void reply?.status(status);
  return { ...answer, receipt };
};

/** What the holder of an open passbook says of their own weigh-ins. 404 for a weigh-in of somebody else. */
export const speakingWith = (deps: VoiceDeps) => {
  const { confirmCollection } = confirmationOperations(deps.keyring, deps.programme);
  const disputeCollection = disputeOperation(deps.programme);
  return {
    confirm: async (
      pass: Pass,
      said: { collectionId: string; seenSha256: string },
      reply?: Http['reply'],
    ) => {
      const original = await factOf(deps, said.collectionId);
      const method = pass.card === null ? ('sms' as const) : ('pin' as const);
      const input = { original, voice: voiceOf(pass), method, seenSha256: said.seenSha256 };
      return writeAs(deps, confirmCollection, input, pass, said, reply);
    },
    dispute: async (pass: Pass, said: LinkDispute & { collectionId: string }, reply?: Http['reply']) => {
      const { collectionId, ...about } = said;
      const original = await factOf(deps, collectionId);
      return writeAs(
        deps,
        disputeCollection,
        { original, voice: voiceOf(pass), ...about },
        pass,
        said,
        reply,
      );
    },
  };
};
