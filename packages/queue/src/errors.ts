/**
 * What a queue can refuse.
 * @module
 */

const MESSAGES = {
  ERR_QUEUE_FULL: 'The queue is full',
  ERR_QUEUE_CLOSED: 'The queue is closed',
  ERR_QUEUE_LOCK: "The queue's lock could not be taken: a thread that held it was stopped, or is starved",
} as const

export type QueueErrorCode = keyof typeof MESSAGES

export class QueueError extends Error {
  readonly code: QueueErrorCode

  constructor(code: QueueErrorCode) {
    super(MESSAGES[code])
    this.name = 'QueueError'
    this.code = code
  }
}
