import { unprocessable } from '../kernel/errors.ts';

/** Crockford's base 32: no I, L, O or U, so that a code survives being read aloud or typed from a label. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Random bytes of one code: 80 bits, so that nobody guesses one and no two meet. */
export const CODE_BYTES = 10;

/** 16 characters of five bits each, from ten random bytes. */
export const batchCode = (random: Uint8Array): string => {
  let bits = random.subarray(0, CODE_BYTES).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  let code = '';
  for (let i = 0; i < (CODE_BYTES * 8) / 5; i++, bits >>= 5n) code = ALPHABET[Number(bits & 31n)]! + code;
  return code;
};

/** The one material and form a batch is of. 422 names the first lot that is something else. */
export const oneKind = (
  inputs: readonly { material: string; form: string }[],
): { material: string; form: string } => {
  const { material, form } = inputs[0]!;
  const other = inputs.findIndex((input) => input.material !== material || input.form !== form);
  if (other !== -1)
    throw unprocessable(
      'mixed_inputs',
      `/inputs/${other}/lotId`,
      `is ${inputs[other]!.material} ${inputs[other]!.form}; a batch is of one kind, here ${material} ${form}`,
    );
  return { material, form };
};
