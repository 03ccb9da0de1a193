/**
 * The envelope: reading and writing the messages of the protocol.
 * @module
 */
export * from './encode.ts'
export { DEFAULT_ENVELOPE_LIMITS, type EnvelopeLimits } from './limits.ts'
export { hasControlCharacter } from './names.ts'
export { type Parsed, type ParseError, parseEnvelope } from './parse.ts'
export { ENVELOPE_SCHEMA, envelopeSchema } from './schema.ts'
export type * from './types.ts'
