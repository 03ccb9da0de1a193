/**
 * What is counted of deliveries.
 * @module
 */

export interface DeliveryCounts {
  /** Written, each sending counted. */
  sent: number
  /** Of them, all but the first of each event. */
  redelivered: number
  acked: number
  /** Became dead letters. */
  dead: number
  expired: number
  /** Were not taken, for want of room. */
  refused: number
  /** Acknowledgments of an older sending than the last. */
  lateAcks: number
  /** Acknowledgments of what has ended, or never was. */
  unknownAcks: number
}

export const newCounts = (): DeliveryCounts => ({
  sent: 0,
  redelivered: 0,
  acked: 0,
  dead: 0,
  expired: 0,
  refused: 0,
  lateAcks: 0,
  unknownAcks: 0,
})
