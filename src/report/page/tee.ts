/** One pass over the references for several that listen. */
import type { ReferenceSink } from '../../references/sink.js';

/** @param sinks that listen to all, and none of them to contents */
export function tee(sinks: readonly ReferenceSink[]): ReferenceSink {
  const mapping = sinks.flatMap(({ mapped }) => (mapped === undefined ? [] : [mapped]));
  return {
    blob: (...told) => {
      for (const sink of sinks) sink.blob(...told);
    },
    record: (...told) => {
      for (const sink of sinks) sink.record(...told);
    },
    array: (...told) => {
      for (const sink of sinks) sink.array(...told);
    },
    page: (...told) => {
      for (const sink of sinks) sink.page(...told);
    },
    radix: (...told) => {
      for (const sink of sinks) sink.radix(...told);
    },
    bitmap: (...told) => {
      for (const sink of sinks) sink.bitmap(...told);
    },
    table: (...told) => {
      for (const sink of sinks) sink.table(...told);
    },
    bytes: (...told) => {
      for (const sink of sinks) sink.bytes(...told);
    },
    ...(mapping.length === 0
      ? {}
      : {
          mapped: (...told) => {
            for (const mapped of mapping) mapped(...told);
          },
        }),
  };
}
