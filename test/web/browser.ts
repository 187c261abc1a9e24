import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

const PLACES = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** A real Chromium of this machine, or why there is none: then the tests that need it are skipped. */
export const openBrowser = async (): Promise<Browser | string> => {
  const executablePath = PLACES.find((place) => place !== '' && existsSync(place));
  if (executablePath === undefined)
    return 'no Chromium here: install the package chromium, or set CHROMIUM_PATH';
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
};
