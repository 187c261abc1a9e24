import type { Deps } from '../../deps.ts';
import { systemRandom } from '../../kernel/system.ts';
import { startWechatSimulator } from '../../rails/simulators/wechat.ts';
import { wechatRail } from '../../rails/wechat.ts';

export type DemoRail = {
  /** The answer to the next request is lost on its way back, after it was done. */
  loseAnAnswer(): void;
  /** How many transfers it made, and fen in all: what it says itself. */
  paid(): { transfers: number; fen: number };
  stop(): Promise<void>;
};

/** A WeChat Pay of our own on the loopback, which this process pays over from now on; payees confirm as soon as they are asked. */
export const startDemoRail = async ({
  payouts,
  clock: now,
}: Pick<Deps, 'payouts' | 'clock'>): Promise<DemoRail> => {
  const simulator = await startWechatSimulator({ now, random: systemRandom });
  simulator.books.confirmsAtOnce = true;
  // Nobody listens there: what became of a transfer is asked for.
  const settings = simulator.settings('http://127.0.0.1:1/told');
  payouts.rails.set('wechat', wechatRail(settings, { now, random: systemRandom, fetch }));
  return {
    loseAnAnswer: () => simulator.script.push('lost-after'),
    paid: () => ({ transfers: simulator.books.payments.length, fen: simulator.books.paid() }),
    stop: () => simulator.stop(),
  };
};
