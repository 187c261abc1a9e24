/** What codes and kinds mean, for those who read them: a file of its own, so that the verifier stays small. */
export { BUNDLE_REASONS, type ReasonCode } from '../ledger/bundle-reasons.ts';
export { FAULTS } from './faults.ts';
