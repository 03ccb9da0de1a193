/**
 * What carries batches and control messages between a kernel and a worker.
 * @module
 */

/** One direction-less pipe for whole messages, in order. */
export interface Channel {
  send(message: Uint8Array<ArrayBuffer>, attachments: readonly Uint8Array[]): void
  onMessage(listener: (message: Uint8Array, attachments: readonly Uint8Array[]) => void): void
  /** Delivers what has arrived and was not delivered yet; called when the other end is gone. */
  drain(): void
  close(): void
}

/** A worker's two channels: what names an fd goes by `data`, what names the worker by `control`. */
export interface Transport {
  readonly data: Channel
  readonly control: Channel
}

export const NO_ATTACHMENTS: readonly Uint8Array[] = []
