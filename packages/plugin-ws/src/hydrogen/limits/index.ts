/**
 * How much a peer may ask for.
 * @module
 */
export { type BanOptions, Bans } from './bans.ts'
export { TokenBucket } from './token-bucket.ts'
