import type { Config } from '../config.ts';
import { systemClock, systemRandom } from '../kernel/system.ts';
import { openWechat } from '../rails/wechat.setup.ts';
import type { Check } from './doctor.keys.ts';

/** Whether people can be paid by WeChat Pay: its key files are here, readable by their owner alone, and hold keys. */
export const checkWechat = async ({ wechat }: Config): Promise<Check> => {
  const check = 'wechat pay';
  if (wechat === undefined)
    return { check, state: 'ok', text: 'not set up: nobody is paid by it (BLUE_CYCLE_WECHAT_…)' };
  try {
    await openWechat(wechat, { now: systemClock, random: systemRandom, fetch });
  } catch (error) {
    return { check, state: 'fail', text: (error as Error).message };
  }
  const ids = wechat.platformKeys.map(({ id }) => id).join(' and ');
  return {
    check,
    state: 'ok',
    text: `merchant ${wechat.merchantId}, answers signed with ${ids}; told at ${wechat.notifyUrl}`,
  };
};
