import type { Rule } from '../rule.js';
import { buffers, cpuNumbers, eventIds } from './buffers.js';

/** Rules on ftrace's ring buffers, each after its prerequisites. */
export const ftraceRules: readonly Rule[] = [buffers, cpuNumbers, eventIds];
