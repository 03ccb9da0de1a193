/**
 * How large a message may be, in every direction it can grow.
 * @module
 */

export interface EnvelopeLimits {
  /** Bytes of a message. */
  maxBytes: number
  /** Objects and arrays within each other, the message itself included. */
  maxDepth: number
  /** Keys of all objects together. */
  maxKeys: number
  /** Characters of an id. */
  maxIdLength: number
  /** Characters of a channel, an action or a topic. */
  maxNameLength: number
  /** Characters of a token or a signature. */
  maxAuthLength: number
  /** Ids in one acknowledgment. */
  maxIds: number
}

export const DEFAULT_ENVELOPE_LIMITS: Readonly<EnvelopeLimits> = {
  maxBytes: 65_536,
  maxDepth: 16,
  maxKeys: 4096,
  maxIdLength: 128,
  maxNameLength: 128,
  maxAuthLength: 8192,
  maxIds: 1024,
}
