/**
 * Sessions.
 * @module
 */
export { Commands, type CommandsOptions, type CommandsSnapshot, type CommandVerdict } from './commands.ts'
export type { SessionRecord, SubscriptionRecord } from './record.ts'
export { isIssued, issueToken, readToken, type TokenClaims } from './resume-token.ts'
export { type Resumed, type ResumeFault, Session, type SessionOptions } from './session.ts'
