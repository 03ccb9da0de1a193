/**
 * MUD client compression protocol: version 2 compresses what the server sends, version 3 what the client sends. Either
 * begins right behind a subnegotiation without payload and ends with its zlib stream, after which bytes are plain again.
 * @module
 */

export interface OutputTransform {
  write(bytes: Uint8Array): boolean
  finish(): Promise<void>
  destroy(): void
}

export interface InputTransform {
  write(chunk: Uint8Array): boolean
  pause(): void
  resume(): void
  end(): void
  destroy(): void
}

/** Where the session gets its zlib streams from. */
export interface TelnetCompression {
  deflater(handlers: {
    onData(chunk: Buffer): void
    onError(error: Error): void
    onDrain(): void
  }): OutputTransform
  inflater(handlers: {
    onData(chunk: Buffer): void
    onError(error: Error): void
    /** `rest`: the plain bytes behind the end of the stream. */
    onEnd(rest: Buffer): void
    onDrain(): void
  }): InputTransform
}

export interface MccpHandlers {
  error(error: Error): void
  drain(): void
}

/** What is sent, compressed or not. */
export class MccpOutput {
  readonly #compression: TelnetCompression | undefined
  readonly #send: (bytes: Uint8Array) => void
  readonly #handlers: MccpHandlers
  #deflater: OutputTransform | undefined
  #ending: Promise<void> | undefined
  /** What waits for the end of a stream. */
  #held: (() => void)[] = []
  #needDrain = false

  constructor(
    compression: TelnetCompression | undefined,
    send: (bytes: Uint8Array) => void,
    handlers: MccpHandlers,
  ) {
    this.#compression = compression
    this.#send = send
    this.#handlers = handlers
  }

  get needDrain(): boolean {
    return this.#needDrain
  }

  write(bytes: Uint8Array): void {
    if (this.#ending) this.#held.push(() => this.write(bytes))
    else if (!this.#deflater) this.#send(bytes)
    else if (!this.#deflater.write(bytes)) this.#needDrain = true
  }

  /** Sends the mark, and compresses from there. */
  start(mark: Uint8Array): void {
    if (this.#ending) {
      this.#held.push(() => this.start(mark))
      return
    }
    if (this.#deflater || !this.#compression) return
    this.#send(mark)
    this.#deflater = this.#compression.deflater({
      onData: chunk => this.#send(chunk),
      onError: error => this.#handlers.error(error),
      onDrain: () => this.#drained(),
    })
  }

  /** Ends the stream; what is written after that is plain. Resolves when the end was sent. */
  stop(): Promise<void> {
    if (this.#ending) return this.#ending
    const deflater = this.#deflater
    if (!deflater) return Promise.resolve()
    this.#ending = deflater.finish().then(() => this.#ended())
    return this.#ending
  }

  destroy(): void {
    this.#deflater?.destroy()
    this.#held = []
  }

  #ended(): void {
    this.#ending = undefined
    this.#deflater = undefined
    const held = this.#held
    this.#held = []
    for (const step of held) step()
    this.#drained()
  }

  #drained(): void {
    if (!this.#needDrain) return
    this.#needDrain = false
    this.#handlers.drain()
  }
}

/** What is received, compressed or not. */
export class MccpInput {
  readonly #compression: TelnetCompression | undefined
  readonly #parse: (chunk: Buffer) => number
  readonly #handlers: MccpHandlers
  #inflater: InputTransform | undefined
  #isPaused = false
  #isBroken = false
  #ended: (() => void) | undefined

  /** `parse` says how many bytes it took; fewer than there are where `start` was called on the way. */
  constructor(
    compression: TelnetCompression | undefined,
    parse: (chunk: Buffer) => number,
    handlers: MccpHandlers,
  ) {
    this.#compression = compression
    this.#parse = parse
    this.#handlers = handlers
  }

  /** False where it is better to wait for `drain` before the next one. */
  receive(chunk: Buffer): boolean {
    if (this.#isBroken || chunk.length === 0) return true
    if (this.#inflater) return this.#inflater.write(chunk)
    const taken = this.#parse(chunk)
    return taken === chunk.length || this.receive(chunk.subarray(taken))
  }

  /** What follows is compressed. False where it cannot be: it is already, or there is no compression. */
  start(): boolean {
    if (this.#inflater || !this.#compression) return false
    this.#inflater = this.#compression.inflater({
      onData: chunk => this.#parse(chunk),
      onError: error => this.#failed(error),
      onEnd: rest => this.#plain(rest),
      onDrain: () => this.#handlers.drain(),
    })
    if (this.#isPaused) this.#inflater.pause()
    return true
  }

  /** No output until `resume`. */
  pause(): void {
    this.#isPaused = true
    this.#inflater?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#inflater?.resume()
  }

  /** Resolves when all that was received is through. */
  end(): Promise<void> {
    return new Promise(resolve => {
      this.#ended = resolve
      this.#finish(resolve)
    })
  }

  destroy(): void {
    this.#isBroken = true
    this.#inflater?.destroy()
    this.#ended?.()
  }

  #finish(ended: () => void): void {
    if (this.#inflater && !this.#isBroken) this.#inflater.end()
    else ended()
  }

  #plain(rest: Buffer): void {
    this.#inflater = undefined
    this.receive(rest)
    if (this.#ended) this.#finish(this.#ended)
  }

  #failed(error: Error): void {
    this.destroy()
    this.#handlers.error(error)
  }
}
