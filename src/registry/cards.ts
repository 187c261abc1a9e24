import { DomainError } from '../kernel/errors.ts';

const DIGITS = 15;

/**
 * A card number: 15 random digits and a check digit (ISO/IEC 7812-1, Luhn), so that one digit typed wrongly never is
 * another card.
 *
 * @param random 16 bytes or more
 */
export const cardNumber = (random: Uint8Array): string => {
  const number = BigInt(`0x${Buffer.from(random).toString('hex')}`) % 10n ** BigInt(DIGITS);
  const digits = number.toString().padStart(DIGITS, '0');
  return digits + String((10 - (luhnSum(`${digits}0`) % 10)) % 10);
};

/** Whether the check digit fits. */
export const isCardNumber = (text: string): boolean => /^\d{16}$/.test(text) && luhnSum(text) % 10 === 0;

/** From the right, every second digit doubled, nines cast out. */
const luhnSum = (digits: string): number =>
  [...digits].reverse().reduce((sum, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);

/** Wrong PINs before a card is locked, and for how long. */
export const MOST_TRIES = 5;
export const LOCK_MS = 3_600_000;

/** Who holds a card: what the door compares with the card as it is then. */
export type Bearer = { personId: string; cardHash: string };

/** Says no more for a wrong number than for a wrong PIN. */
export const wrongCard = (): DomainError =>
  new DomainError('forbidden', 'wrong_card_or_pin', 'The card or its PIN is not right; try again.');
