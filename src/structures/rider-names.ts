/** Names of riders, for code that knows which it is about. */

/** Keys of riders in the model and in JSON. */
export type RiderKey = 'kexecMetadata' | 'luo' | 'khoTest' | 'memblock';

/** Riders as places of differences. */
export type RiderPlace = 'kexec-metadata' | 'luo' | 'kho-test' | 'memblock';

/** A rider as what is missing where it is not in the dump. */
export type RiderMissing = Exclude<RiderPlace, 'kexec-metadata'> | 'metadata';
