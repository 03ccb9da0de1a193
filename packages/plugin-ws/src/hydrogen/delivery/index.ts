/**
 * Guaranteed delivery.
 * @module
 */
export type { AcceptedUpTo } from './accepted.ts'
export type { DeliveryHooks, Offered, SendingParts } from './contract.ts'
export type { DeliveryCounts } from './counts.ts'
export { Delivery } from './delivery.ts'
export type { Deliverable, End, EndReason } from './message.ts'
export { DEFAULT_DELIVERY, type DeliveryOptions } from './options.ts'
export type { DeliverySnapshot } from './snapshot.ts'
