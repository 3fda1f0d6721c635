/** Versions of the Live Update Orchestrator's ABI. */
export const LUO_VERSIONS = ['luo-v1', 'luo-v2', 'luo-v3', 'luo-v4', 'luo-v5'] as const;
/** A version of LUO's ABI, as its compatible string has it. */
export type LuoVersion = (typeof LUO_VERSIONS)[number];
