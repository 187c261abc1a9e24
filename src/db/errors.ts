/** SQLSTATE classes of a connection that is gone, a server that stops, or one that takes no more connections. */
const LOST_STATES = /^(08|57P0|53300)/;
const LOST_MESSAGES =
  /Connection terminated|not queryable|Client was closed|timeout exceeded when trying to connect|Cannot use a pool/i;

/** Whether the database could not be reached, or was lost on the way: nothing is known of what was asked. */
export const connectionLost = (error: Error & { code?: unknown }): boolean => {
  const code = typeof error.code === 'string' ? error.code : '';
  return LOST_STATES.test(code) || /^E[A-Z]+$/.test(code) || LOST_MESSAGES.test(error.message);
};
