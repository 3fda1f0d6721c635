/** What a checker has to say of changed trace buffers of the 2024 series. */
import { always, anything, type Expectations } from '../../fuzz/expect/field.js';

export const expectations: Expectations = {
  fields: { 'trace_flags.value': anything, 'cpu.value': always('FTRACE-002') },
};
