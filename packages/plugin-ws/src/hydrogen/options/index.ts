/**
 * Options of the Hydrogen server: 440-450.
 * @module
 */
export * from './auth.ts'
export * from './config.ts'
export * from './limits.ts'
export * from './server.ts'
export * from './topics.ts'
