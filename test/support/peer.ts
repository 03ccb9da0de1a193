/** Programs of other origin as peers: started with a test, ended with it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'

export class Peer implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exited: Promise<unknown>
  #output: Buffer = Buffer.alloc(0)
  #messages = ''
  #stir = (): void => {}

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args)
    this.#exited = once(this.#child, 'close')
    this.#child.stdin.on('error', () => {})
    this.#child.stdout.on('data', chunk => {
      this.#output = Buffer.concat([this.#output, chunk])
      this.#stir()
    })
    this.#child.stderr.on('data', chunk => {
      this.#messages += chunk
      this.#stir()
    })
    this.#child.on('close', () => this.#stir())
  }

  /** Waits for something it prints, on either of its outputs. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#output.toString()) ?? pattern.exec(this.#messages)
      if (found) return found
      const { exitCode, signalCode } = this.#child
      if (exitCode !== null || signalCode !== null)
        throw new Error(`ended (${exitCode ?? signalCode}) without ${pattern}: ${this.#messages}`)
      await new Promise<void>(resolve => {
        this.#stir = resolve
      })
    }
  }

  /** The port after a word that it prints. */
  async port(before: RegExp): Promise<number> {
    return Number((await this.said(new RegExp(`${before.source}(\\d+)\\s`)))[1])
  }

  send(data: string | Uint8Array): void {
    this.#child.stdin.write(data)
  }

  /** Ends its input. */
  end(data: string | Uint8Array = ''): void {
    this.#child.stdin.end(data)
  }

  /** All it has written to its standard output, once it has ended. */
  async output(): Promise<Buffer> {
    await this.#exited
    return this.#output
  }

  /** Asks it to end, and waits until it has. */
  async terminate(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}
