/**
 * Options of the MQTT modes: 130-139, 160-167 and 170-176.
 * @module
 */
export * from './broker.ts'
export * from './connection.ts'
export * from './messages.ts'
export * from './session.ts'
export * from './will.ts'
