/**
 * What stands for the socket of HTTP/2 streams, one after another.
 * @module
 */
import type { ServerHttp2Stream } from 'node:http2'
import { Writable } from 'node:stream'
import { StandIn } from '../server/stand-in.ts'

/** Bytes that a stream is given at once: how much of an answer a slow client has taken is known no finer. */
const SLICE = 64 * 1024

export class StreamChannel extends StandIn {
  /** The stream that it has now, or had last. */
  stream: ServerHttp2Stream | undefined

  /** Sends the rest of an answer, and ends it. */
  finish(body: Buffer | undefined): void {
    const stream = this.stream!
    if (queuedOf(this) === 0 && (body === undefined || body.length <= SLICE)) stream.end(body)
    else this.write(body ?? EMPTY, () => stream.end())
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    const stream = this.stream
    if (!stream || stream.destroyed) {
      callback()
      return
    }
    const end = Math.min(SLICE, chunk.length)
    stream.write(end === chunk.length ? chunk : chunk.subarray(0, end), () => {
      this.progressed()
      if (end === chunk.length) callback()
      else this._write(chunk.subarray(end), _encoding, callback)
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const stream = this.stream
    if (stream && !stream.destroyed) {
      stream.close(stream.headersSent ? INTERNAL_ERROR : CANCEL)
      // A client that reads nothing takes no RST_STREAM either.
      stream.destroy()
    }
    super._destroy(error, callback)
  }
}

const EMPTY = Buffer.alloc(0)
/** RFC 9113 section 7. */
const INTERNAL_ERROR = 0x2
const CANCEL = 0x8

function queuedOf(channel: StreamChannel): number {
  return Reflect.get(Writable.prototype, 'writableLength', channel)
}

// A property by its type, which no accessor of a class may override: what waits in the stream counts too.
Object.defineProperty(StreamChannel.prototype, 'writableLength', {
  get(this: StreamChannel): number {
    return queuedOf(this) + (this.stream?.writableLength ?? 0)
  },
})
