/**
 * What the program is told of its transfers.
 * @module
 */
import type { Connection } from '@unisock/kernel/plugin'
import type { Failure } from './peer.ts'
import type { FileMessageWire } from './wire.ts'

/** Bytes between two reports of progress. */
const PROGRESS_STEP = 1024 * 1024

export type Direction = FileMessageWire['direction']

export class Reports {
  readonly #fd: Connection
  /** The program has room for messages. */
  hasRoom = true

  constructor(fd: Connection) {
    this.#fd = fd
  }

  tell(message: FileMessageWire): void {
    if (!this.#fd.emit(message)) this.hasRoom = false
  }

  failed(
    direction: Direction,
    { id, name, stream }: { id: number; name: string; stream?: number },
    { code, reason }: Failure,
  ): void {
    const message = { type: 'failed', id, name, direction, code, reason } as const
    this.tell(stream === undefined ? message : { ...message, stream })
  }

  /** What a transfer calls with how far it is. */
  progress(
    direction: Direction,
    id: number,
    name: string,
    size: number | undefined,
  ): (offset: number) => void {
    let told = 0
    return offset => {
      if (!this.hasRoom || Math.abs(offset - told) < PROGRESS_STEP) return
      told = offset
      this.tell({ type: 'progress', id, name, direction, offset, size })
    }
  }
}
