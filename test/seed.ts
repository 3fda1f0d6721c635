/**
 * By day properties are tried with the same seed each time, so that a run says something of the commit alone; by night
 * with another each time, of which a failure tells the seed. `KHO_SEED=N npm test` takes another by day.
 */
import fc from 'fast-check';
import { byDay } from './sweep.js';

if (byDay) fc.configureGlobal({ seed: Number(process.env.KHO_SEED ?? 2026) });
